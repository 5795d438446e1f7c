#!/usr/bin/env python3
"""Chats, one answer for each line: pip install grpcio protobuf, then run this beside `manywire serve`.
Lines come from the command line, or from standard input."""
import argparse
import sys

try:
    import grpc
    from pb import chat_pb2, chat_pb2_grpc
except ImportError as error:
    sys.exit(f"{error}: pip install -r python/requirements-test.txt, in a virtual environment")

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--target", default="127.0.0.1:7070")
parser.add_argument("lines", nargs="*")
options = parser.parse_args()


def say():
    # grpcio takes the next one whenever the server has room for it, not when an answer came.
    for line in options.lines or sys.stdin:
        yield chat_pb2.TextRequest(message=line.rstrip("\n"))


try:
    with grpc.insecure_channel(options.target) as channel:
        for answer in chat_pb2_grpc.ChatServiceStub(channel).TextChat(say()):
            print(answer.message, flush=True)
except KeyboardInterrupt:
    pass
except grpc.RpcError as error:
    if error.code() == grpc.StatusCode.UNAVAILABLE:
        sys.exit(f"no server at {options.target}, or it is going away; start one with: cargo run -- serve")
    sys.exit(f"the server refused: {error.code().name}: {error.details()}")
