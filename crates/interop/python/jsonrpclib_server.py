"""jsonrpclib-pelix's own server."""
import socketserver

import methods
from listening import listening, options, skip

try:
    from jsonrpclib.SimpleJSONRPCServer import SimpleJSONRPCServer
except ImportError:
    skip("no jsonrpclib-pelix for Python")


class Server(socketserver.ThreadingMixIn, SimpleJSONRPCServer):
    daemon_threads = True
    request_queue_size = 128


given = options(__doc__)
server = Server((given.host, given.port), logRequests=False)
server.register_introspection_functions()
server.register_function(methods.add)
server.register_function(methods.power, "pow")
server.register_function(methods.echo, "ping")
server.register_function(methods.sleep)
listening("jsonrpc", *server.server_address)
server.serve_forever()
