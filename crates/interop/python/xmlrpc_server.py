"""Python's own XML-RPC server."""
import socketserver
from xmlrpc.server import SimpleXMLRPCRequestHandler, SimpleXMLRPCServer

import methods
from listening import listening, options


class Handler(SimpleXMLRPCRequestHandler):
    rpc_paths = ()


class Server(socketserver.ThreadingMixIn, SimpleXMLRPCServer):
    daemon_threads = True
    request_queue_size = 128


given = options(__doc__)
server = Server((given.host, given.port), Handler, logRequests=False, allow_none=True, use_builtin_types=True)
server.register_introspection_functions()
server.register_multicall_functions()
for method in (methods.add, methods.subtract, methods.multiply, methods.divide, methods.echo, methods.sleep):
    server.register_function(method)
listening("xmlrpc", *server.server_address)
server.serve_forever()
