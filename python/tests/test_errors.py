"""What goes wrong, and how it is told."""

from __future__ import annotations

import pickle
import socket
import threading
from typing import Any, Callable, Iterator

import pytest

import manywire

Connect = Callable[..., manywire.Client]


def fail(client: manywire.Client) -> Any:
    """A call that the method itself refuses."""
    if client.wire in ("gob", "jsonrpc1"):
        return client.Arith.Divide(A=1, B=0)
    if client.wire == "grpc":
        return client.UserService.GetUser(id=-1)
    return client.divide(1, 0)


def test_a_methods_own_error(client: manywire.Client) -> None:
    with pytest.raises(manywire.RemoteError) as raised:
        fail(client)
    error = raised.value
    code, kind, words = {
        "gob": (None, "failed", "divide by zero."),
        "jsonrpc1": (None, "failed", "divide by zero."),
        "jsonrpc": (-32000, "failed", "division by zero"),
        "xmlrpc": (-32500, "failed", "division by zero"),
        "zerorpc": (None, "failed", "division by zero"),
        "grpc": (3, "failed", "the id of a user is a positive number, got -1"),
    }[client.wire]
    assert (error.code, error.kind, error.message, error.wire) == (code, kind, words, client.wire)
    name = "ZeroDivisionError" if client.wire == "zerorpc" else None
    assert (error.name, str(error)) == (name, f"{name}: {words}" if name else words)
    assert isinstance(error, manywire.Error)


def test_data_comes_with_an_error(connect: Connect) -> None:
    with pytest.raises(manywire.RemoteError) as raised:
        connect("zerorpc").divide(1, 0)
    assert raised.value.data["name"] == "ZeroDivisionError"
    with pytest.raises(manywire.RemoteError) as raised:
        connect("grpc").UserService.GetUser(id=0)
    assert raised.value.data["field"] == "id"


def test_an_unknown_method(client: manywire.Client) -> None:
    with pytest.raises(manywire.RemoteError) as raised:
        client.call("No.Such")
    assert raised.value.kind == "unknown_method"


def test_an_error_survives_pickling(connect: Connect) -> None:
    with pytest.raises(manywire.RemoteError) as raised:
        connect("grpc").UserService.GetUser(id=0)
    with pytest.raises(manywire.RemoteError) as named:
        connect("zerorpc").divide(1, 0)
    for error in (raised.value, named.value):
        copy = pickle.loads(pickle.dumps(error))
        assert (type(copy), vars(copy), copy.args) == (manywire.RemoteError, vars(error), error.args)


def test_wrong_arguments(connect: Connect) -> None:
    with pytest.raises(manywire.RemoteError) as raised:
        connect("jsonrpc").add(1)
    assert (raised.value.code, raised.value.kind) == (-32602, "invalid_params")
    with pytest.raises(manywire.UsageError, match="no_such_field"):
        connect("grpc").Greeter.SayHello(no_such_field=1)


def test_what_a_wire_cannot_do_is_told_before_anything_is_sent(client: manywire.Client) -> None:
    has_streams = client.wire in ("zerorpc", "grpc") or client.url.startswith("jsonrpc+ws")
    if not has_streams:
        with pytest.raises(manywire.UnsupportedError, match="has no streams; use zerorpc://"):
            client.stream("ticks")
    if client.wire != "jsonrpc":
        with pytest.raises(manywire.UnsupportedError, match="has no notifications; use jsonrpc://"):
            client.notify("ping", 1)
    if client.wire != "grpc":
        with pytest.raises(manywire.UnsupportedError, match="streams of requests are gRPC's"):
            client.send("PutStream", [])
        with pytest.raises(manywire.UnsupportedError, match="streams of requests are gRPC's"):
            client.exchange("PutStream", iter([]))


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("127.0.0.1:1234", "names no wire; write it as gob://127.0.0.1:1234"),
        ("soap://127.0.0.1:1", "no wire soap://; there are gob"),
        ("gob://localhost", "has no port; the usual one is gob://localhost:1234"),
        ("grcp://127.0.0.1:1", "did you mean grpc://127.0.0.1:1"),
    ],
)
def test_a_url_that_is_none(url: str, words: str) -> None:
    with pytest.raises(manywire.UsageError, match=words) as raised:
        manywire.connect(url)
    assert isinstance(raised.value, ValueError)


@pytest.mark.parametrize(
    ("scheme", "port", "words"),
    [
        ("jsonrpc", "grpc", "gRPC is spoken there; write grpc"),
        ("jsonrpc", "xmlrpc", "XML-RPC is spoken there; write xmlrpc"),
        ("gob", "jsonrpc", "JSON over HTTP is spoken there; write jsonrpc"),
        ("gob", "zerorpc", "ZMTP is spoken there; write zerorpc"),
    ],
)
def test_another_wire_than_the_url_says(scheme: str, port: str, words: str) -> None:
    with manywire.serve(listen=f"{port}=127.0.0.1:0") as server:
        with pytest.raises(manywire.ConnectError, match=words):
            with manywire.connect(f"{scheme}://{server.address(port)}", attempts=1) as client:
                fail(client)


def test_nobody_there(client: manywire.Client) -> None:
    scheme = client.url.partition("://")[0]
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        # Over HTTP/1.1 the first call connects.
        with pytest.raises(manywire.ConnectError) as raised, manywire.connect(f"{scheme}://127.0.0.1:{port}") as nobody:
            fail(nobody)
    assert isinstance(raised.value, ConnectionError)


@pytest.fixture
def silence() -> Iterator[str]:
    """A server that accepts and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize("scheme", ["gob", "jsonrpc1+http", "jsonrpc", "xmlrpc", "zerorpc", "grpc", "jsonrpc+ws", "gob+http"])
def test_no_answer_in_time(silence: str, scheme: str) -> None:
    with pytest.raises(manywire.Timeout) as raised, manywire.connect(f"{scheme}://{silence}", timeout=0.1) as client:
        fail(client)
    assert isinstance(raised.value, TimeoutError)


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf")])
def test_a_timeout_that_is_none(server: manywire.Server, timeout: float) -> None:
    with pytest.raises(manywire.UsageError, match="give a positive number, or None"):
        manywire.connect(server.url("gob"), timeout=timeout)


def babbling(answer: bytes) -> Iterator[str]:
    """A server that answers anything with the same."""

    def serve(listener: socket.socket) -> None:
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            peer.recv(65536)
            peer.sendall(answer)
            peer.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture(params=[b"\xff" * 64, b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello", b"{]\n", b"", b"\x05"])
def nonsense(request: pytest.FixtureRequest) -> Iterator[str]:
    yield from babbling(request.param)


@pytest.mark.parametrize("scheme", ["gob", "gob+http", "jsonrpc1+tcp", "jsonrpc1+http", "jsonrpc", "jsonrpc+ws", "xmlrpc", "zerorpc", "grpc"])
def test_nonsense_is_an_error_of_ours(nonsense: str, scheme: str) -> None:
    with pytest.raises(manywire.Error) as raised, manywire.connect(f"{scheme}://{nonsense}", timeout=10) as client:
        fail(client)
    assert not isinstance(raised.value, manywire.RemoteError), raised.value


def test_an_answer_that_is_too_long(connect: Connect) -> None:
    client = connect("jsonrpc", max_message=1000)
    with pytest.raises(manywire.Error):
        client.ping("x" * 5000)
    assert client.ping("x" * 100) == "x" * 100


def test_a_server_that_is_gone_is_found_again() -> None:
    with manywire.serve() as server:
        address = server.address("any")
        clients = [manywire.connect(server.url(scheme), timeout=10) for scheme in ("gob", "jsonrpc", "zerorpc", "grpc")]
    for client in clients:
        with pytest.raises(manywire.ConnectError):
            fail(client)
    with manywire.serve(listen=[f"any={address}"]):
        for client in clients:
            with pytest.raises(manywire.RemoteError):
                fail(client)
            client.close()


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"url": 5}, TypeError, "a URL is a str such as \"gob://127.0.0.1:1234\", not int"),
        ({"timeout": "5"}, TypeError, "timeout is a number of seconds, a timedelta or None, not str"),
        ({"connect_timeout": []}, TypeError, "connect_timeout is a number of seconds"),
        ({"attempts": "3"}, TypeError, "attempts is an int, not str"),
        ({"attempts": 0}, manywire.UsageError, "attempts is between 1 and"),
        ({"attempts": 10**10}, manywire.UsageError, "attempts is between 1 and"),
        ({"max_message": -1}, manywire.UsageError, "max_message is between 1 and"),
        ({"headers": [("a", "b")]}, TypeError, "headers are a dict of names and values, not list"),
        ({"headers": {"a": 1}}, TypeError, "name and value are each a str, and 'a': 1 is not"),
        ({"token": 5}, manywire.UsageError, "APPID:APPKEY"),
        ({"token": ("a",)}, manywire.UsageError, "APPID:APPKEY"),
        ({"tls": {"ca": "x"}}, TypeError, "tls is a manywire.Tls"),
    ],
)
def test_options_that_are_none(options: dict[str, Any], error: type[Exception], words: str) -> None:
    options = {"url": "grpc://127.0.0.1:1", **options}
    for connect in (manywire.connect, manywire.aio.connect):
        with pytest.raises(error, match=words):
            connect(**options)


@pytest.mark.parametrize("call", ["add", ["add", 1, 2], (), None, 5])
def test_a_batch_of_what_are_no_calls(connect: Connect, call: Any) -> None:
    with pytest.raises(TypeError, match=r"a call of a batch is a Call, or a tuple such as \(\"add\", 2, 3\)"):
        connect("jsonrpc").batch([("add", 1, 2), call])


def test_what_are_no_requests(connect: Connect) -> None:
    client = connect("grpc")
    for arguments, named in (((), {}), (([], []), {}), ((), {"data": "x"})):
        with pytest.raises(TypeError, match="call it with one iterable of them"):
            client.Greeter.PutStream(*arguments, **named)
    for requests in ({"data": "x"}, "x", b"x"):
        for method in (client.Greeter.PutStream, client.Greeter.AllStream):
            with pytest.raises(TypeError, match="put a single request into a list"):
                method(requests)


# gRPC has none of the methods below; what its descriptors refuse is told in the same words by the Rust tests.
SCHEMES = ["gob", "gob+http", "jsonrpc1+tcp", "jsonrpc1+http", "jsonrpc", "jsonrpc+ws", "xmlrpc", "zerorpc"]


@pytest.mark.parametrize(
    ("method", "arguments", "named", "kind", "words"),
    [
        ("Arith.Divide", (1, 0), {}, "failed", "divide by zero."),
        ("Arith.Multiply", (2**62, 2), {}, "failed", "integer overflow: 4611686018427387904 * 2 is beyond 64 bits"),
        ("sleep", (-1,), {}, "failed", "cannot sleep -1 ms; give 0 to 60000"),
        ("add", (1,), {}, "invalid_params", "add(a: number, b: number) takes 2 parameters, got 1"),
        ("add", (1, "x"), {}, "invalid_params", "add: parameter `b`: expected a number, got string"),
        ("add", (), {"a": 1, "c": 2}, "invalid_params", "add has no parameter `c`; call it as add(a: number, b: number)"),
        ("hello", (5,), {}, "invalid_params", "hello: parameter `name`: expected string, got int"),
    ],
)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_an_error_is_the_same_on_every_wire(
    connect: Connect,
    scheme: str,
    method: str,
    arguments: tuple[Any, ...],
    named: dict[str, Any],
    kind: str,
    words: str,
) -> None:
    with pytest.raises(manywire.Error) as raised:
        connect(scheme).call(method, *arguments, **named)
    said = getattr(raised.value, "message", str(raised.value))
    assert (raised.value.kind, said) == (kind, words)
    # Who found it is told by the class.
    assert isinstance(raised.value, manywire.RemoteError) or kind == "invalid_params"


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_same_call_is_the_same_on_every_wire(connect: Connect, scheme: str) -> None:
    client = connect(scheme)
    assert client.sleep(1) == 1
    assert client.sleep(ms=1) == 1
    assert client.add(2, 3) == client.add(b=2, a=3) == 5
    assert client.hello("you") == client.hello(name="you") == "Hello,you"
    assert client.Arith.Multiply(6, 7) == client.Arith.Multiply(A=6, B=7) == 42


def test_where_an_error_arose_is_its_class(client: manywire.Client, silence: str) -> None:
    scheme = client.url.partition("://")[0]
    with pytest.raises(manywire.ConnectError) as lost, manywire.connect(f"{scheme}://127.0.0.1:1", attempts=1) as nobody:
        fail(nobody)
    assert lost.value.kind == "unavailable"
    with pytest.raises(manywire.Timeout) as late, manywire.connect(f"{scheme}://{silence}", timeout=0.1) as waiting:
        fail(waiting)
    assert late.value.kind == "deadline_exceeded"
    with pytest.raises(manywire.UsageError) as mistaken:
        manywire.connect("soap://127.0.0.1:1")
    assert mistaken.value.kind == "invalid_request"
    with pytest.raises(manywire.RemoteError):
        fail(client)
