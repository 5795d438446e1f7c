"""Calls on every wire, by name and by attribute."""

from __future__ import annotations

import copy
import pickle
import weakref
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Callable, ClassVar

import pytest

import manywire
from conftest import add

Connect = Callable[..., manywire.Client]


def test_every_wire_answers(client: manywire.Client) -> None:
    assert add(client, 17, 8) == 25


def test_the_same_client_answers_many_times(client: manywire.Client) -> None:
    assert [add(client, 1, n) for n in range(50)] == list(range(1, 51))


def test_structs_go_in_as_dicts_names_or_dataclasses(connect: Connect) -> None:
    @dataclass
    class Args:
        A: int
        B: int = 8
        unit: ClassVar[str] = "kg"

    for scheme in ("gob", "gob+http", "jsonrpc1+tcp", "jsonrpc1+http"):
        client = connect(scheme)
        assert client.call("Arith.Multiply", {"A": 17, "B": 8}) == 136
        assert client.call("Arith.Multiply", A=17, B=8) == 136
        assert client.Arith.Multiply(A=17, B=8) == 136
        assert client.Arith.Multiply(Args(17)) == 136
        assert client.Arith.Divide({"A": -7, "B": 2}) == {"Quo": -3, "Rem": -1}


def test_positions_and_names_on_the_other_wires(connect: Connect) -> None:
    for scheme in ("jsonrpc", "jsonrpc+ws"):
        client = connect(scheme)
        assert client.add(2, 3) == client.add(a=2, b=3) == client.call("add", b=3, a=2) == 5
        assert client.Arith.Multiply(A=6, B=7) == 42
    assert connect("xmlrpc").multiply(6, 7) == 42
    assert connect("zerorpc").hello("RPC") == "Hello,RPC"
    assert connect("grpc").Greeter.SayHello(name="world") == {"message": "hello world"}
    assert connect("grpc").call("Greeter.SayHello", {"name": "world"}) == {"message": "hello world"}


def test_nested_dataclasses(connect: Connect) -> None:
    @dataclass
    class Inner:
        text: str

    @dataclass
    class Outer:
        inners: list[Inner] = field(default_factory=list)

    value = Outer([Inner("a"), Inner("b")])
    assert connect("jsonrpc").ping(value) == {"inners": [{"text": "a"}, {"text": "b"}]}
    with pytest.raises(TypeError, match="a type cannot be sent"):
        connect("jsonrpc").ping(Outer)


def test_positions_and_names_do_not_mix(connect: Connect) -> None:
    with pytest.raises(TypeError, match="either by position or by name"):
        connect("jsonrpc").add(1, b=2)
    # On net/rpc too, where the server says what the parameters are called.
    assert connect("gob").call("Arith.Multiply", 17, 8) == 136


def test_methods_and_descriptions(client: manywire.Client) -> None:
    names = client.methods()
    assert names
    for name in names:
        assert client.describe(name).strip()


def test_notifications(connect: Connect) -> None:
    for scheme in ("jsonrpc", "jsonrpc+ws"):
        client = connect(scheme)
        assert client.notify("ping", "x") is None
        assert client.add(1, 1) == 2


def test_batches_keep_their_order(client: manywire.Client) -> None:
    if client.wire == "grpc":
        calls: list[Any] = [("UserService/GetUser", {"id": n}) for n in range(1, 2500)]
        expected: list[Any] = [{"id": n, "name": "itxiaoshen"} for n in range(1, 2500)]
    elif client.wire in ("gob", "jsonrpc1"):
        calls = [("Arith.Multiply", {"A": n, "B": 3}) for n in range(2500)]
        expected = [3 * n for n in range(2500)]
    else:
        calls = [manywire.Call("add", n, 3) for n in range(2500)]
        expected = [n + 3 for n in range(2500)]
    assert client.batch(calls) == expected
    assert client.batch([]) == []
    assert client.batch(iter(calls[:3])) == expected[:3]


def test_a_long_batch_outlasts_the_looks_for_signals(connect: Connect) -> None:
    # Each look interrupts the wait; none of the calls under way may be forgotten there.
    calls = [("add", n, 1) for n in range(4000)]
    for _ in range(8):
        assert connect("zerorpc", timeout=20).batch(calls) == list(range(1, 4001))


def test_an_error_in_a_batch_spoils_no_other_call(client: manywire.Client) -> None:
    good, bad = {
        "gob": (("Arith.Multiply", {"A": 2, "B": 3}), ("Arith.Divide", {"A": 1, "B": 0})),
        "jsonrpc1": (("Arith.Multiply", {"A": 2, "B": 3}), ("Arith.Divide", {"A": 1, "B": 0})),
        "grpc": (("UserService/GetUser", {"id": 6}), ("UserService/GetUser", {"id": 0})),
    }.get(client.wire, (("add", 2, 4), ("divide", 1, 0)))
    before, error, after = client.batch([good, bad, good], return_errors=True)
    assert before == after
    assert isinstance(error, manywire.RemoteError)
    with pytest.raises(manywire.RemoteError):
        client.batch([good, bad, good])


def test_batches_with_names(connect: Connect) -> None:
    calls = [manywire.Call("add", a=1, b=2), manywire.Call("Arith.Multiply", A=2, B=3)]
    assert connect("jsonrpc").batch(calls) == [3, 6]
    assert repr(calls[0]) == "Call('add', a=1, b=2)"


def test_another_timeout_on_the_same_connections(connect: Connect) -> None:
    client = connect("zerorpc")
    with pytest.raises(manywire.Timeout, match="within 50ms"):
        client.using(timeout=0.05).sleep(10_000)
    with pytest.raises(manywire.Timeout):
        client.using(timeout=timedelta(milliseconds=20), idempotent=True).sleep(10_000)
    assert client.sleep(60) == 60
    with client.using(timeout=None) as short_lived:
        assert short_lived.sleep(1) == 1
    assert client.sleep(1) == 1


def test_a_closed_client_says_so(client: manywire.Client) -> None:
    client.close()
    client.close()
    with pytest.raises(manywire.UsageError, match="the client is closed"):
        add(client, 1, 2)


def test_names_of_pythons_own_are_no_methods(connect: Connect) -> None:
    client = connect("zerorpc")
    with client.stream("streaming_range", 0, 9, 1) as stream:
        for owner in (client, stream):
            for work in (pickle.dumps, copy.copy, copy.deepcopy):
                with pytest.raises(TypeError, match="cannot pickle or copy a manywire.*; hand over the URL"):
                    work(owner)
        assert weakref.ref(client)() is client
        assert weakref.ref(stream)() is stream
    with pytest.raises(AttributeError, match=r"use call\('_zerorpc_list'\)"):
        client._zerorpc_list()
    assert "hello" in client.call("_zerorpc_list")
    assert repr(client) == f"<manywire.Client {client.url}>"
    assert repr(connect("grpc").Greeter.SayHello).startswith("<manywire.Method Greeter/SayHello of grpc://")
    assert repr(client.Arith.Multiply).startswith("<manywire.Method Arith.Multiply of zerorpc://")


def test_headers_and_tokens_reach_a_server() -> None:
    with manywire.serve(token="me:secret") as server:
        for token in ("me:secret", ("me", "secret")):
            with manywire.connect(server.url("grpc"), token=token) as client:
                assert client.UserService.GetUser(id=1)["name"] == "itxiaoshen"
        with manywire.connect(server.url("grpc"), headers={"appid": "me", "appkey": "secret"}) as client:
            assert client.UserService.GetUser(id=1)["name"] == "itxiaoshen"
        with manywire.connect(server.url("grpc"), token="me:wrong") as client:
            with pytest.raises(manywire.RemoteError) as raised:
                client.UserService.GetUser(id=1)
            assert (raised.value.code, raised.value.kind) == (16, "unauthenticated")
        with pytest.raises(manywire.UsageError, match="APPID:APPKEY"):
            manywire.connect(server.url("grpc"), token="nonsense")
        with pytest.raises(manywire.UnsupportedError, match="carries no headers"):
            manywire.connect(server.url("gob"), headers={"a": "b"})


def test_a_second_server_takes_over(server: manywire.Server) -> None:
    here = server.address("xmlrpc")
    for scheme in ("gob", "jsonrpc", "grpc"):
        with manywire.connect(f"{scheme}://127.0.0.1:1,{here}") as client:
            assert add(client, 1, 2) == 3
