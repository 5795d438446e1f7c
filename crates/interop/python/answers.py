"""A client's side of scripts/interop: a wire and an address as arguments, then a call and an answer a line; see src/bin/interop/ask.rs."""
import json
import sys


class Cannot(Exception):
    """The library has no way to make this call."""


class Failed(Exception):
    """The server answered with an error."""

    def __init__(self, text, code=None, name=None):
        super().__init__(text)
        self.error = {"text": text, "code": code, "name": name}


def skip(why):
    print(f"SKIPPED {why}", flush=True)
    sys.exit(0)


def answer_each(make):
    """Makes each call with `make(call)`, which returns `("value", value)` or `("items", items)`, both tagged."""
    print("READY", flush=True)
    for line in sys.stdin:
        call = json.loads(line)
        try:
            kind, content = make(call)
        except Cannot as why:
            kind, content = "cannot", str(why)
        except Failed as failed:
            kind, content = "error", failed.error
        print(json.dumps({"id": call["id"], kind: content}), flush=True)
