"""The services of proto/ on grpcio, with its reflection."""
import os
import sys
import threading
import time
from concurrent import futures
from pathlib import Path

from listening import listening, options, skip

try:
    import grpc
    from grpc_reflection.v1alpha import reflection
except ImportError:
    skip("no grpcio for Python")

sys.path.insert(0, os.environ.get("MANYWIRE_PB", os.path.join(os.path.dirname(__file__), "../../../python")))
from pb import (  # noqa: E402
    chat_pb2, chat_pb2_grpc, file_pb2, file_pb2_grpc, greeter_pb2, greeter_pb2_grpc, types_pb2_grpc, upfile_pb2,
    upfile_pb2_grpc, user_pb2, user_pb2_grpc,
)

CHUNK = 64 * 1024


class Greeter(greeter_pb2_grpc.GreeterServicer):
    def SayHello(self, request, context):
        languages = dict(context.invocation_metadata()).get("accept-language", "")
        hello = "你好," if languages.startswith("zh") else "hello "
        return greeter_pb2.HelloReply(message=hello + request.name)

    def GetStream(self, request, context):
        for _ in range(12):
            yield greeter_pb2.StreamResData(data=str(int(time.time())))
            time.sleep(given.tick)

    def PutStream(self, requests, context):
        return greeter_pb2.StreamResData(data=f"received {sum(1 for _ in requests)}")

    def AllStream(self, requests, context):
        ended = threading.Event()

        def drain():
            try:
                for _ in requests:
                    pass
            except grpc.RpcError:
                pass  # the client has broken the call off
            ended.set()

        threading.Thread(target=drain, daemon=True).start()
        yield greeter_pb2.StreamResData(data="I is server")
        while not ended.wait(given.tick):
            yield greeter_pb2.StreamResData(data="I is server")


class Users(user_pb2_grpc.UserServiceServicer):
    def GetUser(self, request, context):
        if request.id <= 0:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"no user has the id {request.id}")
        return user_pb2.UserResponse(id=request.id, name="itxiaoshen")


def path_of(name, context):
    if not name or name in (".", "..") or any(letter in name for letter in "/\\\0") or len(name.encode()) > 255:
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"{name!r} is no name of a file")
    return folder / name


class Files(file_pb2_grpc.FileServiceServicer):
    def DownLoad(self, request, context):
        path = path_of(request.name, context)
        if not path.is_file():
            context.abort(grpc.StatusCode.NOT_FOUND, f"there is no file {request.name}")
        with path.open("rb") as file:
            while content := file.read(CHUNK):
                yield file_pb2.FileResponse(name=request.name, content=content)


class UpFiles(upfile_pb2_grpc.UpFileServiceServicer):
    def UpLoad(self, requests, context):
        path, content = None, []
        for request in requests:
            if path is None:
                path = path_of(request.name, context)
            elif request.name not in ("", path.name):
                context.abort(grpc.StatusCode.INVALID_ARGUMENT, "one upload is one file")
            content.append(request.content)
        if path is None:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "an upload has a message at least")
        part = folder / f"{threading.get_ident()}.part"
        part.write_bytes(b"".join(content))
        part.replace(path)
        return upfile_pb2.UpFileResponse(state="success")


class Chat(chat_pb2_grpc.ChatServiceServicer):
    def TextChat(self, requests, context):
        for number, _ in enumerate(requests):
            yield chat_pb2.TextResponse(message=f"server send world to client!i={number}")


class Types(types_pb2_grpc.TypesServiceServicer):
    def Echo(self, request, context):
        return request


given = options(__doc__, tick=(float, 1.0), data_dir=(Path, Path("data")))
folder = given.data_dir
folder.mkdir(parents=True, exist_ok=True)
limits = [("grpc.max_receive_message_length", 16 << 20), ("grpc.max_send_message_length", 16 << 20)]
server = grpc.server(futures.ThreadPoolExecutor(max_workers=32), options=limits)
greeter_pb2_grpc.add_GreeterServicer_to_server(Greeter(), server)
user_pb2_grpc.add_UserServiceServicer_to_server(Users(), server)
file_pb2_grpc.add_FileServiceServicer_to_server(Files(), server)
upfile_pb2_grpc.add_UpFileServiceServicer_to_server(UpFiles(), server)
chat_pb2_grpc.add_ChatServiceServicer_to_server(Chat(), server)
types_pb2_grpc.add_TypesServiceServicer_to_server(Types(), server)
names = ["Greeter", "UserService", "FileService", "UpFileService", "ChatService", "TypesService"]
reflection.enable_server_reflection([*names, reflection.SERVICE_NAME], server)
port = server.add_insecure_port(f"{given.host}:{given.port}")
server.start()
listening("grpc", given.host, port)
server.wait_for_termination()
