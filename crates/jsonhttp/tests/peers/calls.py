"""Calls every kind of method with requests, as a stranger to manywire would."""

import json
import sys

import requests

base = sys.argv[1]
session = requests.Session()


def call(name, **options):
    return session.post(f"{base}/call/{name}", timeout=30, **options)


assert call("add", json={"a": 3, "b": 2}).json() == 5
assert call("add", json=[3, 2.5]).json() == 5.5
assert call("Arith.Divide", json={"A": 17, "B": 8}).json() == {"Quo": 2, "Rem": 1}
assert call("handler/js.J", json=["x"]).json() == "123,x"
assert call("time", headers={"content-type": "application/json"}).json() > 1e9

deep = {"list": [1, -2.5, None, True, {"text": "é€😀"}], "empty": {}, "large": 2**63}
assert call("echo", json=[deep]).json() == deep
long = "x" * 1_000_000
assert call("echo", json=[long]).json() == long

assert session.get(f"{base}/call/add", params={"a": 3, "b": 2}, timeout=30).json() == 5
assert session.get(f"{base}/call/h.Hello", params={"arg": "a&b=é"}, timeout=30).json() == "hello,a&b=é"
assert session.get(f"{base}/?a=3&b=2", timeout=30).json() == {"result": 5}

for answer, status, kind in [
    (call("Add", json=[1, 2]), 404, "unknown_method"),
    (call("add", json=[1]), 400, "invalid_params"),
    (call("add", data={"a": 1}), 415, "invalid_request"),
    (call("add", json=[1, 2], headers={"origin": "null"}), 403, None),
    (call("sleep", json=[60_000], headers={"request-timeout": "0.1"}), 408, "deadline_exceeded"),
    (session.get(f"{base}/call/sleep", params={"ms": 1}, timeout=30), 405, "unsupported"),
]:
    assert answer.status_code == status, (answer.status_code, answer.text)
    assert kind is None or answer.json()["error"]["kind"] == kind, answer.text

with call("streaming_range", json=[0, 20_000, 1], stream=True) as items:
    assert items.headers["content-type"] == "application/x-ndjson"
    assert [json.loads(line) for line in items.iter_lines()] == list(range(20_000))

with session.get(
    f"{base}/call/ticks", headers={"accept": "text/event-stream"}, stream=True, timeout=30
) as events:
    first = next(line for line in events.iter_lines() if line.startswith(b"data: "))
    assert "n" in json.loads(first[6:]), first

print("every check held")
