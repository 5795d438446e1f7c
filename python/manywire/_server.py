"""The server inside this process."""

from __future__ import annotations

import os
import tempfile
from types import TracebackType
from typing import Iterable, Optional, Union

from . import _native
from .errors import UsageError

Flag = Union[str, int, float, bool, "os.PathLike[str]", None]

#: The listener's wire that answers a URL's wire, and the path that is usual there.
_WIRES = {
    "gob": ("netrpc", ""),
    "jsonrpc1": ("netrpc", "/jsonrpc"),
    "jsonrpc": ("jsonrpc", ""),
    "xmlrpc": ("xmlrpc", "/RPC2"),
    "zerorpc": ("zerorpc", ""),
    "grpc": ("grpc", ""),
}


def serve(
    *,
    listen: Union[str, Iterable[str]] = ("any=127.0.0.1:0", "zerorpc-pub=127.0.0.1:0", "ops=127.0.0.1:0"),
    tick: float = 1.0,
    drain: float = 1.0,
    token: Optional[str] = None,
    data_dir: Union[str, os.PathLike[str], None] = None,
    **flags: Flag,
) -> Server:
    """Start manywire's server inside this process, on free ports, and return once it answers.

    It serves every wire, with the methods that ``manywire serve`` has, and is meant for tests:

    >>> with manywire.serve() as server:
    ...     with manywire.connect(server.url("jsonrpc")) as client:
    ...         client.call("add", 2, 3)
    5

    listen: what to answer where, as ``manywire serve --listen`` takes it; ``any`` is every wire on one port.
    tick: seconds between two items of a ticking stream.
    drain: seconds that calls under way may take to finish when it is stopped.
    token: ``"APPID:APPKEY"`` that gRPC calls have to carry.
    data_dir: the folder of the files that gRPC's FileService and UpFileService serve; a fresh one by default.

    Every other flag of ``manywire serve`` can be given by its name: ``max_message="1MiB"``, ``tls_cert=…``.
    """
    own_data = None
    if data_dir is None:
        own_data = tempfile.TemporaryDirectory(prefix="manywire-")
        data_dir = own_data.name
    flags = {"tick": f"{tick}s", "drain": f"{drain}s", "token": token, "data_dir": data_dir, **flags}
    words = [f"--listen={address}" for address in ([listen] if isinstance(listen, str) else listen)]
    for name, value in flags.items():
        if value is not None and value is not False:
            flag = f"--{name.replace('_', '-')}"
            words.append(flag if value is True else f"{flag}={os.fspath(value) if isinstance(value, os.PathLike) else value}")
    try:
        return Server(_native.Server(words), own_data)
    except BaseException:
        if own_data is not None:
            own_data.cleanup()
        raise


class Server:
    """A server that runs in this process; made by :func:`serve`. Leaving its ``with`` block stops it."""

    def __init__(
        self, native: _native.Server, own_data: Optional[tempfile.TemporaryDirectory[str]] = None
    ) -> None:
        self._native = native
        self._own_data = own_data

    @property
    def listeners(self) -> list[tuple[str, str]]:
        """What answers where: ``[("any", "127.0.0.1:40123"), …]``."""
        return self._native.listeners

    def address(self, wire: str) -> str:
        """Where a wire of ``manywire serve --listen`` is answered: ``"ops"``, ``"zerorpc-pub"``, ``"grpc"``, …

        >>> server.address("ops")
        '127.0.0.1:...'
        """
        apart = ("ops", "zerorpc-pub")
        for wires, address in self.listeners:
            if wire in wires.split(",") or (wires == "any" and wire not in apart):
                return address
        raise UsageError(f"no listener answers {wire!r}; there are {', '.join(wires for wires, _ in self.listeners)}")

    def url(self, scheme: str) -> str:
        """The URL under which a wire is answered; ``scheme`` is that of a URL: ``gob``, ``gob+http``, ``jsonrpc+ws``, ….

        >>> server.url("gob+http")
        'gob+http://127.0.0.1:...'
        """
        wire, _, transport = {"grpcs": "grpc+https"}.get(scheme, scheme).partition("+")
        if wire not in _WIRES:
            raise UsageError(f"no wire {scheme!r}; there are {', '.join(_WIRES)}")
        listener, path = _WIRES[wire]
        has_path = transport not in ("tcp", "tls") and (wire != "jsonrpc1" or transport != "")
        return f"{scheme}://{self.address(listener)}{path if has_path else ''}"

    def stop(self) -> None:
        """Let calls under way finish, and stop."""
        self._native.stop()
        if self._own_data is not None:
            self._own_data.cleanup()

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        where = ", ".join(f"{wires} at {address}" for wires, address in self.listeners)
        return f"<manywire.Server {where}>"
