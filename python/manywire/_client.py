"""The blocking client."""

from __future__ import annotations

import threading
from collections import deque
from types import TracebackType
from typing import Any, Iterable, Iterator, Mapping, NoReturn, Optional

from . import _native
from ._calls import (
    BatchCall,
    check_public,
    check_requests,
    native_calls,
    only_requests,
    refuse_pickling,
    remote_name,
)
from ._options import Paths, Seconds, Tls, Tokens, checked_url, native_options, seconds
from .errors import Error

_UNSET: Any = object()


def connect(
    url: str,
    *,
    timeout: Seconds = 30.0,
    connect_timeout: Seconds = None,
    token: Optional[Tokens] = None,
    headers: Optional[Mapping[str, str]] = None,
    tls: Optional[Tls] = None,
    attempts: int = 3,
    idempotent: bool = False,
    max_message: Optional[int] = None,
    proto: Optional[Paths] = None,
    protoset: Optional[Paths] = None,
) -> Client:
    """Connect to a server on whichever wire the URL names.

    =================================================  =======================================
    ``gob://host:port``, ``gob+http://…``              Go's net/rpc
    ``jsonrpc1+tcp://…``, ``jsonrpc1+http://…``        Go's net/rpc with JSON
    ``jsonrpc://host:port/path``, ``jsonrpc+ws://…``   JSON-RPC 2.0 over HTTP or a WebSocket
    ``xmlrpc://host:port/RPC2``                        XML-RPC
    ``zerorpc://host:port``                            zerorpc
    ``grpc://host:port``, ``grpcs://…``                gRPC, learnt from the server's reflection
    =================================================  =======================================

    ``…+tls``, ``…+https`` and ``…+wss`` are the same in TLS. Several servers that may take each other's place are written
    ``gob://a:1234,b:1234``.

    timeout: what a call may take, in seconds, until its answer or the first item of it is there; None for no limit.
    connect_timeout: what connecting may take; as ``timeout`` where it is not given.
    token: ``"APPID:APPKEY"``, for gRPC servers that ask for one.
    headers: sent with each request on the HTTP wires, as metadata on gRPC.
    tls: whom to trust, and who we are (:class:`Tls`).
    attempts: how often a call is tried that did not reach the server.
    idempotent: every call may be made twice, so one whose connection broke is made again.
    max_message: the longest answer to take, in bytes; 16 MiB by default.
    proto: a ``.proto`` file of a gRPC server that has no reflection, or several.
    protoset: the same as descriptor sets, which ``protoc --include_imports`` and ``buf build`` write.

    >>> with manywire.connect(server.url("gob")) as client:
    ...     client.call("Arith.Multiply", {"A": 17, "B": 8})
    136
    """
    options = native_options(
        timeout, connect_timeout, token, headers, tls, attempts, idempotent, max_message, proto, protoset
    )
    return Client(_native.Connection(checked_url(url), options))


class Client:
    """Calls the methods of one server; made by :func:`connect`.

    Methods can also be called as if they were Python's, by position or by name:

    >>> client.add(2, 3)
    5
    >>> manywire.connect(server.url("gob")).Arith.Multiply(A=17, B=8)
    136

    A method that bears one of the names below, or begins with an underscore, is reached by :meth:`call`. Any number of
    threads may share a client. After a fork the child connects by itself again.
    """

    __slots__ = ("__weakref__", "_connection")

    def __init__(self, connection: _native.Connection) -> None:
        if not isinstance(connection, _native.Connection):
            raise TypeError("a Client is made by manywire.connect(url)")
        self._connection = connection

    def call(self, method: str, /, *arguments: Any, **named: Any) -> Any:
        """Call a method that answers once, with arguments by position or by name.

        What goes in: None, bool, int (of 64 bits), float, str, bytes, datetime, list, tuple, dict and dataclasses. What
        comes out is plain Python. On net/rpc a dict or named arguments are the fields of the argument struct; on gRPC they
        are those of the message.

        >>> client.call("add", 2, 3)
        5
        """
        return self._connection.call(method, arguments, named)

    def stream(self, method: str, /, *arguments: Any, **named: Any) -> Stream:
        """Call a method that answers with a stream: zerorpc, gRPC, and JSON-RPC subscriptions over a WebSocket.

        >>> with manywire.connect(server.url("zerorpc")) as client:
        ...     list(client.stream("streaming_range", 0, 10, 3))
        [0, 3, 6, 9]
        """
        return Stream(self._connection.stream(method, arguments, named))

    def send(self, method: str, requests: Iterable[Any]) -> Any:
        """Send a stream of requests and return the one answer: gRPC only.

        Each request goes out as soon as it is there. An exception in the iterable gives the call up, so that the server
        never takes the requests for complete.

        >>> with manywire.connect(server.url("grpc")) as client:
        ...     client.send("Greeter/PutStream", ({"data": str(n)} for n in range(3)))
        {'data': 'received 3'}
        """
        check_requests(method, requests)
        return self._connection.send(method, requests)

    def exchange(self, method: str, requests: Iterable[Any]) -> Stream:
        """Send a stream of requests while the answers come: gRPC only.

        An iterable other than a list or a tuple is read in a thread of its own, so it may wait for answers.

        >>> with manywire.connect(server.url("grpc")) as client:
        ...     for answer in client.exchange("ChatService/TextChat", [{"message": "a"}, {"message": "b"}]):
        ...         print(answer["message"])
        server send world to client!i=0
        server send world to client!i=1
        """
        check_requests(method, requests)
        if isinstance(requests, (list, tuple)):
            return Stream(self._connection.exchange(method, requests))
        feed = self._connection.feed()
        source = iter(requests)
        threading.Thread(target=_feed, args=(feed, source), name="manywire-feed", daemon=True).start()
        return Stream(self._connection.exchange(method, feed))

    def notify(self, method: str, /, *arguments: Any, **named: Any) -> None:
        """Call a method without asking for an answer: JSON-RPC 2.0 only.

        >>> with manywire.connect(server.url("jsonrpc")) as client:
        ...     client.notify("ping", "anyone?")
        """
        self._connection.notify(method, arguments, named)

    def batch(self, calls: Iterable[BatchCall], *, return_errors: bool = False) -> list[Any]:
        """Make many calls at once and return the answers in their order.

        Each call is a tuple of the method's name and its arguments, or a :class:`Call`. They travel as a JSON-RPC batch or an
        XML-RPC multicall, or one behind the other without waiting. The first error is raised once all calls are done;
        with ``return_errors`` errors stand among the answers instead.

        >>> client.batch([("add", 1, 2), ("multiply", 3, 4)])
        [3, 12]
        >>> client.batch([("add", 1, 2), ("divide", 1, 0)], return_errors=True)
        [3, RemoteError('division by zero')]
        """
        return check_batch(self._connection.batch(native_calls(calls)), return_errors)

    def methods(self) -> list[str]:
        """The names of the server's methods, by the wire's own introspection.

        >>> "add" in client.methods()
        True
        """
        return self._connection.methods()

    def describe(self, method: str) -> str:
        """What a method is called with, what it answers, and what it is for.

        >>> print(client.describe("divide"))
        divide(x: number, y: number) -> float
        True division: always a float.
        """
        return self._connection.describe(method)

    def using(self, *, timeout: Seconds = _UNSET, idempotent: bool = False) -> Client:
        """The same client, on the same connections, for calls with another timeout or that may be made twice.

        >>> client.using(timeout=0.05).call("sleep", 5000)
        Traceback (most recent call last):
            ...
        manywire.errors.Timeout: no answer from xmlrpc+http://... within 50ms
        """
        options: dict[str, Any] = {}
        if timeout is not _UNSET:
            options["timeout"] = seconds("timeout", timeout)
        if idempotent:
            options["idempotent"] = True
        return Client(self._connection.using(options))

    @property
    def url(self) -> str:
        """Where it is connected to."""
        return self._connection.url

    @property
    def wire(self) -> str:
        """The wire that it speaks: gob, jsonrpc1, jsonrpc, xmlrpc, zerorpc or grpc."""
        return self._connection.wire

    def close(self) -> None:
        """Drop the connections. Calls of other threads that are under way finish; later ones fail."""
        self._connection.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.close()

    def __getattr__(self, name: str) -> Method:
        check_public(self, name)
        return Method(self, name)

    def __reduce__(self) -> NoReturn:
        refuse_pickling(self)

    def __repr__(self) -> str:
        return f"<manywire.Client {self.url}>"

    def _invoke(self, name: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        method = remote_name(self.wire, name)
        kind = self._connection.kind_of(method)
        if kind in ("client_stream", "two_way"):
            requests = only_requests(method, arguments, named)
            return self.send(method, requests) if kind == "client_stream" else self.exchange(method, requests)
        answer = self._connection.request(method, arguments, named)
        return Stream(answer) if isinstance(answer, _native.Stream) else answer


class Method:
    """A remote method that was reached as an attribute of a client; further attributes are parts of its name.

    What it returns is the answer, or a :class:`Stream` where the method answers with one. A gRPC method that takes a
    stream of requests is called with the iterable.
    """

    __slots__ = ("_client", "_name")

    def __init__(self, client: Client, name: str) -> None:
        self._client = client
        self._name = name

    def __call__(self, /, *arguments: Any, **named: Any) -> Any:
        return self._client._invoke(self._name, arguments, named)

    def __getattr__(self, name: str) -> Method:
        check_public(self, name)
        return Method(self._client, f"{self._name}.{name}")

    def __repr__(self) -> str:
        return f"<manywire.Method {remote_name(self._client.wire, self._name)} of {self._client.url}>"


class Stream(Iterator[Any]):
    """The items that a server sends, for a ``for`` loop. Closing it, or leaving its ``with`` block, ends it for the server.

    >>> with manywire.connect(server.url("zerorpc")) as client, client.streaming_range(0, 1000, 1) as items:
    ...     next(items), next(items)
    (0, 1)
    """

    __slots__ = ("__weakref__", "_items", "_native")

    def __init__(self, native: _native.Stream) -> None:
        self._native = native
        self._items: deque[Any] = deque()

    def __next__(self) -> Any:
        try:
            return self._items.popleft()
        except IndexError:
            pass
        chunk = self._native.next_chunk()
        if not chunk:
            raise StopIteration
        # Other readers may have put theirs there meanwhile.
        self._items.extend(chunk[1:])
        return chunk[0]

    def __reduce__(self) -> NoReturn:
        refuse_pickling(self)

    def close(self) -> None:
        """End the stream for the server too."""
        self._items.clear()
        self._native.close()

    def __enter__(self) -> Stream:
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.close()


def check_batch(answers: list[Any], return_errors: bool) -> list[Any]:
    if not return_errors:
        for answer in answers:
            if isinstance(answer, Error):
                raise answer
    return answers


def _feed(feed: _native.Feed, requests: Iterator[Any]) -> None:
    try:
        for request in requests:
            if not feed.put(request):
                return
        feed.finish()
    except BaseException as error:  # whatever it is, the thread that reads the answers raises it
        feed.fail(error)


