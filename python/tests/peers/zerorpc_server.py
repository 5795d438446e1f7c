"""Python's own zerorpc server."""

import gevent
import zerorpc


class Service:
    def add(self, a, b):
        "The sum."
        return a + b

    def echo(self, value):
        return value

    def sleep(self, milliseconds):
        gevent.sleep(milliseconds / 1000)
        return milliseconds

    def fail(self, message):
        raise ValueError(message)

    @zerorpc.stream
    def count(self, to):
        return range(to)

    @zerorpc.stream
    def broken(self):
        yield 1
        raise ValueError("in the middle")


server = zerorpc.Server(Service())
server.bind("tcp://127.0.0.1:0")
endpoint = server._events._socket.getsockopt(zerorpc.zmq.LAST_ENDPOINT).decode().rstrip("\0")
print("LISTENING zerorpc", endpoint.rpartition("/")[2], flush=True)
server.run()
