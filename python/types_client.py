#!/usr/bin/env python3
"""Every protobuf type, sent and returned: pip install grpcio protobuf, then run this beside `manywire serve`."""
import argparse
import sys

try:
    import grpc
    from pb import hello_pb2, types_pb2, types_pb2_grpc
except ImportError as error:
    sys.exit(f"{error}: pip install -r python/requirements-test.txt, in a virtual environment")

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--target", default="127.0.0.1:7070")
target = parser.parse_args().target
message = types_pb2.AllTypes(int64_value=-(2**63), uint64_value=2**64 - 1, string_value="你好", color=types_pb2.COLOR_BLUE)
message.counts["one"] = 1
message.imported.CopyFrom(hello_pb2.Hello(name="imported"))
message.any.Pack(hello_pb2.Hello(name="in an Any"))
message.choice_text = "forgotten"
message.choice_number = 7  # a oneof holds one: the text is gone
# A plain 0 is not sent, so it cannot be told from one that was never set; an optional 0 can.
message.int32_value = message.optional_int32 = 0
try:
    message.numbers = [1, 2, 3]
except AttributeError as error:
    print("a repeated field cannot be assigned:", error)
    message.numbers.extend([1, 2, 3])
try:
    with grpc.insecure_channel(target) as channel:
        back = types_pb2_grpc.TypesServiceStub(channel).Echo(message, timeout=10)
except grpc.RpcError as error:
    if error.code() == grpc.StatusCode.UNAVAILABLE:
        sys.exit(f"no server at {target}; start one with: cargo run -- serve")
    sys.exit(f"the server refused: {error.code().name}: {error.details()}")
print(f"came back the same: {back == message}, {len(message.SerializeToString())} bytes")
for name in ["optional_int32", "optional_string"]:
    print(f"{name}: {getattr(back, name)!r}, set: {back.HasField(name)}")
print(f"int32_value: {back.int32_value}, sent: {'int32_value' in [field.name for field, _ in back.ListFields()]}")
print(f"choice: {back.WhichOneof('choice')}")
