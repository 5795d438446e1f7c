#!/usr/bin/env python3
"""A stream over zerorpc: pip install zerorpc, then run this beside `manywire serve`."""
import argparse
import sys

try:
    import zerorpc
except ImportError as error:
    sys.exit(f"{error}: pip install -r python/requirements-test.txt, in a virtual environment")

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--url", default="tcp://127.0.0.1:4242")
parser.add_argument("range", type=int, nargs="*", default=[10, 20, 2], help="from, to and step; 10 20 2 by default")
options = parser.parse_args()

client = zerorpc.Client(options.url, timeout=5)
try:
    for item in client.streaming_range(*options.range):
        print(item)
except zerorpc.RemoteError as error:
    sys.exit(f"error: {error}")
except (zerorpc.TimeoutExpired, zerorpc.LostRemote) as error:
    sys.exit(f"no zerorpc server at {options.url} ({error}); start one with: cargo run -- serve")
