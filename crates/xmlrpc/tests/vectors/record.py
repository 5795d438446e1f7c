"""Records what Python's xmlrpc.client writes, as the vectors beside this file: python3 record.py > python-3.11.jsonl"""

import base64
import datetime
import json
import xmlrpc.client

EPOCH = datetime.datetime(1970, 1, 1)


def tagged(value):
    """The value in JSON, under the name of its type."""
    if value is None:
        return {"nil": None}
    if isinstance(value, bool):
        return {"boolean": value}
    if isinstance(value, int):
        return {"int": value}
    if isinstance(value, float):
        return {"double": repr(value)}
    if isinstance(value, str):
        return {"string": value}
    if isinstance(value, (bytes, bytearray)):
        return {"base64": base64.b64encode(value).decode()}
    if isinstance(value, datetime.datetime):
        return {"dateTime": [(value - EPOCH) // datetime.timedelta(seconds=1), None]}
    if isinstance(value, xmlrpc.client.DateTime):
        assert value.value.endswith("Z")
        aware = datetime.datetime.fromisoformat(value.value)
        return {"dateTime": [int(aware.timestamp()), 0]}
    if isinstance(value, (list, tuple)):
        return {"array": [tagged(item) for item in value]}
    return {"struct": [[name, tagged(member)] for name, member in value.items()]}


nested = "core"
for _ in range(20):
    nested = {"": [nested]}

CALLS = {
    "no parameters": (),
    "integers": (0, 1, -1, 2**31 - 1, -(2**31)),
    "booleans": (True, False),
    "nil": (None, [None], {"a": None}),
    "doubles": (0.0, -0.0, 1.5, -1e300, 5e-324, 0.1, 1e16, 3.0, 1.7976931348623157e308, float("inf"), float("-inf")),
    "strings": ("", " ", " both ends ", "a\nb\tc", "<&>\"'", "]]>", "é ü 你好 \U0001f600", "x" * 3000),
    "carriage returns": ("a\r\nb", "\r"),
    "bytes": (b"", b"\x00\xff", bytes(range(256)), bytearray(b"mutable")),
    "dates": (
        datetime.datetime(1998, 7, 17, 14, 8, 55),
        datetime.datetime(1, 1, 1),
        datetime.datetime(9999, 12, 31, 23, 59, 59, 999999),
    xmlrpc.client.DateTime("2026-01-31T12:00:00Z"),
    ),
    "arrays": ([], [1, "two", 3.5], [[], [[]]], tuple(range(100))),
    "structs": ({}, {"": ""}, {"a b": 1, "<&>": 2, "é": {"deep": [1, {"er": True}]}}),
    "nested": (nested,),
}

for name, params in CALLS.items():
    xml = xmlrpc.client.dumps(params, "some.method", allow_none=True)
    print(json.dumps({"name": name, "xml": xml, "params": [tagged(param) for param in params]}))
