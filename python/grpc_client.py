#!/usr/bin/env python3
"""Greets by gRPC: pip install grpcio protobuf, then run this beside `manywire serve`."""
import argparse
import sys

try:
    import grpc
    from pb import greeter_pb2, greeter_pb2_grpc
except ImportError as error:
    sys.exit(f"{error}: pip install -r python/requirements-test.txt, in a virtual environment")

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--target", default="127.0.0.1:7070")
parser.add_argument("--language", help="such as zh-CN,zh;q=0.9")
parser.add_argument("name", nargs="?", default="world")
options = parser.parse_args()

metadata = [("accept-language", options.language)] if options.language else []
try:
    with grpc.insecure_channel(options.target) as channel:
        greeter = greeter_pb2_grpc.GreeterStub(channel)
        reply = greeter.SayHello(greeter_pb2.HelloRequest(name=options.name), metadata=metadata, timeout=10)
        print(reply.message)
except grpc.RpcError as error:
    if error.code() == grpc.StatusCode.UNAVAILABLE:
        sys.exit(f"no server at {options.target}; start one with: cargo run -- serve")
    sys.exit(f"the server refused: {error.code().name}: {error.details()}")
