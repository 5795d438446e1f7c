"""The same client for asyncio.

>>> async def main():
...     async with manywire.aio.connect(server.url("zerorpc")) as client:
...         print(await client.call("add", 2, 3))
...         async for item in client.stream("streaming_range", 0, 10, 5):
...             print(item)
>>> asyncio.run(main())
5
0
5

Cancelling a task, or a timeout of asyncio's, gives its call up, for the server too where the wire can say so.

The I/O of all clients of a process runs on one thread of Rust's, which never takes the GIL. An awaited call takes some 20 µs
longer than a blocking one, for the way to that thread and back; a hundred at a time take about as long each as blocking ones.
``scripts/bench python`` measures both.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any, AsyncIterator, Iterable, Mapping, NoReturn, Optional

from . import _native
from ._async_streams import AsyncStream, Fed, Requests, feed_from
from ._awaiting import Later, bridge_of, finish
from ._calls import (
    BatchCall,
    check_public,
    check_requests,
    native_calls,
    only_requests,
    refuse_pickling,
    remote_name,
)
from ._client import check_batch
from ._options import Paths, Seconds, Tls, Tokens, checked_url, native_options, seconds

__all__ = ["AsyncClient", "AsyncStream", "connect"]

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
) -> Connecting:
    """Connect as :func:`manywire.connect` does, with the same options: ``client = await manywire.aio.connect(url)``, or
    ``async with manywire.aio.connect(url) as client``."""
    options = native_options(
        timeout, connect_timeout, token, headers, tls, attempts, idempotent, max_message, proto, protoset
    )
    return Connecting(checked_url(url), options)


class Connecting(Later["AsyncClient"]):
    """A connection that is still to be made; await it, or use it with ``async with``."""

    __slots__ = ("_client", "_options", "_url")

    def __init__(self, url: str, options: dict[str, Any]) -> None:
        super().__init__()
        self._url = url
        self._options = options
        self._client: Optional[AsyncClient] = None

    def __repr__(self) -> str:
        return f"<manywire.aio.Connecting to {self._url}>"

    async def _work(self) -> AsyncClient:
        loop = asyncio.get_running_loop()
        connection = await finish(loop, _native.connect_async, bridge_of(loop), self._url, self._options)
        return AsyncClient(connection, loop)

    async def __aenter__(self) -> AsyncClient:
        self._client = await self
        return self._client

    async def __aexit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        if self._client is not None:
            await self._client.close()


class AsyncClient:
    """Calls the methods of one server; made by :func:`connect`. It belongs to the event loop in which it was made.

    Methods can also be called as if they were Python's: ``await client.add(2, 3)``, and
    ``async for item in client.streaming_range(0, 10, 2)``. A method that bears one of the names below, or begins with an
    underscore, is reached by :meth:`call`.
    """

    __slots__ = ("__weakref__", "_connection", "_loop")

    def __init__(self, connection: _native.AsyncConnection, loop: asyncio.AbstractEventLoop) -> None:
        self._connection = connection
        self._loop = loop

    async def call(self, method: str, /, *arguments: Any, **named: Any) -> Any:
        """Call a method that answers once, with arguments by position or by name; see :meth:`manywire.Client.call`."""
        return await finish(self._loop, self._connection.call, method, arguments, named)

    def stream(self, method: str, /, *arguments: Any, **named: Any) -> AsyncStream:
        """Call a method that answers with a stream; the call is made when the first item is asked for."""
        return AsyncStream(lambda: finish(self._loop, self._connection.stream, method, arguments, named))

    async def send(self, method: str, requests: Requests) -> Any:
        """Send a stream of requests, from an iterable or an async iterable, and return the one answer: gRPC only."""
        check_requests(method, requests)
        if isinstance(requests, (list, tuple)):
            return await finish(self._loop, self._connection.send, method, requests)
        feed = _native.Feed()
        pump = asyncio.ensure_future(feed_from(feed, requests))
        try:
            return await finish(self._loop, self._connection.send, method, feed)
        finally:
            pump.cancel()

    def exchange(self, method: str, requests: Requests) -> AsyncStream:
        """Send a stream of requests, from an iterable or an async iterable, while the answers come: gRPC only."""
        check_requests(method, requests)
        if isinstance(requests, (list, tuple)):
            return AsyncStream(lambda: finish(self._loop, self._connection.exchange, method, requests))
        return AsyncStream(lambda: self._exchange(method, requests))

    async def _exchange(self, method: str, requests: Requests) -> Fed:
        feed = _native.Feed()
        pump = asyncio.ensure_future(feed_from(feed, requests))
        try:
            return Fed(await finish(self._loop, self._connection.exchange, method, feed), pump)
        except BaseException:
            pump.cancel()
            raise

    async def notify(self, method: str, /, *arguments: Any, **named: Any) -> None:
        """Call a method without asking for an answer: JSON-RPC 2.0 only."""
        await finish(self._loop, self._connection.notify, method, arguments, named)

    async def batch(self, calls: Iterable[BatchCall], *, return_errors: bool = False) -> list[Any]:
        """Make many calls at once and return the answers in their order; see :meth:`manywire.Client.batch`."""
        return check_batch(await finish(self._loop, self._connection.batch, native_calls(calls)), return_errors)

    async def methods(self) -> list[str]:
        """The names of the server's methods, by the wire's own introspection."""
        names: list[str] = await finish(self._loop, self._connection.methods)
        return names

    async def describe(self, method: str) -> str:
        """What a method is called with, what it answers, and what it is for."""
        text: str = await finish(self._loop, self._connection.describe, method)
        return text

    def using(self, *, timeout: Seconds = _UNSET, idempotent: bool = False) -> AsyncClient:
        """The same client, on the same connections, for calls with another timeout or that may be made twice."""
        options: dict[str, Any] = {}
        if timeout is not _UNSET:
            options["timeout"] = seconds("timeout", timeout)
        if idempotent:
            options["idempotent"] = True
        return AsyncClient(self._connection.using(options), self._loop)

    @property
    def url(self) -> str:
        """Where it is connected to."""
        return self._connection.url

    @property
    def wire(self) -> str:
        """The wire that it speaks: gob, jsonrpc1, jsonrpc, xmlrpc, zerorpc or grpc."""
        return self._connection.wire

    async def close(self) -> None:
        """Drop the connections. Calls that are under way finish; later ones fail."""
        self._connection.close()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        await self.close()

    def __getattr__(self, name: str) -> AsyncMethod:
        check_public(self, name)
        return AsyncMethod(self, name)

    def __reduce__(self) -> NoReturn:
        refuse_pickling(self)

    def __repr__(self) -> str:
        return f"<manywire.aio.AsyncClient {self.url}>"


class AsyncMethod:
    """A remote method that was reached as an attribute of a client; further attributes are parts of its name."""

    __slots__ = ("_client", "_name")

    def __init__(self, client: AsyncClient, name: str) -> None:
        self._client = client
        self._name = name

    def __call__(self, /, *arguments: Any, **named: Any) -> AsyncAnswer:
        return AsyncAnswer(self._client, remote_name(self._client.wire, self._name), arguments, named)

    def __getattr__(self, name: str) -> AsyncMethod:
        check_public(self, name)
        return AsyncMethod(self._client, f"{self._name}.{name}")

    def __repr__(self) -> str:
        return f"<manywire.aio.AsyncMethod {remote_name(self._client.wire, self._name)} of {self._client.url}>"


class AsyncAnswer(Later[Any]):
    """A call by attribute, which is made when it is awaited or becomes a task, or as a stream when the first item is asked
    for by ``async for``, which may be inside ``async with``."""

    __slots__ = ("_arguments", "_client", "_method", "_named", "_opened")

    def __init__(self, client: AsyncClient, method: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
        super().__init__()
        self._client = client
        self._method = method
        self._arguments = arguments
        self._named = named
        self._opened: Optional[AsyncStream] = None

    async def _work(self) -> Any:
        connection = self._client._connection
        kind = connection.kind_of(self._method)
        if kind == "client_stream":
            return await self._client.send(self._method, only_requests(self._method, self._arguments, self._named))
        if kind == "two_way":
            return self._stream()
        answer = await finish(self._client._loop, connection.request, self._method, self._arguments, self._named)
        return AsyncStream.begun(answer) if isinstance(answer, _native.AsyncStream) else answer

    def __aiter__(self) -> AsyncIterator[Any]:
        return self._stream()

    async def __aenter__(self) -> AsyncStream:
        self._opened = self._stream()
        return self._opened

    async def __aexit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        if self._opened is not None:
            await self._opened.close()

    def __repr__(self) -> str:
        return f"<manywire.aio call of {self._method} of {self._client.url}>"

    def _stream(self) -> AsyncStream:
        self._is_used = True
        if self._client._connection.kind_of(self._method) == "two_way":
            requests = only_requests(self._method, self._arguments, self._named)
            return self._client.exchange(self._method, requests)
        return self._client.stream(self._method, *self._arguments, **self._named)
