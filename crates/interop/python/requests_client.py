"""requests: POST /jsonrpc, JSON-RPC 2.0, JSON over HTTP, and the adder."""
import sys

from answers import Failed, answer_each, skip
from http_calls import answer_of, encode, request_of
from tagged import from_tagged, to_tagged

try:
    import requests
except ImportError:
    skip("no requests for Python")

wire, address = sys.argv[1:]
session = requests.Session()


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


def by_path(call):
    verb, path, headers, body = request_of(call)
    with session.request(verb, f"http://{address}{path}", headers=headers, data=body, stream=True) as response:
        return answer_of(call, response.status_code, response.headers.get("content-type", ""), response.iter_lines())


answer_each({"jsonrpc1-http": net_rpc, "jsonrpc": json_rpc, "http": by_path}[wire])
