"""A bare socket that speaks JSON-RPC 1.0."""
import json
import socket
import sys

from answers import Cannot, Failed, answer_each
from tagged import from_tagged, to_tagged

_, address = sys.argv[1:]
host, port = address.rsplit(":", 1)
connection = socket.create_connection((host, int(port)))
lines = connection.makefile("r", encoding="utf-8")


def make(call):
    request = {"id": call["id"], "method": call["method"], "params": from_tagged(call["arguments"])}
    try:
        data = json.dumps(request, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise Cannot(f"JSON: {error}") from None
    connection.sendall(data)
    answer = json.loads(lines.readline())
    if answer["id"] != call["id"]:
        raise ValueError(f"asked {request}, got {answer}")
    if answer["error"] is not None:
        raise Failed(answer["error"])
    return "value", to_tagged(answer["result"])


answer_each(make)
