#!/usr/bin/env python3
"""Calls through the balancer, then asks each replica how many of the calls it answered.

gRPC goes over one connection and has to spread all the same. JSON-RPC over a bare socket spreads by connection: the calls
of one stay together, those of many are shared out. Exits 1 where that is not so."""
import argparse
import csv
import http.client
import json
import re
import socket
import sys
import time
from urllib.request import urlopen

import grpc
from pb import greeter_pb2, greeter_pb2_grpc

CALLS, CONNECTIONS = 300, 30
PATIENCE_SECONDS = 60


def wait_for_backends(status, expected):
    """Until the balancer's own checks have found every replica up, behind every port."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            rows = csv.DictReader(urlopen(status, timeout=5).read().decode().lstrip("# ").splitlines())
            up = {}
            for row in rows:
                if row["svname"].startswith("replica-"):
                    up[row["pxname"]] = up.get(row["pxname"], 0) + row["status"].startswith("UP")
        except (OSError, http.client.HTTPException) as error:
            up = {status: error}
        if up and all(found == expected for found in up.values()):
            return
        if time.monotonic() > deadline:
            sys.exit(f"not every replica is up after {PATIENCE_SECONDS} s: {up}")
        time.sleep(0.2)


def calls_of(address, method, wire):
    """What a replica says of itself."""
    metrics = urlopen(f"http://{address}:8000/metrics", timeout=10).read().decode()
    found = re.search(rf'^manywire_calls_total{{method="{re.escape(method)}",wire="{wire}"}} (\d+)$', metrics, re.M)
    return int(found[1]) if found else 0


def call_grpc(host):
    """Many calls on one connection."""
    with grpc.insecure_channel(f"{host}:7070") as channel:
        greeter = greeter_pb2_grpc.GreeterStub(channel)
        for number in range(CALLS):
            reply = greeter.SayHello(greeter_pb2.HelloRequest(name=str(number)), timeout=10)
            assert reply.message == f"hello {number}", reply


def call_sockets(host, connections):
    """As many calls, on one connection after the other."""
    for _ in range(connections):
        with socket.create_connection((host, 2021), timeout=10) as connection:
            lines = connection.makefile("r")
            for number in range(CALLS // connections):
                connection.sendall(json.dumps({"id": number, "method": "js.J", "params": ["x"]}).encode())
                assert json.loads(lines.readline())["result"] == "123,x"


def is_even(shares):
    return min(shares) >= 0.8 * sum(shares) / len(shares)


def is_together(shares):
    return max(shares) == sum(shares)


def spread(title, replicas, method, wire, call, is_right):
    """Prints the share of each replica; true where the shares are as they should be."""
    before = [calls_of(address, method, wire) for address in replicas]
    call()
    shares = [calls_of(address, method, wire) - earlier for address, earlier in zip(replicas, before)]
    right = sum(shares) == CALLS and is_right(shares)
    print(f"{title}: {' + '.join(map(str, shares))} = {sum(shares)} calls{'' if right else ', which is wrong'}", flush=True)
    return right


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--balancer", default="balancer")
    parser.add_argument("--replicas", default="replica", help="a name that stands for all of their addresses")
    parser.add_argument("--expected", type=int, default=3)
    options = parser.parse_args()
    wait_for_backends(f"http://{options.balancer}:8404/;csv", options.expected)
    replicas = sorted({found[4][0] for found in socket.getaddrinfo(options.replicas, 8000, type=socket.SOCK_STREAM)})
    if len(replicas) != options.expected:
        sys.exit(f"{options.replicas} has {len(replicas)} addresses, not {options.expected}")
    balanced = [
        spread("gRPC, one connection", replicas, "Greeter/SayHello", "grpc", lambda: call_grpc(options.balancer), is_even),
        spread("JSON-RPC 1.0, one connection", replicas, "js.J", "jsonrpc1", lambda: call_sockets(options.balancer, 1), is_together),
        spread(f"JSON-RPC 1.0, {CONNECTIONS} connections", replicas, "js.J", "jsonrpc1",
               lambda: call_sockets(options.balancer, CONNECTIONS), is_even),
    ]
    sys.exit(not all(balanced))


if __name__ == "__main__":
    main()
