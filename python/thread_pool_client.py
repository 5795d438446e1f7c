#!/usr/bin/env python3
"""Ten threads call a JSON-RPC server at the same time: pip install jsonrpclib-pelix, and start `manywire serve`."""
import argparse
import sys
from concurrent.futures import ThreadPoolExecutor

try:
    import jsonrpclib
except ImportError as error:
    sys.exit(f"{error}: pip install -r python/requirements-test.txt, in a virtual environment")

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--url", default="http://127.0.0.1:8080")
url = parser.parse_args().url


def call(n):
    # A ServerProxy is one connection, so each thread has its own.
    return jsonrpclib.ServerProxy(url).add(n, n * n)


try:
    with ThreadPoolExecutor(max_workers=10) as pool:
        for n, answer in enumerate(pool.map(call, range(10))):
            print(f"{n} + {n * n} = {answer}")
except (jsonrpclib.jsonrpc.TransportError, ValueError):
    sys.exit(f"what answers at {url} is no JSON-RPC server")
except jsonrpclib.ProtocolError as error:
    sys.exit(f"the server refused: {error}")
except OSError as error:
    sys.exit(f"no server at {url} ({error.strerror or error}); start one with: cargo run -- serve")
