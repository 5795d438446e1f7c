"""jsonrpclib-pelix's own client, 2.0 and 1.0, against the server at --url."""
import sys
from concurrent.futures import ThreadPoolExecutor

import jsonrpclib

url = sys.argv[sys.argv.index("--url") + 1]


def error_of(call, *args):
    try:
        call(*args)
    except jsonrpclib.ProtocolError as error:
        return error.args[0]
    raise AssertionError("no error came")


for version in (2.0, 1.0):
    server = jsonrpclib.ServerProxy(url, version=version)
    assert server.add(1, 2) == 3
    assert server.add(a=1, b=0.5) == 1.5
    assert server.Arith.Multiply(A=17, B=8) == 136
    assert server.Arith.Multiply({"A": 17, "B": 8}) == 136
    for value in (None, True, -(2**63), 2**64 - 1, 0.1, "é\u0000\U0001f600", [], {}, [{"a": [None]}], "long " * 2000):
        assert server.ping(value) == value, value
    assert 1.6e9 < server.time() < 1e11
    assert "add" in server.system.listMethods()
    assert error_of(server.nothing)[0] == -32601
    assert error_of(server.add, 1)[0] == -32602
    assert error_of(server.Arith.Divide, 1, 0) == (-32000, "divide by zero.")
    assert server._notify.hello("you") is None

server = jsonrpclib.ServerProxy(url)
batch = jsonrpclib.MultiCall(server)
batch.add(1, 2)
batch._notify.hello("you")
batch.nothing()
batch.ping([1])
answers = batch()
assert len(answers) == 3 and answers[0] == 3 and answers[2] == [1]
assert error_of(lambda: answers[1])[0] == -32601


def many(thread):
    proxy = jsonrpclib.ServerProxy(url)
    for n in range(50):
        assert proxy.add(thread * 1000, n) == thread * 1000 + n
    return thread


with ThreadPoolExecutor(10) as pool:
    assert sorted(pool.map(many, range(10))) == list(range(10))
print("all is well")
