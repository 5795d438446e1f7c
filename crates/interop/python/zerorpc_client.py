"""zerorpc for Python."""
import itertools
import sys

from answers import Cannot, Failed, answer_each, skip
from tagged import from_tagged, to_tagged

try:
    import zerorpc
except ImportError as error:
    skip(f"no {error.name} for Python")

_, address = sys.argv[1:]


def connect():
    return zerorpc.Client(f"tcp://{address}", timeout=60)


client = connect()


def broken_off(call, arguments):
    # A client of zerorpc 0.6.3 never gets another answer after a stream that it broke off: its dispatcher waits for the dead
    # channel to take the next item. So this stream has a client of its own.
    own = connect()
    items = list(itertools.islice(own(call["method"], *arguments), call["take"]))
    own.close()
    return "items", to_tagged(items)


def make(call):
    arguments = from_tagged(call["arguments"])
    try:
        if "take" in call:
            return broken_off(call, arguments)
        answer = client(call["method"], *arguments)
        if call.get("stream"):
            return "items", to_tagged(list(answer))
        return "value", to_tagged(answer)
    except zerorpc.RemoteError as error:
        raise Failed(error.msg, name=error.name) from None
    except (TypeError, OverflowError) as error:
        raise Cannot(f"msgpack: {error}") from None


answer_each(make)
