"""Python's own XML-RPC server with a thread for each connection; it prints its address: python3 server.py [PROTOCOL]."""

import datetime
import socketserver
import sys
import time
from xmlrpc.client import Fault
from xmlrpc.server import SimpleXMLRPCRequestHandler, SimpleXMLRPCServer


class Handler(SimpleXMLRPCRequestHandler):
    protocol_version = sys.argv[1] if len(sys.argv) > 1 else "HTTP/1.0"
    connections = 0

    def setup(self):
        Handler.connections += 1
        super().setup()


class Methods:
    def add(self, x, y):
        return x + y

    def echo(self, value):
        return value

    def divide(self, x, y):
        return x / y

    def fail(self):
        raise Fault(42, "as told <&>\r\n")

    def kind(self, value):
        """How Python read the value."""
        return f"{type(value).__name__} {value!r}"

    def date(self):
        return datetime.datetime(1998, 7, 17, 14, 8, 55)

    def sleep(self, seconds):
        time.sleep(seconds)

    def connections(self):
        return Handler.connections


class Server(socketserver.ThreadingMixIn, SimpleXMLRPCServer):
    daemon_threads = True


server = Server(
    ("127.0.0.1", 0), Handler, allow_none=True, logRequests=False, use_builtin_types=True
)
server.register_introspection_functions()
server.register_multicall_functions()
server.register_instance(Methods())
print("LISTENING python {}:{}".format(*server.server_address), flush=True)
server.serve_forever()
