"""Streams of both directions for asyncio."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from types import TracebackType
from typing import Any, AsyncIterable, AsyncIterator, Callable, Coroutine, Iterable, Optional, Union

from . import _native
from ._awaiting import bridge_of, finish

Requests = Union[Iterable[Any], AsyncIterable[Any]]
"""What a call that takes a stream of requests is given."""


class AsyncStream(AsyncIterator[Any]):
    """The items that a server sends, for ``async for``. Closing it, or leaving its ``async with`` block, ends it for the
    server. A wait for an item that is cancelled loses none."""

    __slots__ = ("__weakref__", "_begin", "_beginning", "_failure", "_has_ended", "_items", "_native")

    def __init__(self, begin: Callable[[], Coroutine[Any, Any, Chunks]]) -> None:
        self._begin = begin
        self._beginning: Optional[asyncio.Task[Chunks]] = None
        self._native: Optional[Chunks] = None
        self._items: deque[Any] = deque()
        self._failure: Optional[BaseException] = None
        self._has_ended = False

    @classmethod
    def begun(cls, native: _native.AsyncStream) -> AsyncStream:
        async def begin() -> Chunks:
            return native

        return cls(begin)

    async def __anext__(self) -> Any:
        while not self._items:
            if self._failure is not None:
                failure, self._failure = self._failure, None
                raise failure
            if self._has_ended:
                raise StopAsyncIteration
            await self._read()
        return self._items.popleft()

    async def _read(self) -> None:
        native = self._native or await self._opened()
        future: asyncio.Future[Optional[list[Any]]] = asyncio.get_running_loop().create_future()
        # Whoever waits may be cancelled when the items are here already; they are taken all the same.
        future.add_done_callback(self._take)
        native.next_chunk(future)
        with suppress(Exception):
            await future

    def _take(self, future: asyncio.Future[Optional[list[Any]]]) -> None:
        # Of a wait that is cancelled earlier the items stay where they are, for the next.
        if future.cancelled():
            return
        self._failure = future.exception()
        if self._failure is not None:
            self._has_ended = True
            return
        items = future.result()
        if items is not None:
            self._items.extend(items)
            self._has_ended = not items

    async def _opened(self) -> Chunks:
        """Make the call, once, however many wait for it and however many of them give up waiting."""
        self._beginning = self._beginning or asyncio.ensure_future(self._begin())
        self._native = native = await asyncio.shield(self._beginning)
        return native

    async def close(self) -> None:
        """End the stream for the server too."""
        self._has_ended = True
        self._items.clear()
        if self._native is not None:
            self._native.close()
        elif self._beginning is not None:
            self._beginning.cancel()

    async def __aenter__(self) -> AsyncStream:
        return self

    async def __aexit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        await self.close()


class Fed:
    """A stream of answers whose requests come from a task."""

    __slots__ = ("_native", "_pump")

    def __init__(self, native: _native.AsyncStream, pump: asyncio.Future[None]) -> None:
        self._native = native
        self._pump = pump

    def next_chunk(self, future: asyncio.Future[Any]) -> _native.Ticket:
        return self._native.next_chunk(future)

    def close(self) -> None:
        self._pump.cancel()
        self._native.close()


Chunks = Union[_native.AsyncStream, Fed]
"""Where the items of a stream come from."""


async def feed_from(feed: _native.Feed, requests: Requests) -> None:
    try:
        if isinstance(requests, AsyncIterable):
            async for request in requests:
                if not await _put(feed, request):
                    return
        else:
            for request in requests:
                if not await _put(feed, request):
                    return
        feed.finish()
    except Exception as error:
        feed.fail(error)


async def _put(feed: _native.Feed, request: Any) -> bool:
    taken = feed.try_put(request)
    while taken is None:
        loop = asyncio.get_running_loop()
        await finish(loop, feed.room, bridge_of(loop))
        taken = feed.try_put(request)
    return taken
