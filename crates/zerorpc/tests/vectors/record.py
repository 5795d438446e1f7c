"""Records what Python's zerorpc client and server say to each other; see README.md."""
import socket
import sys
import threading

import zerorpc


class Service(object):
    def hello(self, name):
        return "Hello,%s" % name

    def echo(self, x):
        return x

    def divide(self, a, b):
        return a // b

    @zerorpc.stream
    def streaming_range(self, fr, to, step):
        return range(fr, to, step)


def serve(ready):
    # Tracebacks would tell where the packages are installed.
    sys.tracebacklimit = 0
    server = zerorpc.Server(Service())
    server.bind("tcp://127.0.0.1:0")
    ready(server._events._socket.getsockopt(zerorpc.zmq.LAST_ENDPOINT).decode().rstrip("\0"))
    server.run()


def pump(source, target, sign, out):
    for chunk in iter(lambda: source.recv(65536), b""):
        out.write("%s %s\n" % (sign, chunk.hex()))
        out.flush()
        target.sendall(chunk)


def proxy(port, out):
    listener = socket.create_server(("127.0.0.1", 0))

    def accept():
        client, _ = listener.accept()
        server = socket.create_connection(("127.0.0.1", port))
        threading.Thread(target=pump, args=(client, server, ">", out), daemon=True).start()
        threading.Thread(target=pump, args=(server, client, "<", out), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return "tcp://127.0.0.1:%d" % listener.getsockname()[1]


def main():
    if sys.argv[1] == "serve":
        serve(lambda address: print(address, flush=True))
    endpoint, path = sys.argv[2:]
    with open(path, "w") as out:
        client = zerorpc.Client(proxy(int(endpoint.rsplit(":", 1)[1]), out))
        client.hello("RPC")
        client.echo([None, True, -1, 2**63, 1.5, "\u00e9", b"\0\xff", {"a": [1]}])
        list(client.streaming_range(0, 150, 1))
        for method, args in (("nope", ()), ("divide", (1, 0))):
            try:
                client(method, *args)
            except zerorpc.RemoteError:
                pass


main()
