"""One Python client making one call after the other for some seconds: python_client.py CLIENT ADDRESS SECONDS.

It prints a line of JSON: calls, seconds, CPU seconds of the whole process, and latencies in microseconds.
"""

import asyncio
import json
import sys
import time
from pathlib import Path


def manywire_call(scheme, method, *arguments):
    def make(address):
        import manywire

        call = manywire.connect(f"{scheme}://{address}").call
        return lambda: call(method, *arguments)
    return make


def gob_batch(address):
    import manywire

    client = manywire.connect(f"gob://{address}")
    return lambda: client.batch([("Arith.Multiply", {"A": n, "B": 8}) for n in range(1000)])


def grpcio(address):
    import grpc

    sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "python"))
    from pb import greeter_pb2, greeter_pb2_grpc

    say_hello = greeter_pb2_grpc.GreeterStub(grpc.insecure_channel(address)).SayHello
    return lambda: say_hello(greeter_pb2.HelloRequest(name="world")).message


def xmlrpc_client(address):
    import xmlrpc.client

    server = xmlrpc.client.ServerProxy(f"http://{address}/RPC2")
    return lambda: server.add(2, 3)


def jsonrpclib(address):
    import jsonrpclib

    server = jsonrpclib.ServerProxy(f"http://{address}")
    return lambda: server.add(2, 3)


def zerorpc(address):
    import zerorpc

    client = zerorpc.Client(f"tcp://{address}", timeout=30)
    return lambda: client.add(2, 3)


#: By client: how it is made, and how many calls one step makes.
CLIENTS = {
    "manywire grpc": (manywire_call("grpc", "Greeter/SayHello", {"name": "world"}), 1),
    "grpcio": (grpcio, 1),
    "manywire xmlrpc": (manywire_call("xmlrpc", "add", 2, 3), 1),
    "xmlrpc.client": (xmlrpc_client, 1),
    "manywire jsonrpc": (manywire_call("jsonrpc", "add", 2, 3), 1),
    "jsonrpclib": (jsonrpclib, 1),
    "manywire zerorpc": (manywire_call("zerorpc", "add", 2, 3), 1),
    "zerorpc": (zerorpc, 1),
    "manywire gob": (manywire_call("gob", "Arith.Multiply", {"A": 17, "B": 8}), 1),
    "manywire gob batch": (gob_batch, 1000),
}

#: The same calls awaited, one after the other or many at a time.
AWAITED = {
    "manywire.aio gob": ("gob", "Arith.Multiply", {"A": 17, "B": 8}),
    "manywire.aio grpc": ("grpc", "Greeter/SayHello", {"name": "world"}),
    "manywire.aio gob x100": ("gob", "Arith.Multiply", {"A": 17, "B": 8}),
}


def run(step, calls_per_step, seconds):
    for _ in range(20 if calls_per_step > 1 else 200):
        step()
    latencies = []
    cpu, begun = time.process_time(), time.perf_counter()
    now = begun
    while now - begun < seconds:
        before = now
        step()
        now = time.perf_counter()
        latencies.append(now - before)
    return report(latencies, calls_per_step, now - begun, time.process_time() - cpu)


async def run_awaited(scheme, method, argument, address, side_by_side, seconds):
    import manywire

    async with manywire.aio.connect(f"{scheme}://{address}") as client:
        async def step():
            if side_by_side == 1:
                await client.call(method, argument)
            else:
                await asyncio.gather(*(client.call(method, argument) for _ in range(side_by_side)))

        for _ in range(200 // side_by_side):
            await step()
        latencies = []
        cpu, begun = time.process_time(), time.perf_counter()
        now = begun
        while now - begun < seconds:
            before = now
            await step()
            now = time.perf_counter()
            latencies.append(now - before)
        return report(latencies, side_by_side, now - begun, time.process_time() - cpu)


def report(latencies, calls_per_step, seconds, cpu):
    latencies.sort()
    calls = len(latencies) * calls_per_step
    quantile = lambda q: latencies[min(int(len(latencies) * q), len(latencies) - 1)] / calls_per_step * 1e6
    return {"calls": calls, "seconds": seconds, "cpu_seconds": cpu, "us_per_call": seconds / calls * 1e6,
            "p50_us": quantile(0.5), "p99_us": quantile(0.99)}


def main(name, address, seconds):
    if name in AWAITED:
        side_by_side = 100 if name.endswith("x100") else 1
        result = asyncio.run(run_awaited(*AWAITED[name], address, side_by_side, seconds))
    else:
        make, calls_per_step = CLIENTS[name]
        result = run(make(address), calls_per_step, seconds)
    print(json.dumps(result))


main(sys.argv[1], sys.argv[2], float(sys.argv[3]))
