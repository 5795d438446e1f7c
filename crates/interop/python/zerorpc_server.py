"""Python's own zerorpc server."""
import time

import methods
from listening import listening, options, skip

try:
    import gevent
    import zerorpc
except ImportError as error:
    skip(f"no {error.name} for Python")


class Service:
    hello = staticmethod(methods.hello)
    listinfo = staticmethod(methods.listinfo)
    add = staticmethod(methods.add)
    echo = staticmethod(methods.echo)
    getpow = staticmethod(methods.power)
    strftime = staticmethod(methods.strftime)

    def time(self):
        return time.time()

    def sleep(self, ms):
        gevent.sleep(ms / 1000)
        return ms

    @zerorpc.stream
    def streaming_range(self, fr, to, step):
        return methods.streaming_range(fr, to, step)


given = options(__doc__)
server = zerorpc.Server(Service())
server.bind(f"tcp://{given.host}:{given.port or '*'}")
bound = server._events._socket.last_endpoint.decode().removeprefix("tcp://")
listening("zerorpc", *bound.rsplit(":", 1))
server.run()
