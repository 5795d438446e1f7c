"""How a client connects, and what each of its calls carries."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Mapping, Optional, Sequence, SupportsFloat, Union

from .errors import UsageError

Seconds = Union[float, timedelta, None]
"""A time: seconds, a ``timedelta``, or None for no limit."""

Pem = Union[str, bytes, "os.PathLike[str]"]
"""A text in PEM (it begins with ``-----BEGIN``), or the path of a file that holds one."""

Path = Union[str, "os.PathLike[str]"]

Paths = Union[Path, "Sequence[Path]"]
"""The path of a file, or those of several."""

Tokens = Union[str, "tuple[str, str]"]
"""The token that gRPC calls carry: ``"APPID:APPKEY"`` or the two as a pair."""


@dataclass(frozen=True)
class Tls:
    """How to speak TLS, where the URL asks for it (``grpcs://``, ``gob+tls://``, ``xmlrpc+https://``, ``jsonrpc+wss://``).

    Nothing is needed where the server's certificate is one that this machine trusts.
    """

    ca: Optional[Pem] = None
    """The authorities to trust in place of the machine's."""
    cert: Optional[Pem] = None
    """Our own certificate, where the server asks for one."""
    key: Optional[Pem] = field(default=None, repr=False)
    """The key of that certificate."""
    server_name: Optional[str] = None
    """The name to expect in the server's certificate, where it differs from the URL's."""
    insecure: bool = False
    """Take any certificate. Whoever is in between can then read and change everything."""


@dataclass(frozen=True)
class NativeTls:
    """The same as the native module reads it."""

    ca: Optional[bytes]
    identity: Optional[tuple[bytes, bytes]]
    server_name: Optional[str]
    insecure: bool


def checked_url(url: str) -> str:
    if not isinstance(url, str):
        raise TypeError(f'a URL is a str such as "gob://127.0.0.1:1234", not {type(url).__name__}')
    return url


def seconds(name: str, time: Seconds) -> Optional[float]:
    if isinstance(time, timedelta):
        return time.total_seconds()
    if time is not None and not isinstance(time, SupportsFloat):
        raise TypeError(f"{name} is a number of seconds, a timedelta or None, not {type(time).__name__}")
    return None if time is None else float(time)


def positive(name: str, number: int) -> int:
    if not isinstance(number, int):
        raise TypeError(f"{name} is an int, not {type(number).__name__}")
    if not 0 < number < 2**31:
        raise UsageError(f"{name} is between 1 and 2147483647, not {number}")
    return number


def read_pem(pem: Pem) -> bytes:
    if isinstance(pem, str) and "-----BEGIN" in pem:
        return pem.encode()
    if isinstance(pem, bytes):
        return pem
    with open(pem, "rb") as file:
        return file.read()


def read_tls(tls: Tls) -> NativeTls:
    if not isinstance(tls, Tls):
        raise TypeError(f'tls is a manywire.Tls, such as Tls(ca="ca.pem"), not {type(tls).__name__}')
    if (tls.cert is None) != (tls.key is None):
        raise UsageError("a client certificate needs its key, and the key its certificate: give Tls both cert and key")
    identity = None
    if tls.cert is not None and tls.key is not None:
        identity = (read_pem(tls.cert), read_pem(tls.key))
    ca = None if tls.ca is None else read_pem(tls.ca)
    return NativeTls(ca, identity, tls.server_name, tls.insecure)


def read_token(token: Tokens) -> list[tuple[str, str]]:
    pair = tuple(token.split(":", 1)) if isinstance(token, str) else token
    if not isinstance(pair, tuple) or len(pair) != 2:
        raise UsageError('a token is "APPID:APPKEY", or the two as a pair')
    return [("appid", pair[0]), ("appkey", pair[1])]


def read_headers(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    if not isinstance(headers, Mapping):
        raise TypeError(f"headers are a dict of names and values, not {type(headers).__name__}")
    for name, value in headers.items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise TypeError(f"a header's name and value are each a str, and {name!r}: {value!r} is not")
    return list(headers.items())


def paths(name: str, given: Optional[Paths]) -> list[str]:
    """The paths as texts; one stands for a list of itself."""
    if given is None:
        return []
    several = [given] if isinstance(given, (str, os.PathLike)) else given
    if not isinstance(several, Sequence) or not all(isinstance(path, (str, os.PathLike)) for path in several):
        raise TypeError(f"{name} is the path of a file, or a list of paths, not {given!r}")
    return [os.fspath(path) for path in several]


def native_options(
    timeout: Seconds,
    connect_timeout: Seconds,
    token: Optional[Tokens],
    headers: Optional[Mapping[str, str]],
    tls: Optional[Tls],
    attempts: int,
    idempotent: bool,
    max_message: Optional[int],
    proto: Optional[Paths],
    protoset: Optional[Paths],
) -> dict[str, Any]:
    metadata = read_headers(headers or {})
    if token is not None:
        metadata += read_token(token)
    options: dict[str, Any] = {
        "timeout": seconds("timeout", timeout),
        "connect_timeout": seconds("connect_timeout", connect_timeout),
        "metadata": metadata,
        "attempts": positive("attempts", attempts),
        "idempotent": idempotent,
    }
    if tls is not None:
        options["tls"] = read_tls(tls)
    if max_message is not None:
        options["max_message"] = positive("max_message", max_message)
    if proto is not None or protoset is not None:
        options["protos"] = (paths("proto", proto), paths("protoset", protoset))
    return options
