"""Calls a server as grpcio's users do, and fails where an answer is not what the contract says."""
import os
import sys

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from google.protobuf.descriptor_pool import DescriptorPool

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../../../python"))
from pb import greeter_pb2, greeter_pb2_grpc, types_pb2, types_pb2_grpc  # noqa: E402

target = sys.argv[1]
case = sys.argv[2]
channel = grpc.insecure_channel(target)
greeter = greeter_pb2_grpc.GreeterStub(channel)


def refused(call):
    try:
        call()
    except grpc.RpcError as error:
        return error.code(), error.details()
    raise AssertionError("the call was not refused")


def health():
    stub = health_pb2_grpc.HealthStub(channel)
    for service in ["", "Greeter", "UserService", "TypesService", "grpc.health.v1.Health"]:
        answer = stub.Check(health_pb2.HealthCheckRequest(service=service))
        assert answer.status == health_pb2.HealthCheckResponse.SERVING, service
    code, _ = refused(lambda: stub.Check(health_pb2.HealthCheckRequest(service="Nobody")))
    assert code == grpc.StatusCode.NOT_FOUND, code


def reflection():
    database = ProtoReflectionDescriptorDatabase(channel)
    services = set(database.get_services())
    wanted = {"Greeter", "UserService", "FileService", "UpFileService", "ChatService", "TypesService",
              "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection",
              "Arith", "Demo", "Methods"}
    assert services >= wanted, services
    pool = DescriptorPool(database)
    assert pool.FindServiceByName("Greeter").methods_by_name["SayHello"].output_type.name == "HelloReply"
    fields = pool.FindMessageTypeByName("AllTypes").fields_by_name
    assert pool.FindServiceByName("Arith").methods_by_name["Multiply"].input_type.fields_by_name["A"].number == 1
    assert fields["any"].message_type.full_name == "google.protobuf.Any"


def compression():
    channel = grpc.insecure_channel(target, compression=grpc.Compression.Gzip)
    name = "x" * 100_000
    greeter = greeter_pb2_grpc.GreeterStub(channel)
    answer, call = greeter.SayHello.with_call(greeter_pb2.HelloRequest(name=name))
    assert answer.message == "hello " + name
    sent = (greeter_pb2.StreamReqData(data=name) for _ in range(20))
    assert greeter.PutStream(sent).data == "received 20"


def statuses():
    code, _ = refused(lambda: greeter.AllStream(iter(()), timeout=0.0).next())
    assert code == grpc.StatusCode.DEADLINE_EXCEEDED, code
    stream = channel.stream_stream("/Greeter/Nothing")(iter(()))
    code, details = refused(lambda: next(stream))
    assert (code, details) == (grpc.StatusCode.UNIMPLEMENTED, "unknown method Nothing for service Greeter"), details
    code, _ = refused(lambda: greeter.SayHello(greeter_pb2.HelloRequest(name="x" * (17 << 20))))
    assert code == grpc.StatusCode.RESOURCE_EXHAUSTED, code
    garbage = channel.unary_unary("/Greeter/SayHello")
    code, details = refused(lambda: garbage(b"\x0a\xff\xff"))
    assert code == grpc.StatusCode.INTERNAL, (code, details)
    assert greeter.SayHello(greeter_pb2.HelloRequest(name="still here")).message == "hello still here"


def cancels():
    for _ in range(50):
        answers = greeter.GetStream(greeter_pb2.StreamReqData())
        next(answers)
        answers.cancel()


def types():
    """Reads messages as hex, one a line, and writes each as it comes back from the server and from Python's own parser."""
    echo = types_pb2_grpc.TypesServiceStub(channel).Echo
    for line in sys.stdin:
        message = types_pb2.AllTypes.FromString(bytes.fromhex(line))
        print(echo(message).SerializeToString(deterministic=True).hex())
        print(message.SerializeToString(deterministic=True).hex(), flush=True)


globals()[case]()
