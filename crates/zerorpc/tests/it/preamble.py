import sys, time
import gevent, msgpack, zerorpc

def error(call, *args):
    """The fields of the RemoteError that a call ends with."""
    try:
        result = call(*args)
    except zerorpc.RemoteError as e:
        assert str(e) == e.traceback, e.traceback
        return e.name, e.msg, e.traceback
    raise AssertionError("no error but %r" % (result,))

def client(**options):
    return zerorpc.Client(sys.argv[1], **options)
