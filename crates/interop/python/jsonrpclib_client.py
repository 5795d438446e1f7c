"""jsonrpclib-pelix."""
import math
import sys

from answers import Cannot, Failed, answer_each, skip
from tagged import from_tagged, to_tagged

try:
    import jsonrpclib
except ImportError:
    skip("no jsonrpclib-pelix for Python")

_, address = sys.argv[1:]
server = jsonrpclib.ServerProxy(f"http://{address}")


def refuse(value):
    """What jsonrpclib would send in a form that is not JSON, or not the same value."""
    if isinstance(value, (list, tuple)):
        for item in value:
            refuse(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise Cannot("JSON has texts for keys only")
            refuse(item)
    elif isinstance(value, float) and not math.isfinite(value):
        raise Cannot("JSON has no such float")
    elif not isinstance(value, (type(None), bool, int, float, str)):
        raise Cannot(f"JSON has no {type(value).__name__}")


# Not a method: a list of calls, each a name and its arguments, and of notifications, whose names begin with "notify ".
BATCH = "a batch"


def batch(calls):
    many = jsonrpclib.MultiCall(server)
    for name, *arguments in calls:
        to = many._notify if name.startswith("notify ") else many
        getattr(to, name.removeprefix("notify "))(*arguments)
    return list(many())


def make(call):
    arguments = from_tagged(call["arguments"])
    named = from_tagged(call.get("named", {}))
    refuse([arguments, named])
    try:
        if call["method"] == BATCH:
            return "value", to_tagged(batch(*arguments))
        return "value", to_tagged(getattr(server, call["method"])(*arguments, **named))
    except jsonrpclib.AppError as error:
        code, text, *_ = error.args[0]
        raise Failed(text, code) from None
    except jsonrpclib.ProtocolError as error:
        code, text = error.args[0][:2]
        raise Failed(text, code) from None


answer_each(make)
