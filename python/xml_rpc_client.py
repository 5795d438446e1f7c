#!/usr/bin/env python3
"""XML-RPC with Python's own xmlrpc.client: run this beside `manywire serve`."""
import argparse
import sys
from datetime import datetime
from http.client import HTTPException
from xml.parsers.expat import ExpatError
from xmlrpc.client import Fault, MultiCall, ProtocolError, ServerProxy

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--url", default="http://127.0.0.1:8088/RPC2")
url = parser.parse_args().url

try:
    server = ServerProxy(url, allow_none=True, use_builtin_types=True)
    print("7 + 3 =", server.add(7, 3))
    print("|3 - 7| =", server.subtract(3, 7))
    print("7 * 3 =", server.multiply(7, 3))
    print("7 / 2 =", server.divide(7, 2))
    print("echo:", server.echo({"any": ["value", 1.5, None, b"\x00\xff", datetime(2026, 1, 31)]}))
    try:
        server.divide(1, 0)
    except Fault as fault:
        print(f"1 / 0: fault {fault.faultCode}, {fault.faultString}")

    calls = MultiCall(server)
    calls.add(1, 2)
    calls.hello("multicall")
    print("multicall:", list(calls()))

    print("methods:", ", ".join(server.system.listMethods()))
except Fault as error:
    sys.exit(f"the server refused: {error}")
except (ProtocolError, HTTPException, ExpatError) as error:
    sys.exit(f"what answers at {url} is no XML-RPC server: {error!r}")
except OSError as error:
    sys.exit(f"no server at {url} ({error.strerror or error}); start one with: cargo run -- serve")
