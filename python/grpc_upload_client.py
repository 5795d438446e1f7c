#!/usr/bin/env python3
"""Stores a file under the last part of its path: pip install grpcio protobuf, then run this beside `manywire serve`."""
import argparse
import os
import sys

try:
    import grpc
    from pb import upfile_pb2, upfile_pb2_grpc
except ImportError as error:
    sys.exit(f"{error}: pip install -r python/requirements-test.txt, in a virtual environment")

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--target", default="127.0.0.1:7070")
parser.add_argument("path")
options = parser.parse_args()
name = os.path.basename(options.path)


def pieces(file):
    size = os.fstat(file.fileno()).st_size
    yield upfile_pb2.UpFileRequest(name=name)
    while piece := file.read(64 << 10):
        yield upfile_pb2.UpFileRequest(content=piece)
        done = file.tell()
        print(f"\r{name}: [{'#' * (done * 40 // max(done, size)):40}] {done:,} bytes ", end="", file=sys.stderr, flush=True)


try:
    with open(options.path, "rb") as file, grpc.insecure_channel(options.target) as channel:
        print(upfile_pb2_grpc.UpFileServiceStub(channel).UpLoad(pieces(file)).state)
except OSError as error:
    sys.exit(f"{options.path}: {error.strerror}")
except grpc.RpcError as error:
    if error.code() == grpc.StatusCode.UNAVAILABLE:
        sys.exit(f"no server at {options.target}, or it is going away; start one with: cargo run -- serve")
    sys.exit(f"the server refused: {error.code().name}: {error.details()}")
