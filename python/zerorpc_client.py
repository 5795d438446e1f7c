#!/usr/bin/env python3
"""Calls over zerorpc: pip install zerorpc, then run this beside `manywire serve`."""
import argparse
import sys

try:
    import zerorpc
except ImportError as error:
    sys.exit(f"{error}: pip install -r python/requirements-test.txt, in a virtual environment")

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--url", default="tcp://127.0.0.1:4242")
url = parser.parse_args().url

# A zerorpc client connects in the background, so a server that is not there shows as an answer that does not come.
client = zerorpc.Client(url, timeout=5)
try:
    print(client.hello("RPC"))
    print(client.listinfo("this is test string"))
    print("2 to the power of 10:", client.getpow(2, 10))
    print("the server's time:", client.strftime("%Y-%m-%d %H:%M:%S"))
    try:
        client.no_such_method()
    except zerorpc.RemoteError as error:
        print("an error has fields:", error.name, "and", error.msg)
except (zerorpc.TimeoutExpired, zerorpc.LostRemote) as error:
    sys.exit(f"no zerorpc server at {url} ({error}); start one with: cargo run -- serve")
