"""grpcio, with stubs or by what reflection says: grpcio_client.py stubs|reflection WIRE ADDRESS. The stubs are made of what the server
has exported, where it has."""
import importlib
import itertools
import os
import pathlib
import sys
import tempfile
import threading

from answers import Failed, answer_each, skip
from tagged import plain

try:
    import grpc
    from google.protobuf import json_format, message_factory
    from google.protobuf.descriptor_pool import Default, DescriptorPool
except ImportError as error:
    skip(f"no {error.name} for Python")

how, _, address = sys.argv[1:]
exported = os.environ.get("MANYWIRE_EXPORT")


def generate(folder, into):
    """What protoc makes of the files that the server has exported: the names of the modules with stubs."""
    try:
        from grpc_tools import protoc
    except ImportError:
        skip("no grpcio-tools for Python")
    protos = [str(path.relative_to(folder)) for path in pathlib.Path(folder).rglob("*.proto")]
    google = os.path.join(os.path.dirname(protoc.__file__), "_proto")
    options = [f"-I{folder}", f"-I{google}", f"--python_out={into}", f"--grpc_python_out={into}"]
    if protoc.main(["protoc", *options, *protos]) != 0:
        raise SystemExit("protoc does not take what was exported")
    # Else an installed package of a folder's name would hide what is in it.
    for inner in {os.path.dirname(proto) for proto in protos} - {""}:
        pathlib.Path(into, inner, "__init__.py").touch()
    return [proto.removesuffix(".proto").replace("/", ".") + "_pb2_grpc" for proto in protos]


def find_stubs():
    """The class of each service's stub, by the service's name."""
    if exported is None:
        folder = os.environ.get("MANYWIRE_PB", os.path.join(os.path.dirname(__file__), "../../../python"))
        names = [f"pb.{name}_pb2_grpc" for name in ("chat", "file", "greeter", "types", "upfile", "user")]
        sys.path.insert(0, folder)
        modules = [importlib.import_module(name) for name in names]
    else:
        with tempfile.TemporaryDirectory() as folder:
            sys.path.insert(0, folder)
            modules = [importlib.import_module(name) for name in generate(exported, folder)]
    found = [(name, stub) for module in modules for name, stub in vars(module).items() if name.endswith("Stub")]
    return {name.removesuffix("Stub"): stub for name, stub in found}


def reflected(channel):
    """What the server says of itself. Among what it exports is its reflection, which this library brings too."""
    try:
        from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
    except ImportError as error:
        skip(f"no {error.name} for Python")
    return DescriptorPool(ProtoReflectionDescriptorDatabase(channel))


if how == "stubs":
    stub_classes = find_stubs()

limits = [("grpc.max_receive_message_length", 16 << 20), ("grpc.max_send_message_length", 16 << 20)]
channel = grpc.insecure_channel(address, options=limits)
pool = reflected(channel) if how == "reflection" else Default()


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
