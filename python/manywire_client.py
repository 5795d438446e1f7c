#!/usr/bin/env python3
"""Every wire with one module: pip install . at the root of the repository, then run this beside `manywire serve`."""

import argparse
import asyncio
import sys

try:
    import manywire
except ImportError:
    sys.exit("this needs the module: pip install . at the root of the repository")

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--address", default="127.0.0.1:2021", help="a port that answers every wire (default: %(default)s)")
address = parser.parse_args().address


def net_rpc() -> None:
    for scheme in ("gob", "gob+http", "jsonrpc1+tcp", "jsonrpc1+http"):
        with manywire.connect(f"{scheme}://{address}") as client:
            print(f"{scheme}: 17 * 8 = {client.Arith.Multiply(A=17, B=8)}")
    with manywire.connect(f"gob://{address}") as client:
        print("gob, a thousand at once:", sum(client.batch([("Arith.Multiply", {"A": n, "B": 2}) for n in range(1000)])))
        try:
            client.Arith.Divide(A=1, B=0)
        except manywire.RemoteError as error:
            print("gob, an error:", error)


def by_position_or_name() -> None:
    for scheme in ("jsonrpc", "jsonrpc+ws", "xmlrpc", "zerorpc"):
        with manywire.connect(f"{scheme}://{address}") as client:
            print(f"{scheme}: 2 + 3 = {client.add(2, 3)}, of {len(client.methods())} methods")
    with manywire.connect(f"jsonrpc://{address}") as client:
        print("jsonrpc, by name:", client.call("add", b=3, a=2))
    with manywire.connect(f"zerorpc://{address}") as client:
        print("zerorpc, a stream:", list(client.streaming_range(0, 10, 3)))


def grpc() -> None:
    with manywire.connect(f"grpc://{address}") as client:
        print("grpc:", client.Greeter.SayHello(name="world")["message"])
        print("grpc, a stream of requests:", client.Greeter.PutStream({"data": word} for word in ("a", "b", "c")))
        for answer in client.ChatService.TextChat([{"message": "hello"}, {"message": "again"}]):
            print("grpc, both ways:", answer["message"])


async def side_by_side() -> None:
    async with manywire.aio.connect(f"zerorpc://{address}") as client:
        squares = await asyncio.gather(*(client.getpow(n, 2) for n in range(8)))
        print("asyncio:", squares)
        try:
            await asyncio.wait_for(client.sleep(60_000), timeout=0.1)
        except asyncio.TimeoutError:
            print("asyncio: a call was given up after a tenth of a second")


try:
    net_rpc()
    by_position_or_name()
    grpc()
    asyncio.run(side_by_side())
except manywire.ConnectError as error:
    sys.exit(f"no server at {address} ({error}); start one with: cargo run -- serve")
except manywire.Error as error:
    sys.exit(f"the server at {address} refused: {error}")
