"""gRPC servers without reflection, which are called by their files: grpcio's have none unless it is added."""

from __future__ import annotations

import sys
from concurrent import futures
from pathlib import Path
from typing import Iterator

import pytest

import manywire

grpc = pytest.importorskip("grpc")
descriptor_pb2 = pytest.importorskip("google.protobuf.descriptor_pb2")

ROOT = Path(__file__).resolve().parents[2]
PROTO = ROOT / "proto/greeter.proto"


@pytest.fixture(scope="module")
def greeter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Where it listens, and a descriptor set of what it serves."""
    sys.path.insert(0, str(ROOT / "python"))
    try:
        from pb import greeter_pb2, greeter_pb2_grpc
    finally:
        sys.path.remove(str(ROOT / "python"))

    class Greeter(greeter_pb2_grpc.GreeterServicer):  # type: ignore[misc]
        def SayHello(self, request: greeter_pb2.HelloRequest, context: object) -> greeter_pb2.HelloReply:
            return greeter_pb2.HelloReply(message=f"grpcio says hello {request.name}")

    described = descriptor_pb2.FileDescriptorSet()
    greeter_pb2.DESCRIPTOR.CopyToProto(described.file.add())
    protoset = tmp_path_factory.mktemp("protos") / "greeter.binpb"
    protoset.write_bytes(described.SerializeToString())
    server = grpc.server(futures.ThreadPoolExecutor())
    greeter_pb2_grpc.add_GreeterServicer_to_server(Greeter(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"grpc://127.0.0.1:{port}", protoset
    server.stop(None)


def test_a_server_without_reflection_is_called_by_its_files(greeter: tuple[str, Path]) -> None:
    url, protoset = greeter
    for client in (
        manywire.connect(url, proto=PROTO),
        manywire.connect(url, proto=[str(PROTO)]),
        manywire.connect(url, protoset=protoset),
    ):
        with client:
            assert client.Greeter.SayHello(name="you") == {"message": "grpcio says hello you"}
            assert "Greeter/SayHello" in client.methods()
    with pytest.raises(manywire.RemoteError, match="has no reflection"):
        manywire.connect(url)


def test_a_method_that_the_file_has_not_is_a_mistake_of_the_callers(greeter: tuple[str, Path]) -> None:
    with manywire.connect(greeter[0], proto=PROTO) as client:
        with pytest.raises(manywire.UsageError, match="Greeter has no method SayHallo; it has SayHello") as raised:
            client.call("Greeter/SayHallo", {})
    assert raised.value.kind == "unknown_method"


def test_files_that_are_of_no_use(tmp_path: Path) -> None:
    broken = tmp_path / "broken.proto"
    broken.write_text('syntax = "proto3";\nmessage M {\n  strin name = ;\n}\n')
    for connect in (manywire.connect, manywire.aio.connect):
        with pytest.raises(TypeError, match="proto is the path of a file, or a list of paths, not 5"):
            connect("grpc://127.0.0.1:1", proto=5)  # type: ignore[arg-type]
    for proto, words in ((broken, "broken.proto:3:"), (tmp_path / "none.proto", "No such file or directory")):
        with pytest.raises(manywire.UsageError, match=words):
            manywire.connect("grpc://127.0.0.1:1", proto=proto)
    with pytest.raises(manywire.UnsupportedError, match="has no use for proto files; gRPC has"):
        manywire.connect("gob://127.0.0.1:1", proto=PROTO)
