"""Between the native module's I/O thread and an event loop."""

from __future__ import annotations

import asyncio
import warnings
from typing import Any, Callable, Coroutine, Generator, Optional, TypeVar
from weakref import WeakKeyDictionary

from . import _native
from .errors import UsageError

T_co = TypeVar("T_co", covariant=True)

_bridges: WeakKeyDictionary[asyncio.AbstractEventLoop, _native.Bridge] = WeakKeyDictionary()


def bridge_of(loop: asyncio.AbstractEventLoop) -> _native.Bridge:
    bridge = _bridges.get(loop)
    if bridge is None:
        bridge = _bridges[loop] = _native.Bridge()
        loop.add_reader(bridge.fileno(), bridge.drain)
    return bridge


async def finish(loop: asyncio.AbstractEventLoop, start: Callable[..., _native.Ticket], *arguments: Any) -> Any:
    """Wait for a future that the native module finishes; whoever cancels the wait gives the work up."""
    if asyncio.get_running_loop() is not loop:
        raise UsageError("this client was connected in another event loop; connect one in each")
    future = loop.create_future()
    ticket = start(future, *arguments)
    try:
        return await future
    except BaseException:
        ticket.abort()
        raise


class Later(Coroutine[Any, Any, T_co]):
    """A coroutine whose work begins when it is awaited or becomes a task; one that never was is told of in a warning."""

    __slots__ = ("_is_used", "_running")

    def __init__(self) -> None:
        self._is_used = False
        self._running: Optional[Coroutine[Any, Any, T_co]] = None

    def _work(self) -> Coroutine[Any, Any, T_co]:
        raise NotImplementedError

    def _started(self) -> Coroutine[Any, Any, T_co]:
        self._is_used = True
        if self._running is None:
            self._running = self._work()
        return self._running

    def __await__(self) -> Generator[Any, Any, T_co]:
        return self._started().__await__()

    def send(self, value: Any) -> Any:
        """What an event loop calls."""
        return self._started().send(value)

    def throw(self, *problem: Any) -> Any:
        """What an event loop calls to cancel it."""
        return self._started().throw(*problem)

    def close(self) -> None:
        """Give it up."""
        self._is_used = True
        if self._running is not None:
            self._running.close()

    def __del__(self) -> None:
        if not getattr(self, "_is_used", True):
            warnings.warn(f"{self!r} was never awaited", RuntimeWarning, stacklevel=2, source=self)
