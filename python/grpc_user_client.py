#!/usr/bin/env python3
"""Asks for a user, with a token where one is given: pip install grpcio protobuf, and start
`manywire serve`, perhaps with `--token APPID:APPKEY`."""
import argparse
import sys

try:
    import grpc
    from pb import user_pb2, user_pb2_grpc
except ImportError as error:
    sys.exit(f"{error}: pip install -r python/requirements-test.txt, in a virtual environment")

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--target", default="127.0.0.1:7070")
parser.add_argument("--token", metavar="APPID:APPKEY")
parser.add_argument("id", nargs="?", type=int, default=1)
options = parser.parse_args()

metadata = []
if options.token:
    appid, _, appkey = options.token.partition(":")
    metadata = [("appid", appid), ("appkey", appkey)]
try:
    with grpc.insecure_channel(options.target) as channel:
        users = user_pb2_grpc.UserServiceStub(channel)
        user = users.GetUser(user_pb2.UserRequest(id=options.id), metadata=metadata, timeout=10)
        print(f"user {user.id}: {user.name}")
except grpc.RpcError as error:
    if error.code() == grpc.StatusCode.UNAVAILABLE:
        sys.exit(f"no server at {options.target}; start one with: cargo run -- serve")
    sys.exit(f"the server refused: {error.code().name}: {error.details()}")
