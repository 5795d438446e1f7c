"""What goes out and comes back, on every wire."""

from __future__ import annotations

import math
import re
from collections import OrderedDict
from datetime import datetime, timedelta, timezone, tzinfo
from enum import IntEnum
from types import MappingProxyType
from typing import Any, Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import manywire

Connect = Callable[..., manywire.Client]

INT64 = st.integers(-(2**63), 2**63 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
#: XML cannot carry every character; lone surrogates are none.
XML_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\ufffe\uffff", exclude_categories=["Cc", "Cs"]))
TEXT = st.text(st.characters(codec="utf-8"))
ZONES = st.builds(timezone, st.timedeltas(timedelta(hours=-23), timedelta(hours=23)).map(lambda d: timedelta(minutes=d // timedelta(minutes=1))))
AWARE = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=ZONES)


def nested(leaves: st.SearchStrategy[Any], keys: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4), max_leaves=20)


JSON = nested(st.none() | st.booleans() | INT64 | FLOATS | TEXT, TEXT)
XML = nested(
    st.none() | st.booleans() | INT64 | FLOATS | XML_TEXT | st.binary() | st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)), XML_TEXT
)
MSGPACK = nested(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | FLOATS | TEXT | st.binary(), TEXT | st.binary()
)


def same(sent: Any, received: Any) -> bool:
    """Equal, and of equal types: 1, 1.0 and True are not the same."""
    if isinstance(sent, (list, tuple)):
        return isinstance(received, list) and len(sent) == len(received) and all(map(same, sent, received))
    if isinstance(sent, dict):
        return (
            isinstance(received, dict)
            and list(sent) == list(received)
            and all(same(item, received[key]) for key, item in sent.items())
        )
    if isinstance(sent, datetime):
        return sent == received and sent.utcoffset() == received.utcoffset()
    return type(sent) is type(received) and sent == received


@pytest.fixture(scope="module")
def jsonrpc(server: manywire.Server) -> manywire.Client:
    return manywire.connect(server.url("jsonrpc"))


@pytest.fixture(scope="module")
def websocket(server: manywire.Server) -> manywire.Client:
    return manywire.connect(server.url("jsonrpc+ws"))


@pytest.fixture(scope="module")
def xmlrpc(server: manywire.Server) -> manywire.Client:
    return manywire.connect(server.url("xmlrpc"))


@pytest.fixture(scope="module")
def zerorpc(server: manywire.Server) -> manywire.Client:
    return manywire.connect(server.url("zerorpc"))


@pytest.fixture(scope="module")
def gob(server: manywire.Server) -> manywire.Client:
    return manywire.connect(server.url("gob"))


@pytest.fixture(scope="module")
def grpc(server: manywire.Server) -> manywire.Client:
    return manywire.connect(server.url("grpc"))


@given(value=JSON)
@example(value=[2**63 - 1, -(2**63), 5e-324, -0.0, "\x00\u2028😀"])
def test_json(jsonrpc: manywire.Client, websocket: manywire.Client, value: Any) -> None:
    assert same(value, jsonrpc.ping(value))
    assert same(value, websocket.ping(value))


@given(value=XML)
@example(value=["\r\n\t<&>]]>", b"", 2**31, -(2**63)])
def test_xmlrpc(xmlrpc: manywire.Client, value: Any) -> None:
    assert same(value, xmlrpc.echo(value))


@given(value=MSGPACK)
def test_zerorpc(zerorpc: manywire.Client, value: Any) -> None:
    assert same(value, zerorpc.echo(value))


@given(value=AWARE)
@example(value=datetime(2000, 1, 1, tzinfo=timezone(timedelta(minutes=-1))))
def test_times_with_a_zone(jsonrpc: manywire.Client, zerorpc: manywire.Client, gob: manywire.Client, value: datetime) -> None:
    back = gob.ping(X=value)
    # Go has no zone a minute west of UTC.
    assert same(value, back) or (back == value and value.utcoffset() == timedelta(minutes=-1))
    # msgpack's timestamps are in UTC, JSON has none.
    assert zerorpc.echo(value) == value
    text = jsonrpc.ping(value)
    assert datetime.fromisoformat(text.replace("Z", "+00:00")) == value if value.microsecond == 0 else isinstance(text, str)


@given(
    # A struct's field that is zero is left out by gob, so what type it had is not known.
    value=(st.booleans() | INT64 | FLOATS | TEXT | st.binary()).filter(bool) | st.lists(INT64, min_size=1) | st.lists(TEXT, min_size=1)
    | st.dictionaries(st.from_regex(r"\A[A-Z][a-z]{0,8}\Z"), INT64 | TEXT | FLOATS | st.booleans(), min_size=1)
)
def test_gob(gob: manywire.Client, value: Any) -> None:
    assert same(value, gob.ping(X=value))


@given(
    fields=st.fixed_dictionaries(
        {},
        optional={
            "doubleValue": FLOATS,
            "int32Value": st.integers(-(2**31), 2**31 - 1),
            "int64Value": INT64,
            "uint32Value": st.integers(0, 2**32 - 1),
            "uint64Value": st.integers(0, 2**64 - 1),
            "sint64Value": INT64,
            "fixed64Value": st.integers(0, 2**64 - 1),
            "boolValue": st.booleans(),
            "stringValue": TEXT,
            "bytesValue": st.binary(),
            "numbers": st.lists(st.integers(-(2**31), 2**31 - 1)),
            "texts": st.lists(TEXT),
            "doubles": st.lists(FLOATS),
            "counts": st.dictionaries(TEXT, INT64),
            "choiceText": TEXT,
        },
    )
)
@example(fields={"bytesValue": bytes(range(256)), "uint64Value": 2**64 - 1})
def test_grpc(grpc: manywire.Client, fields: dict[str, Any]) -> None:
    back = grpc.TypesService.Echo(fields)
    snakes = {re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", name): value for name, value in fields.items()}
    assert grpc.TypesService.Echo(snakes) == back
    assert all(back[name] == value for name, value in fields.items()), (fields, back)


def test_what_goes_in_is_made_plain(zerorpc: manywire.Client) -> None:
    class Color(IntEnum):
        RED = 7

    class Text(str):
        pass

    class Index:
        def __index__(self) -> int:
            return 41

    sent = [(1, 2), Color.RED, Text("t"), Index(), bytearray(b"b"), memoryview(b"m"), OrderedDict(a=1), MappingProxyType({"b": 2}), True]
    received = zerorpc.echo(sent)
    assert received == [[1, 2], 7, "t", 41, b"b", b"m", {"a": 1}, {"b": 2}, True]
    assert [type(item) for item in received] == [list, int, str, int, bytes, bytes, dict, dict, bool]


def test_special_floats(zerorpc: manywire.Client, xmlrpc: manywire.Client) -> None:
    for client in (zerorpc, xmlrpc):
        assert client.echo(math.inf) == math.inf
        assert math.isnan(client.echo(math.nan))
        assert math.copysign(1, client.echo(-0.0)) == -1


def test_keys_that_a_wire_cannot_carry(zerorpc: manywire.Client) -> None:
    for key in ((1, "a"), None, 2.5, 7):
        with pytest.raises(manywire.UsageError, match="the map keys that the peer reads are strings or bytes"):
            zerorpc.echo({key: "x"})


def test_gob_maps_and_unsigned_numbers(gob: manywire.Client, jsonrpc: manywire.Client) -> None:
    assert gob.ping(X=manywire.gob.map({"A": 1, "B": 2})) == {"A": 1, "B": 2}
    assert gob.ping(X={"Counts": manywire.gob.map({}), "Other": 1}) == {"Other": 1}
    assert gob.ping(X=manywire.gob.uint(7)) == 7
    assert jsonrpc.ping({"m": manywire.gob.map(a=1), "u": manywire.gob.uint(7)}) == {"m": {"a": 1}, "u": 7}
    with pytest.raises(OverflowError, match=r"uint\(-1\) is no unsigned integer of 64 bits"):
        gob.ping(X=manywire.gob.uint(-1))


@pytest.mark.parametrize(
    ("value", "error", "words"),
    [
        (2**64, OverflowError, "argument 1: 18446744073709551616 does not fit into 64 bits"),
        (-(2**63) - 1, OverflowError, "argument 1: -9223372036854775809 does not fit"),
        (10**1000, OverflowError, "an int of 3322 bits does not fit"),
        ([1, {"x": 2**70}], OverflowError, r"argument 1\[1\]\['x'\]: 1180591620717411303424 does not fit"),
        ({1, 2}, TypeError, "argument 1: a set cannot be sent; the wires carry None, bool, int"),
        ({"a": [object()]}, TypeError, r"argument 1\['a'\]\[0\]: a object cannot be sent"),
        (1j, TypeError, "a complex cannot be sent"),
        ("\ud800", UnicodeEncodeError, "surrogates"),
    ],
)
def test_what_cannot_be_sent_is_told_before_anything_is(
    jsonrpc: manywire.Client, value: Any, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        jsonrpc.ping(value)


def test_a_list_that_contains_itself(jsonrpc: manywire.Client) -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(ValueError, match="nested deeper than 128 levels"):
        jsonrpc.ping(endless)


def test_an_exception_while_an_argument_is_read_is_the_callers_own(jsonrpc: manywire.Client) -> None:
    class Zone(tzinfo):
        def utcoffset(self, dt: object) -> timedelta:
            raise LookupError("no such place")

    with pytest.raises(LookupError, match="no such place"):
        jsonrpc.ping(datetime(2026, 1, 1, tzinfo=Zone()))


def test_arguments_that_change_while_they_are_read(jsonrpc: manywire.Client) -> None:
    class Growing:
        def __index__(self) -> int:
            fields[f"new {len(fields)}"] = 1
            items.clear()
            return 5

    fields: dict[str, Any] = {"a": Growing(), "b": Growing()}
    items: list[Any] = [Growing(), 1, 2]
    assert jsonrpc.ping(items) == [5]
    assert jsonrpc.ping(fields)["b"] == 5
    assert jsonrpc.call("ping", x={"y": fields})["y"]["a"] == 5


def test_naive_times_have_no_zone(xmlrpc: manywire.Client) -> None:
    time = datetime(1998, 7, 17, 14, 8, 55)
    assert xmlrpc.echo(time) == time
    assert xmlrpc.echo(time).tzinfo is None


@pytest.mark.parametrize("scheme", ["jsonrpc", "jsonrpc+ws", "jsonrpc1+tcp", "jsonrpc1+http"])
def test_what_json_cannot_carry_is_told_before_anything_is_sent(server: manywire.Server, scheme: str) -> None:
    with manywire.connect(server.url(scheme)) as client:
        for value, words in ((math.nan, "JSON carries no nan"), (-math.inf, "JSON carries no inf")):
            with pytest.raises(ValueError, match=words):
                client.call("ping", {"X": [value]})
        for key, words in ((None, "None is a NoneType"), ((1, 2), r"\(1, 2\) is a tuple")):
            with pytest.raises(TypeError, match=f"JSON's keys are text, and {words}"):
                client.call("ping", {"X": {key: 1}})


def test_a_zone_between_two_seconds_is_refused(zerorpc: manywire.Client) -> None:
    zone = timezone(timedelta(seconds=1, microseconds=1))
    with pytest.raises(ValueError, match="is not a whole number of seconds from UTC"):
        zerorpc.echo(datetime(2026, 1, 1, tzinfo=zone))
