"""Drives a server with Python's own XML-RPC client: python3 calls.py URL. Exits with 0 when every check held."""

import datetime
import math
import sys
import time
import xmlrpc.client
from xmlrpc.client import Binary, DateTime, Fault

url = sys.argv[1]
server = xmlrpc.client.ServerProxy(url, allow_none=True)
builtin = xmlrpc.client.ServerProxy(url, allow_none=True, use_builtin_types=True)


def check(got, expected):
    assert got == expected and type(got) is type(expected), f"expected {expected!r}, got {got!r}"


def check_fault(code, text, call, *params):
    try:
        got = call(*params)
    except Fault as fault:
        assert fault.faultCode == code and text in fault.faultString, f"expected {code} {text!r}, got {fault!r}"
    else:
        raise AssertionError(f"expected fault {code}, got {got!r}")


def raw(inner, encoding="utf-8"):
    """Sends a call that xmlrpc.client would not write."""
    body = f"<?xml version='1.0' encoding='{encoding}'?>{inner}".encode(encoding)
    transport = xmlrpc.client.Transport()
    return transport.request(url.split("/")[2], "/RPC2", body)[0]


# The notes' methods.
check(server.add(2, 3), 5)
check(server.add(2, 0.5), 2.5)
check(server.add(2**31 - 1, 1), 2**31)
check(server.multiply(6, 7), 42)
check(server.subtract(3, 10), 7)
check(server.divide(7, 2), 3.5)
check(server.divide(6, 3), 2.0)
check(server.sleep(1), 1)
check(getattr(server, "Arith.Multiply")(17, 8), 136)
check(server.Arith.Divide({"A": 17, "B": 8}), {"Quo": 2, "Rem": 1})
check(server.js.J("x"), "123,x")

# Every type, there and back.
for value in [
    None, True, False, 0, -1, 2**31 - 1, -(2**31),
    0.0, -0.0, 1.5, 0.1, 1e300, -5e-324, 1.7976931348623157e308, math.inf, -math.inf,
    "", " ", "  both ends\t\n", "a\r\nb\rc", "<&>\"']]>", "é ü 你好 \U0001f600", "\x7f\x85\u2028", "x" * 100_000,
    [], [1, [2, [3, []]]], {}, {"": 1, "a b": [None], "<é>": {"deep": True}},
]:  # fmt: skip
    check(server.echo(value), value)
    check(server.ping([value, {"k": value}]), [value, {"k": value}])
assert math.copysign(1, server.echo(-0.0)) == -1
assert math.isnan(server.echo(math.nan))
check(builtin.echo(b""), b"")
check(builtin.echo(bytes(range(256)) * 20), bytes(range(256)) * 20)
check(server.echo(b"\0\xff"), Binary(b"\0\xff"))
check(builtin.echo(datetime.datetime(1998, 7, 17, 14, 8, 55)), datetime.datetime(1998, 7, 17, 14, 8, 55))
check(builtin.echo(datetime.datetime(9999, 12, 31, 23, 59, 59)), datetime.datetime(9999, 12, 31, 23, 59, 59))
for text in ["19980717T14:08:55", "00010101T00:00:00", "20260131T12:00:00Z", "20260131T12:00:00.25+05:30"]:
    check(server.echo(DateTime(text)), DateTime(text))

# Encodings, and forms that Python reads but does not write.
call = "<methodCall><methodName>echo</methodName><params><param>{}</param></params></methodCall>"
for text, encodings in {
    "café": ["utf-8", "utf-16", "iso-8859-1", "iso-8859-15", "windows-1252", "cp1250"],
    "Привет": ["koi8-r", "windows-1251", "iso-8859-5"],
    "日本": ["shift_jis", "euc-jp", "gb18030"],
}.items():
    for encoding in encodings:
        check(raw(call.format(f"<value>{text}</value>"), encoding), text)
check(raw(call.format("<value><string>a&#13;b</string></value>")), "a\rb")
check(raw(call.format("<value/>")), "")
for wide in [2**31, 2**63 - 1, -(2**63)]:
    check(raw(call.format(f"<value><i8>{wide}</i8></value>")), wide)
    check(raw(call.format(f"<value><biginteger>{wide}</biginteger></value>")), wide)
check(raw(call.format("<value><bigdecimal>-12.50</bigdecimal></value>")), -12.5)

# Faults.
check_fault(-32500, "division by zero", server.divide, 1, 0)
wide = f"<value><i8>{2**62}</i8></value>"
check_fault(-32500, str(2**62), raw, call.format(f"{wide}</param><param>{wide}").replace("echo", "multiply"))
check_fault(-32601, "no method no.such", getattr(server, "no.such"))
check_fault(-32601, "1000 bytes", getattr(server, "x" * 1000))
check_fault(-32601, "stream", server.streaming_range, 0, 3, 1)
check_fault(-32602, "takes 2 parameters, got 1", server.add, 1)
check_fault(-32602, "add: parameter `a`: expected a number, got string", server.add, "1", 2)
check_fault(-32602, "add: parameter `a`: expected a number, got struct", server.add, {}, 2)
check_fault(-32602, "add: parameter `b`: expected a number, got nil", server.add, 1, None)
check_fault(-32602, "Arith.Multiply: parameter `A`: expected int, got double 1.5", server.Arith.Multiply, 1.5, 2)
check_fault(-32601, "the method's name is empty", getattr(server, ""))
check_fault(-32400, "longer than the limit of 16777216 bytes", server.echo, "\r" * 4_000_000)
check_fault(-32602, "no biginteger that fits", raw, call.format(f"<value><biginteger>{2**64}</biginteger></value>"))
check_fault(-32602, "no bigdecimal that fits", raw, call.format(f"<value><bigdecimal>0.{'1' * 30}</bigdecimal></value>"))
check_fault(-32603, "U+0001", server.test.control)
check_fault(-32603, "inside the server", server.test.panics)
check_fault(-32500, "beyond 64-bit", server.test.unsigned)
check_fault(-32500, "told \ufffd off", server.test.fails)
check_fault(-32602, "no int that fits", raw, call.format("<value><int>x</int></value>"))
check_fault(-32602, "128 levels", raw, call.format("<value><array><data>" * 129 + "</data></array></value>" * 129))
check_fault(-32600, "methodCall", raw, "<methodResponse/>")
check_fault(-32700, "not well-formed", raw, "<methodCall>")
check_fault(-32700, "document type", raw, "<!DOCTYPE a [<!ENTITY b 'c'>]>" + call.format("<value>&b;</value>"))
check_fault(-32701, "unsupported encoding", raw, call.format("<value/>"), "cp850")

# Introspection.
names = server.system.listMethods()
assert {"add", "echo", "Arith.Multiply", "system.multicall"} <= set(names) and names == sorted(names), names
assert "streaming_range" not in names
for name in names:
    assert server.system.methodHelp(name)
    signatures = server.system.methodSignature(name)
    assert signatures and all(types and all(isinstance(t, str) for t in types) for types in signatures), signatures
check(server.system.methodSignature("divide"), [["double", "int", "int"], ["double", "double", "double"]])
check(server.system.methodSignature("js.J"), [["string", "string"]])
check_fault(-32601, "no method nothing", server.system.methodHelp, "nothing")
check_fault(-32602, "takes 1 parameter", server.system.methodSignature)
check_fault(-32601, "no method system.nothing", server.system.nothing)
capabilities = server.system.getCapabilities()
assert set(capabilities) == {"xmlrpc", "faults_interop", "introspection", "system.multicall"}, capabilities
assert all(set(entry) == {"specUrl", "specVersion"} for entry in capabilities.values())

# Many calls in one: a bad one never spoils the others.
many = xmlrpc.client.MultiCall(server)
many.add(1, 2)
many.divide(1, 0)
many.sleep(50)
many.no_such()
many.test.control()
many.system.multicall([])
many.system.listMethods()
many.echo("last")
results = many()
check(results[0], 3)
check_fault(-32500, "division by zero", results.__getitem__, 1)
check(results[2], 50)
check_fault(-32601, "no method no_such", results.__getitem__, 3)
check_fault(-32603, "U+0001", results.__getitem__, 4)
check_fault(-32600, "inside itself", results.__getitem__, 5)
check(results[6], names)
check(results[7], "last")
broken = server.system.multicall([1, {}, {"methodName": 1, "params": []}, {"methodName": "add", "params": 1}])
assert [entry["faultCode"] for entry in broken] == [-32602] * 4, broken
check(server.system.multicall([]), [])
check(len(server.system.multicall([{"methodName": "add", "params": [1, 2]}] * 1000)), 1000)
began = time.monotonic()
sleeps = server.system.multicall([{"methodName": "sleep", "params": [500 - n // 2]} for n in range(1000)])
check(sleeps, [[500 - n // 2] for n in range(1000)])
assert time.monotonic() - began < 30, "they did not sleep together"
long = [{"methodName": "echo", "params": ["\r" * 1_300_000]}] * 3
kinds = [type(outcome) for outcome in server.system.multicall(long)]
check(kinds, [list, list, dict])
check_fault(-32600, "at most 1000", server.system.multicall, [{}] * 100_000)
check_fault(-32600, "longer than the limit of 16777216 bytes", server.echo, "x" * 20_000_000)
check_fault(-32602, "an array of calls", server.system.multicall)
check_fault(-32602, "an array of calls", server.system.multicall, 1)

# gzip both ways: xmlrpc.client packs requests over this size, and always accepts packed answers.
packing = xmlrpc.client.ServerProxy(url)
packing("transport").encode_threshold = 100
check(packing.echo("gzip " * 10_000), "gzip " * 10_000)

# It is still the same server.
check(server.add(1, 1), 2)
print("every check held")
