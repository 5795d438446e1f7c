#!/usr/bin/env python3
"""Several streams at one time over one zerorpc client: pip install zerorpc, then run this beside `manywire serve`."""
import argparse
import itertools
import sys

try:
    import zerorpc
except ImportError as error:
    sys.exit(f"{error}: pip install -r python/requirements-test.txt, in a virtual environment")

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--url", default="tcp://127.0.0.1:4242")
parser.add_argument("-n", type=int, default=3, help="how many streams")
options = parser.parse_args()

client = zerorpc.Client(options.url, timeout=5)
try:
    streams = [client.streaming_range(10 * number, 10 * number + 10, 2) for number in range(options.n)]
    for items in itertools.zip_longest(*streams):
        print(*items)
except (zerorpc.TimeoutExpired, zerorpc.LostRemote) as error:
    sys.exit(f"no zerorpc server at {options.url} ({error}); start one with: cargo run -- serve")
