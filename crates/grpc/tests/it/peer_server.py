"""A grpcio server with grpcio's own reflection, which is v1alpha: a peer for our client."""
import os
import sys
from concurrent import futures

import grpc
from grpc_reflection.v1alpha import reflection

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../../../python"))
from pb import chat_pb2, chat_pb2_grpc, greeter_pb2, greeter_pb2_grpc  # noqa: E402


class Greeter(greeter_pb2_grpc.GreeterServicer):
    def SayHello(self, request, context):
        if not request.name:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "who are you?")
        return greeter_pb2.HelloReply(message=f"python greets {request.name}")


class Chat(chat_pb2_grpc.ChatServiceServicer):
    def TextChat(self, request_iterator, context):
        for request in request_iterator:
            yield chat_pb2.TextResponse(message=request.message.upper())


server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
greeter_pb2_grpc.add_GreeterServicer_to_server(Greeter(), server)
chat_pb2_grpc.add_ChatServiceServicer_to_server(Chat(), server)
reflection.enable_server_reflection(["Greeter", "ChatService", reflection.SERVICE_NAME], server)
port = server.add_insecure_port("127.0.0.1:0")
server.start()
print(port, flush=True)
sys.stdin.read()  # ends with the test
