#!/usr/bin/env python3
"""The three kinds of stream: pip install grpcio protobuf, then run this beside `manywire serve`."""
import argparse
import sys
import threading

try:
    import grpc
    from pb import greeter_pb2, greeter_pb2_grpc
except ImportError as error:
    sys.exit(f"{error}: pip install -r python/requirements-test.txt, in a virtual environment")

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--target", default="127.0.0.1:7070")
target = parser.parse_args().target
enough = threading.Event()


def send_until_enough():
    yield greeter_pb2.StreamReqData(data="I is client")
    enough.wait()  # returning half-closes the call, and the server ends it


try:
    with grpc.insecure_channel(target) as channel:
        greeter = greeter_pb2_grpc.GreeterStub(channel)
        for answer in greeter.GetStream(greeter_pb2.StreamReqData(data="tell the time"), timeout=60):
            print("server stream:", answer.data)
        numbers = (greeter_pb2.StreamReqData(data=str(n)) for n in range(10))
        print("client stream:", greeter.PutStream(numbers, timeout=60).data)
        for n, answer in enumerate(greeter.AllStream(send_until_enough(), timeout=60)):
            print("both ways:", answer.data)
            if n == 2:
                enough.set()
except grpc.RpcError as error:
    enough.set()
    if error.code() == grpc.StatusCode.UNAVAILABLE:
        sys.exit(f"no server at {target}, or it is going away; start one with: cargo run -- serve")
    sys.exit(f"the server refused: {error.code().name}: {error.details()}")
