"""The servers of others: Go's net/rpc, and Python's xmlrpc, jsonrpclib, zerorpc and grpcio."""

from __future__ import annotations

import asyncio
import sys
from datetime import datetime, timedelta, timezone
from typing import Any, Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import manywire
from conftest import ROOT, Peer
from test_values import AWARE, FLOATS, INT64, JSON, MSGPACK, TEXT, XML_TEXT, nested, same


@pytest.fixture(scope="module", params=["gob", "gob+http", "jsonrpc1+tcp", "jsonrpc1+http"])
def go(request: pytest.FixtureRequest, go_peer: dict[str, str]) -> Iterator[manywire.Client]:
    listener = {"gob": "gob", "jsonrpc1+tcp": "json"}.get(request.param, "http")
    path = "/jsonrpc" if request.param == "jsonrpc1+http" else ""
    with manywire.connect(f"{request.param}://{go_peer[listener]}{path}") as client:
        yield client


def test_go_answers(go: manywire.Client) -> None:
    assert go.Arith.Multiply(A=17, B=8) == 136
    assert go.call("Arith.Divide", {"A": -7, "B": 2}) == {"Quo": -3, "Rem": -1}
    assert go.h.Hello("gopher") == "hello,gopher"
    assert go.call("handler/js.J", "x") == "123,x"
    assert go.batch([("Arith.Multiply", {"A": n, "B": 2}) for n in range(1000)]) == [2 * n for n in range(1000)]


def test_gos_errors(go: manywire.Client) -> None:
    with pytest.raises(manywire.RemoteError, match=r"^divide by zero\.$"):
        go.Arith.Divide(A=1, B=0)
    with pytest.raises(manywire.RemoteError, match="can't find method Arith.Nothing") as raised:
        go.Arith.Nothing({})
    assert raised.value.kind == "unknown_method"
    with pytest.raises(manywire.RemoteError):
        go.Arith.Multiply(A="x", B=2)
    assert go.Arith.Multiply(A=3, B=2) == 6


@pytest.fixture(scope="module")
def gob(go_peer: dict[str, str]) -> Iterator[manywire.Client]:
    with manywire.connect(f"gob://{go_peer['gob']}") as client:
        yield client


#: What Echo.Kinds returns where a field was not sent; Go leaves out what is zero, and maps and lists that are empty.
ZERO: dict[str, Any] = {
    "Flag": False, "Int": 0, "Small": 0, "Uint": 0, "Byte": 0, "Float": 0.0, "Text": "", "Bytes": b"",
    "Ints": [], "Texts": [], "Counts": {}, "Names": {}, "Inner": None, "Inners": [], "Anything": None,
}  # fmt: skip

PLAIN_FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "Flag": st.booleans(),
    "Int": INT64,
    "Small": st.integers(-128, 127),
    "Uint": st.integers(0, 2**64 - 1),
    "Byte": st.integers(0, 255),
    "Float": FLOATS,
    "Text": TEXT,
    "Bytes": st.binary(),
    "Time": AWARE,
    "Ints": st.lists(INT64),
    "Texts": st.lists(TEXT),
    "Counts": st.dictionaries(TEXT, INT64),
    "Names": st.dictionaries(INT64, TEXT),
}
KINDS = st.fixed_dictionaries({}, optional=PLAIN_FIELDS)


def to_go(fields: dict[str, Any]) -> dict[str, Any]:
    """The same, with the words that Go needs."""
    words = {"Uint": manywire.gob.uint, "Byte": manywire.gob.uint, "Counts": manywire.gob.map, "Names": manywire.gob.map}
    return {name: words.get(name, lambda value: value)(value) for name, value in fields.items()}


def comes_back(sent: dict[str, Any], received: dict[str, Any]) -> bool:
    received = {name: value for name, value in received.items() if name != "Time" or "Time" in sent}
    return received.keys() == {*ZERO, *sent} and all(
        same(sent[name], value) or (isinstance(value, dict) and sent[name] == value) if name in sent else value == ZERO[name]
        for name, value in received.items()
    )


@given(fields=KINDS)
@example(fields={"Uint": 2**64 - 1, "Int": -(2**63), "Float": -0.0, "Text": "\x00ü😀", "Bytes": bytes(range(256))})
def test_every_kind_of_value_of_gos(gob: manywire.Client, fields: dict[str, Any]) -> None:
    received = gob.Echo.Kinds(to_go(fields))
    # To gob -0.0 is not zero, so it is sent; Python has them equal.
    assert comes_back(fields, received), (fields, received)


@given(inner=KINDS, inners=st.lists(KINDS.filter(bool), min_size=1, max_size=1))
@example(inner={"Ints": []}, inners=[{"Counts": {}}])
@settings(max_examples=30)
def test_structs_in_structs(gob: manywire.Client, inner: dict[str, Any], inners: list[dict[str, Any]]) -> None:
    received = gob.Echo.Kinds(Inner=to_go(inner), Inners=[to_go(kinds) for kinds in inners])
    assert comes_back(inners[0], received["Inners"][0])
    # A struct without any field is left out, as nothing.
    assert comes_back(inner, received["Inner"]) if inner else received["Inner"] is None


@given(counts=st.dictionaries(TEXT, INT64, min_size=1), number=st.integers(0, 2**64 - 1))
def test_maps_and_unsigned_numbers_on_their_own(gob: manywire.Client, counts: dict[str, int], number: int) -> None:
    assert gob.Echo.Counts(manywire.gob.map(counts)) == counts
    assert gob.Echo.Uint(manywire.gob.uint(number)) == number


def test_go_from_asyncio(go_peer: dict[str, str]) -> None:
    async def work() -> list[Any]:
        async with manywire.aio.connect(f"gob://{go_peer['gob']}") as client:
            return await asyncio.gather(*(client.call("Arith.Multiply", A=n, B=n) for n in range(500)))

    assert asyncio.run(work()) == [n * n for n in range(500)]


@pytest.fixture(scope="module")
def xmlrpc(xmlrpc_peer: str) -> Iterator[manywire.Client]:
    with manywire.connect(f"xmlrpc://{xmlrpc_peer}") as client:
        yield client


PYTHONS_XML = nested(
    # Its numbers are 32 bits, and a carriage return of its own becomes a line feed.
    st.none() | st.booleans() | st.integers(-(2**31), 2**31 - 1) | FLOATS | XML_TEXT | st.binary()
    | st.datetimes(datetime(1000, 1, 1), datetime(9999, 12, 31)).map(lambda time: time.replace(microsecond=0)),
    XML_TEXT,
)  # fmt: skip


@given(value=PYTHONS_XML)
def test_pythons_xmlrpc(xmlrpc: manywire.Client, value: Any) -> None:
    assert same(value, xmlrpc.echo(value))


def test_pythons_xmlrpc_in_full(xmlrpc: manywire.Client) -> None:
    assert xmlrpc.add(2, 3) == 5
    assert xmlrpc.kind(datetime(1998, 7, 17, 14, 8, 55)) == "datetime datetime.datetime(1998, 7, 17, 14, 8, 55)"
    assert xmlrpc.batch([("add", n, 1) for n in range(300)]) == list(range(1, 301))
    assert {"add", "echo", "system.listMethods"} <= set(xmlrpc.methods())
    with pytest.raises(manywire.RemoteError) as raised:
        xmlrpc.fail()
    assert (raised.value.code, raised.value.message) == (42, "as told <&>\r\n")


@pytest.fixture(scope="module")
def jsonrpclib(jsonrpclib_peer: str) -> Iterator[manywire.Client]:
    with manywire.connect(f"jsonrpc://{jsonrpclib_peer}") as client:
        yield client


@given(value=JSON)
@settings(max_examples=30)
def test_jsonrpclib(jsonrpclib: manywire.Client, value: Any) -> None:
    assert same(value, jsonrpclib.echo(value))


def test_jsonrpclib_in_full(jsonrpclib: manywire.Client) -> None:
    assert jsonrpclib.add(a=2, b=3) == jsonrpclib.add(2, 3) == 5
    assert jsonrpclib.batch([("add", n, 1) for n in range(100)]) == list(range(1, 101))
    jsonrpclib.notify("remember", "this")
    assert jsonrpclib.recall() == "this"
    with pytest.raises(manywire.RemoteError) as raised:
        jsonrpclib.nothing()
    assert (raised.value.code, raised.value.kind) == (-32601, "unknown_method")


@pytest.fixture(scope="module")
def zerorpc(zerorpc_peer: str) -> Iterator[manywire.Client]:
    with manywire.connect(f"zerorpc://{zerorpc_peer}") as client:
        yield client


@given(value=MSGPACK)
def test_pythons_zerorpc(zerorpc: manywire.Client, value: Any) -> None:
    assert same(value, zerorpc.echo(value))


def test_pythons_zerorpc_in_full(zerorpc: manywire.Client) -> None:
    assert zerorpc.add(2, 3) == 5
    assert list(zerorpc.count(1000)) == list(range(1000))
    assert "echo" in zerorpc.methods()
    assert "The sum." in zerorpc.describe("add")
    with pytest.raises(manywire.RemoteError, match="not like this") as raised:
        zerorpc.fail("not like this")
    assert raised.value.data["name"] == "ValueError"
    items = zerorpc.stream("broken")
    assert next(items) == 1
    with pytest.raises(manywire.RemoteError, match="in the middle"):
        next(items)
    with pytest.raises(manywire.Timeout):
        zerorpc.using(timeout=0.1).sleep(5000)
    assert zerorpc.add(1, 1) == 2


@pytest.fixture(scope="module")
def grpcio(grpc_peer: str) -> Iterator[manywire.Client]:
    with manywire.connect(f"grpc://{grpc_peer}", token="me:key") as client:
        yield client


@given(
    fields=st.fixed_dictionaries(
        {},
        optional={
            "doubleValue": FLOATS,
            "int64Value": INT64,
            "uint64Value": st.integers(0, 2**64 - 1),
            "sfixed32Value": st.integers(-(2**31), 2**31 - 1),
            "boolValue": st.booleans(),
            "stringValue": TEXT,
            "bytesValue": st.binary(),
            "color": st.sampled_from(["COLOR_UNSPECIFIED", "COLOR_RED", "COLOR_BLUE"]),
            "texts": st.lists(TEXT),
            "counts": st.dictionaries(TEXT, INT64),
            "optionalInt32": st.integers(-(2**31), 2**31 - 1),
        },
    )
)
def test_grpcio(grpcio: manywire.Client, fields: dict[str, Any]) -> None:
    back = grpcio.TypesService.Echo(fields)
    assert all(back[name] == value for name, value in fields.items()), (fields, back)


def test_grpcio_in_full(grpcio: manywire.Client) -> None:
    assert grpcio.Greeter.SayHello(name="world") == {"message": "hello world from me"}
    assert [item["data"] for item in grpcio.Greeter.GetStream(data="300")] == [str(n) for n in range(300)]
    assert grpcio.Greeter.PutStream({"data": letter} for letter in "abc") == {"data": "abc"}
    assert [item["message"] for item in grpcio.ChatService.TextChat({"message": x} for x in "ab")] == ["A", "B"]
    with pytest.raises(manywire.RemoteError, match="who are you") as raised:
        grpcio.Greeter.SayHello(name="")
    assert (raised.value.code, raised.value.wire) == (9, "grpc")


def test_grpcio_from_asyncio(grpc_peer: str) -> None:
    async def work() -> None:
        async with manywire.aio.connect(f"grpc://{grpc_peer}") as client:
            greetings = await asyncio.gather(*(client.Greeter.SayHello(name=str(n)) for n in range(100)))
            assert [greeting["message"] for greeting in greetings] == [f"hello {n} from nobody" for n in range(100)]
            assert len([item async for item in client.Greeter.GetStream(data="300")]) == 300

    asyncio.run(asyncio.wait_for(work(), 60))


def test_a_peer_that_dies_in_the_middle_of_a_call(zerorpc_peer: str) -> None:
    del zerorpc_peer  # it shows that the package is there
    with Peer(sys.executable, ROOT / "python/tests/peers/zerorpc_server.py") as peer:
        (address,) = peer.addresses(1).values()
        client = manywire.connect(f"zerorpc://{address}", attempts=1)
        stream = client.stream("count", 10**9)
        assert next(stream) == 0
    with pytest.raises(manywire.ConnectError):
        for _ in stream:
            pass
    client.close()


def test_times_far_away(gob: manywire.Client) -> None:
    for time in (datetime(1, 1, 1, 12, tzinfo=timezone.utc), datetime(9999, 12, 31, 11, tzinfo=timezone(timedelta(hours=-12)))):
        assert gob.Echo.Kinds(Time=time)["Time"] == time
