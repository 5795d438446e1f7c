"""grpcio, with the generated stubs or by what reflection says: grpcio_client.py stubs|reflection WIRE ADDRESS."""
import itertools
import os
import sys
import threading

from answers import Failed, answer_each, skip
from tagged import plain

try:
    import grpc
    from google.protobuf import json_format, message_factory
    from google.protobuf.descriptor_pool import Default, DescriptorPool
    from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
except ImportError as error:
    skip(f"no {error.name} for Python")

how, _, address = sys.argv[1:]
if how == "stubs":
    sys.path.insert(0, os.environ.get("MANYWIRE_PB", os.path.join(os.path.dirname(__file__), "../../../python")))
    from pb import chat_pb2_grpc, file_pb2_grpc, greeter_pb2_grpc, types_pb2_grpc, upfile_pb2_grpc, user_pb2_grpc

    stub_classes = {
        "Greeter": greeter_pb2_grpc.GreeterStub, "UserService": user_pb2_grpc.UserServiceStub,
        "FileService": file_pb2_grpc.FileServiceStub, "UpFileService": upfile_pb2_grpc.UpFileServiceStub,
        "ChatService": chat_pb2_grpc.ChatServiceStub, "TypesService": types_pb2_grpc.TypesServiceStub,
    }

limits = [("grpc.max_receive_message_length", 16 << 20), ("grpc.max_send_message_length", 16 << 20)]
channel = grpc.insecure_channel(address, options=limits)
pool = DescriptorPool(ProtoReflectionDescriptorDatabase(channel)) if how == "reflection" else Default()


def describe(service, name):
    """The method, or nothing where the service has none of this name."""
    try:
        return pool.FindServiceByName(service).methods_by_name.get(name)
    except KeyError:
        return None
    except grpc.RpcError as error:
        raise Failed(f"reflection: {error.details()}", error.code().value[0], error.code().name.lower()) from None


def callable_of(service, name, method):
    """The call as a user of the library would make it."""
    if method is None:
        # Not in the proto, so there is no stub for it.
        return channel.unary_unary(f"/{service}/{name}", request_serializer=lambda _: b"", response_deserializer=bytes)
    if how == "stubs":
        return getattr(stub_classes[service](channel), name)
    requests = "stream" if method.client_streaming else "unary"
    answers = "stream" if method.server_streaming else "unary"
    return getattr(channel, f"{requests}_{answers}")(
        f"/{service}/{name}",
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=message_factory.GetMessageClass(method.output_type).FromString,
    )


def make(call):
    service, name = call["method"].split("/")
    method = describe(service, name)
    options = {"metadata": list(call.get("metadata", {}).items())}
    options["timeout"] = call["deadline_ms"] / 1000 if "deadline_ms" in call else None

    def message(value):
        if method is None:
            return value
        empty = message_factory.GetMessageClass(method.input_type)()
        return json_format.ParseDict(plain(value), empty, descriptor_pool=pool)

    def told(answer):
        return json_format.MessageToDict(answer, preserving_proto_field_name=True, descriptor_pool=pool)

    ended = threading.Event()

    def requests():
        yield from (message(value) for value in call["requests"])
        if "take" in call:
            ended.wait()

    try:
        run = callable_of(service, name, method)
        if method is not None and method.client_streaming:
            answer = run(requests(), **options)
        else:
            answer = run(message(call["arguments"][0]), **options)
        if method is None or not method.server_streaming:
            return "value", told(answer)
        items = [told(item) for item in itertools.islice(answer, call.get("take"))]
        if "take" in call:
            answer.cancel()
        return "items", items
    except grpc.RpcError as error:
        raise Failed(error.details(), error.code().value[0], error.code().name.lower()) from None
    finally:
        ended.set()


answer_each(make)
