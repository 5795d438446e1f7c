"""requests: POST /jsonrpc, JSON-RPC 2.0, and the adder."""
import json
import sys

from answers import Cannot, Failed, answer_each, skip
from tagged import from_tagged, to_tagged

try:
    import requests
except ImportError:
    skip("no requests for Python")

wire, address = sys.argv[1:]
session = requests.Session()


def encode(value):
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise Cannot(f"JSON: {error}") from None


def arguments(call):
    return from_tagged(call["named"] if "named" in call else call["arguments"])


def net_rpc(call):
    request = {"id": call["id"], "method": call["method"], "params": arguments(call)}
    answer = session.post(f"http://{address}/jsonrpc", data=encode(request)).json()
    if answer["id"] != call["id"]:
        raise ValueError(f"asked {request}, got {answer}")
    if answer["error"] is not None:
        raise Failed(answer["error"])
    return "value", to_tagged(answer["result"])


def json_rpc(call):
    request = {"jsonrpc": "2.0", "id": call["id"], "method": call["method"], "params": arguments(call)}
    headers = {"content-type": "application/json"}
    answer = session.post(f"http://{address}/", data=encode(request), headers=headers).json()
    if answer["id"] != call["id"] or answer["jsonrpc"] != "2.0":
        raise ValueError(f"asked {request}, got {answer}")
    if "error" in answer:
        raise Failed(answer["error"]["message"], answer["error"]["code"])
    return "value", to_tagged(answer["result"])


def adder(call):
    answer = session.get(f"http://{address}/", params=from_tagged(call["named"]))
    content = answer.json()
    if not answer.ok:
        raise Failed(content["error"], answer.status_code)
    return "value", to_tagged(content["result"])


answer_each({"jsonrpc1-http": net_rpc, "jsonrpc": json_rpc, "http": adder}[wire])
