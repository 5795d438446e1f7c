"""What can go wrong with a call. Every class here is an :class:`Error`."""

from __future__ import annotations

from typing import Any, Optional

__all__ = [
    "ConnectError",
    "Error",
    "ProtocolError",
    "RemoteError",
    "Timeout",
    "UnsupportedError",
    "UsageError",
]


class Error(Exception):
    """Anything that went wrong with a call. Which class it is tells where: :class:`RemoteError` is what the server said, the
    others are what went wrong on the way to it."""

    kind: str = "failed"
    """What it means, in the same words on every wire: ``"unknown_method"``, ``"invalid_params"``, ``"unavailable"``, … What a
    method refuses for a reason of its own is ``"failed"``."""


class ConnectError(Error, ConnectionError):
    """The server could not be reached, or the connection to it was lost."""

    kind = "unavailable"


class Timeout(Error, TimeoutError):
    """The answer did not come in time."""

    kind = "deadline_exceeded"


class RemoteError(Error):
    """The server answered with an error.

    >>> try:
    ...     client.call("divide", 1, 0)
    ... except manywire.RemoteError as error:
    ...     print(error.code, error.message, error.kind, error.wire)
    -32500 division by zero failed xmlrpc
    """

    message: str
    """The server's own words."""
    code: Optional[int]
    """The number that the wire gives the error, where the wire has numbers."""
    name: Optional[str]
    """The name that the wire gives the error, where the wire has names: zerorpc's are those of Python's exceptions, such as
    ``"ZeroDivisionError"``. ``str()`` of the error begins with it."""
    data: Any
    """What more the server said, for programs: the ``data`` of JSON-RPC, the name and the traceback of zerorpc's exception."""
    wire: Optional[str]
    """The wire that it came on: ``"gob"``, ``"grpc"``, …"""
    def __init__(
        self,
        message: str,
        code: Optional[int] = None,
        data: Any = None,
        wire: Optional[str] = None,
        kind: str = "failed",
        name: Optional[str] = None,
    ) -> None:
        super().__init__(message if name is None else f"{name}: {message}")
        self.message = message
        self.code = code
        self.name = name
        self.data = data
        self.wire = wire
        self.kind = kind


class ProtocolError(Error):
    """The server's answer cannot be read."""

    kind = "internal"


class UnsupportedError(Error):
    """This wire cannot do what was asked; nothing was sent.

    >>> client.stream("ticks")
    Traceback (most recent call last):
        ...
    manywire.errors.UnsupportedError: xmlrpc+http://... has no streams; use zerorpc://, grpc:// or jsonrpc+ws://
    """

    kind = "unsupported"


class UsageError(Error, ValueError):
    """A mistake of the caller's, such as a URL that names no wire, or arguments of which it is known that the method cannot take
    them; nothing was sent.

    >>> manywire.connect("127.0.0.1:1234")
    Traceback (most recent call last):
        ...
    manywire.errors.UsageError: "127.0.0.1:1234" names no wire; write it as gob://127.0.0.1:1234
    """

    kind = "invalid_request"
