"""A grpcio server with grpcio's own reflection, and methods of all four kinds."""

import sys
from concurrent import futures
from pathlib import Path

import grpc
from grpc_reflection.v1alpha import reflection

sys.path.insert(0, str(Path(__file__).parents[2]))
from pb import chat_pb2, chat_pb2_grpc, greeter_pb2, greeter_pb2_grpc, types_pb2_grpc  # noqa: E402


class Greeter(greeter_pb2_grpc.GreeterServicer):
    def SayHello(self, request, context):
        if not request.name:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "who are you?")
        token = dict(context.invocation_metadata()).get("appid", "nobody")
        return greeter_pb2.HelloReply(message=f"hello {request.name} from {token}")

    def GetStream(self, request, context):
        for number in range(int(request.data)):
            yield greeter_pb2.StreamResData(data=str(number))

    def PutStream(self, request_iterator, context):
        return greeter_pb2.StreamResData(data="".join(request.data for request in request_iterator))


class Chat(chat_pb2_grpc.ChatServiceServicer):
    def TextChat(self, request_iterator, context):
        for request in request_iterator:
            yield chat_pb2.TextResponse(message=request.message.upper())


class Types(types_pb2_grpc.TypesServiceServicer):
    def Echo(self, request, context):
        return request


server = grpc.server(futures.ThreadPoolExecutor(max_workers=8))
greeter_pb2_grpc.add_GreeterServicer_to_server(Greeter(), server)
chat_pb2_grpc.add_ChatServiceServicer_to_server(Chat(), server)
types_pb2_grpc.add_TypesServiceServicer_to_server(Types(), server)
reflection.enable_server_reflection(["Greeter", "ChatService", "TypesService", reflection.SERVICE_NAME], server)
port = server.add_insecure_port("127.0.0.1:0")
server.start()
print(f"LISTENING grpc 127.0.0.1:{port}", flush=True)
sys.stdin.read()  # ends with the test
