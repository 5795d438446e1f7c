#!/usr/bin/env python3
"""Go's net/rpc in JSON over HTTP: pip install requests, then run this beside `manywire serve`."""
import argparse
import itertools
import sys

try:
    import requests
except ImportError as error:
    sys.exit(f"{error}: pip install -r python/requirements-test.txt, in a virtual environment")

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--url", default="http://127.0.0.1:2021/jsonrpc")
url = parser.parse_args().url

session = requests.Session()
ids = itertools.count(1)


def call(method, argument):
    """A net/rpc method takes one argument."""
    request = {"id": next(ids), "method": method, "params": [argument]}
    answer = session.post(url, json=request, timeout=10).json()
    return answer["result"] if answer["error"] is None else f"error: {answer['error']}"


try:
    print("js.J:", call("js.J", "hello"))
    print("Arith.Multiply:", call("Arith.Multiply", {"A": 17, "B": 8}))
    print("Arith.Divide:", call("Arith.Divide", {"A": 17, "B": 0}))
except (requests.exceptions.JSONDecodeError, KeyError, TypeError):
    sys.exit(f"what answers at {url} is no JSON-RPC server")
except requests.exceptions.RequestException as error:
    sys.exit(f"no server at {url} ({type(error).__name__}); start one with: cargo run -- serve")
