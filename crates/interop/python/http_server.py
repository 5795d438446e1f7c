"""The adder on Python's http.server."""
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from listening import listening, options

LONGEST = 2**63


class Adder(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        query = parse_qs(urlsplit(self.path).query, keep_blank_values=True)
        try:
            total = sum(int(query.get(name, ["0"])[-1] or "0") for name in "ab")
            if not -LONGEST <= total < LONGEST:
                raise ValueError(f"the sum {total} is beyond 64 bits")
        except ValueError as error:
            self.answer(400, {"error": str(error)})
        else:
            self.answer(200, {"result": total})

    def answer(self, status, content):
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 128


given = options(__doc__)
server = Server((given.host, given.port), Adder)
listening("http", *server.server_address)
server.serve_forever()
