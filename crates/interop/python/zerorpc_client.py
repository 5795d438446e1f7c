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
client = zerorpc.Client(f"tcp://{address}", timeout=60)


def make(call):
    arguments = from_tagged(call["arguments"])
    try:
        answer = client(call["method"], *arguments)
        if not call.get("stream"):
            return "value", to_tagged(answer)
        items = list(itertools.islice(answer, call.get("take")))
        if "take" in call:
            answer.close()
        return "items", to_tagged(items)
    except zerorpc.RemoteError as error:
        raise Failed(error.msg, name=error.name) from None
    except (TypeError, OverflowError) as error:
        raise Cannot(f"msgpack: {error}") from None


answer_each(make)
