#!/usr/bin/env python3
"""JSON-RPC 2.0 with jsonrpclib: pip install jsonrpclib-pelix, then run this beside `manywire serve`."""
import argparse
import sys

try:
    import jsonrpclib
except ImportError as error:
    sys.exit(f"{error}: pip install -r python/requirements-test.txt, in a virtual environment")

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--url", default="http://127.0.0.1:8080")
url = parser.parse_args().url

try:
    server = jsonrpclib.ServerProxy(url)
    print("3 + 4 =", server.add(3, 4))
    print("2 ** 10 =", server.pow(x=2, y=10))
    print("ping:", server.ping({"any": ["value", 1, None]}))
    server._notify.ping("no answer wanted")

    batch = jsonrpclib.MultiCall(server)
    batch.Arith.Multiply(A=17, B=8)
    batch.hello("batch")
    print("batch:", list(batch()))

    print("methods:", ", ".join(server.system.listMethods()))
except (jsonrpclib.jsonrpc.TransportError, ValueError):
    sys.exit(f"what answers at {url} is no JSON-RPC server")
except jsonrpclib.ProtocolError as error:
    sys.exit(f"the server refused: {error}")
except OSError as error:
    sys.exit(f"no server at {url} ({error.strerror or error}); start one with: cargo run -- serve")
