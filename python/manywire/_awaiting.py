"""Between the native module's I/O thread and an event loop."""

from __future__ import annotations

import asyncio
from typing import Any, Callable
from weakref import WeakKeyDictionary

from . import _native
from .errors import UsageError

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
