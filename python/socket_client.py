#!/usr/bin/env python3
"""JSON-RPC 1.0 over a bare socket, as Go's net/rpc/jsonrpc speaks it: run this beside `manywire serve`."""
import argparse
import json
import socket
import sys

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--host", default="127.0.0.1")
parser.add_argument("--port", type=int, default=2021)
options = parser.parse_args()

try:
    with socket.create_connection((options.host, options.port), timeout=10) as connection:
        lines = connection.makefile("r", encoding="utf-8")
        for number, text in enumerate(["hello", "again", "and again"]):
            request = {"id": number, "method": "js.J", "params": [text]}
            connection.sendall(json.dumps(request).encode())
            answer = json.loads(lines.readline())
            print(answer["result"] if answer["error"] is None else f"error: {answer['error']}")
except (ValueError, KeyError, TypeError):
    sys.exit(f"what answers at {options.host}:{options.port} is no JSON-RPC server")
except OSError as error:
    sys.exit(f"no server at {options.host}:{options.port} ({error.strerror or error}); start one with: cargo run -- serve")
