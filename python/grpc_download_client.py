#!/usr/bin/env python3
"""Fetches the file that a path's last part names: pip install grpcio protobuf, then run this beside `manywire serve`."""
import argparse
import contextlib
import os
import sys

try:
    import grpc
    from pb import file_pb2, file_pb2_grpc
except ImportError as error:
    sys.exit(f"{error}: pip install -r python/requirements-test.txt, in a virtual environment")

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--target", default="127.0.0.1:7070")
parser.add_argument("path", help="where to put it")
options = parser.parse_args()
name, partial = os.path.basename(options.path), options.path + ".part"

try:
    with open(partial, "wb") as file, grpc.insecure_channel(options.target) as channel:
        for answer in file_pb2_grpc.FileServiceStub(channel).DownLoad(file_pb2.FileRequest(name=name)):
            file.write(answer.content)
            print(f"\r{name}: {file.tell():,} bytes ", end="", file=sys.stderr, flush=True)
    os.replace(partial, options.path)  # never half a file under its name
    print("success")
except OSError as error:
    sys.exit(f"{options.path}: {error.strerror}")
except grpc.RpcError as error:
    if error.code() == grpc.StatusCode.UNAVAILABLE:
        sys.exit(f"no server at {options.target}, or it is going away; start one with: cargo run -- serve")
    sys.exit(f"the server refused: {error.code().name}: {error.details()}")
finally:
    with contextlib.suppress(FileNotFoundError):
        os.remove(partial)
