"""Python's own zerorpc server, to measure ours against: the same two methods."""
import zerorpc


class Service(object):
    def hello(self, name):
        return "Hello," + name

    @zerorpc.stream
    def streaming_range(self, fr, to, step):
        return range(fr, to, step)


server = zerorpc.Server(Service())
server.bind("tcp://127.0.0.1:0")
endpoint = server._events._socket.getsockopt(zerorpc.zmq.LAST_ENDPOINT).decode().rstrip("\0")
print("LISTENING zerorpc", endpoint.rpartition("/")[2], flush=True)
server.run()
