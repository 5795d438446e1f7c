#!/usr/bin/env python3
"""Stores a file and fetches it: pip install grpcio protobuf, then run this beside `manywire serve`.
`grpc_file_client.py up notes.txt` stores it as notes.txt; `… down notes.txt` fetches it into this folder."""
import argparse
import os
import sys

import grpc
from pb import file_pb2, file_pb2_grpc, upfile_pb2, upfile_pb2_grpc

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--target", default="127.0.0.1:7070")
parser.add_argument("direction", choices=["up", "down"])
parser.add_argument("path", help="of the file on this side; its last part is the name on the other")
options = parser.parse_args()
name = os.path.basename(options.path)


def show(done, total=None):
    bar = f"[{'#' * (done * 40 // total):40}] " if total else ""
    print(f"\r{name}: {bar}{done:,} bytes ", end="", file=sys.stderr, flush=True)


def pieces():
    with open(options.path, "rb") as file:
        total = os.fstat(file.fileno()).st_size
        yield upfile_pb2.UpFileRequest(name=name)
        while piece := file.read(64 << 10):
            yield upfile_pb2.UpFileRequest(content=piece)
            show(file.tell(), total)


def fetch(answers):
    partial = options.path + ".part"
    try:
        with open(partial, "wb") as file:
            for answer in answers:
                file.write(answer.content)
                show(file.tell())
        os.replace(partial, options.path)
    except BaseException:
        os.remove(partial)
        raise


try:
    with grpc.insecure_channel(options.target) as channel:
        if options.direction == "up":
            os.stat(options.path)  # grpcio would hide the error of a file that is not there
            print(upfile_pb2_grpc.UpFileServiceStub(channel).UpLoad(pieces()).state)
        else:
            fetch(file_pb2_grpc.FileServiceStub(channel).DownLoad(file_pb2.FileRequest(name=name)))
            print("success")
except OSError as error:
    sys.exit(f"{options.path}: {error.strerror}")
except grpc.RpcError as error:
    if error.code() == grpc.StatusCode.UNAVAILABLE:
        sys.exit(f"no server at {options.target}, or it is going away; start one with: manywire serve")
    sys.exit(f"the server refused: {error.code().name}: {error.details()}")
