"""jsonrpclib-pelix's own server, on a free port that it prints."""
from jsonrpclib.SimpleJSONRPCServer import SimpleJSONRPCServer

memory = []
# Its own 5 would have a crowd of clients wait for TCP's retries.
SimpleJSONRPCServer.request_queue_size = 128
server = SimpleJSONRPCServer(("127.0.0.1", 0), logRequests=False)
server.register_function(lambda a, b: a + b, "add")
server.register_function(lambda x: x, "echo")
server.register_function(memory.append, "remember")
server.register_function(lambda: memory[-1], "recall")
print(f"LISTENING jsonrpclib 127.0.0.1:{server.server_address[1]}", flush=True)
server.serve_forever()
