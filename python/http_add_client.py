#!/usr/bin/env python3
"""Adds two numbers with one GET: pip install requests, then run this beside `manywire serve`."""
import argparse
import sys

try:
    import requests
except ImportError as error:
    sys.exit(f"{error}: pip install -r python/requirements-test.txt, in a virtual environment")

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--url", default="http://127.0.0.1:8003/")
parser.add_argument("a", nargs="?", default="3")
parser.add_argument("b", nargs="?", default="2")
options = parser.parse_args()

try:
    response = requests.get(options.url, params={"a": options.a, "b": options.b}, timeout=10)
    answer = response.json()
except requests.exceptions.JSONDecodeError:
    sys.exit(f"what answers at {options.url} is no adder: HTTP status {response.status_code}")
except requests.exceptions.RequestException as error:
    sys.exit(f"no server at {options.url} ({type(error).__name__}); start one with: cargo run -- serve")
if not response.ok:
    sys.exit(f"the server refused: {answer['error']}")
print(f"{options.a} + {options.b} = {answer['result']}")
