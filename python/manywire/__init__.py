"""One client for five kinds of servers: Go's net/rpc, JSON-RPC, XML-RPC, zerorpc and gRPC.

>>> import manywire
>>> with manywire.connect(server.url("xmlrpc")) as client:
...     client.call("add", 2, 3)
...     client.multiply(6, 7)
5
42

The URL says the wire: ``gob://``, ``jsonrpc1+tcp://``, ``jsonrpc://``, ``jsonrpc+ws://``, ``xmlrpc://``, ``zerorpc://``,
``grpc://``; :func:`connect` has them all. Calls look the same on each, and so do errors: :class:`ConnectError`,
:class:`Timeout`, :class:`RemoteError`, :class:`ProtocolError`, :class:`UnsupportedError` and :class:`UsageError` are all an
:class:`Error`. A wire's own capabilities are not faked: a stream on XML-RPC is an :class:`UnsupportedError`.

- :func:`connect` returns a blocking :class:`Client`; a call runs on the thread that makes it, without the GIL.
- :mod:`manywire.aio` has the same for asyncio.
- :mod:`manywire.gob` says what a dict or an int cannot say to Go.
- :func:`serve` starts the server inside this process, on free ports, for tests.
"""

import sys as _sys
from pkgutil import extend_path as _extend_path

# A script that lies beside this folder finds it before the installed package, which has the native half.
__path__ = _extend_path(__path__, __name__)

from . import _native  # noqa: E402

_native.claim_interpreter(_sys.modules)

from . import aio, errors, gob  # noqa: E402
from ._calls import Call  # noqa: E402
from ._client import Client, Method, Stream, connect  # noqa: E402
from ._native import __version__  # noqa: E402
from ._options import Tls  # noqa: E402
from ._server import Server, serve  # noqa: E402
from .errors import (  # noqa: E402
    ConnectError,
    Error,
    ProtocolError,
    RemoteError,
    Timeout,
    UnsupportedError,
    UsageError,
)

__all__ = [
    "Call",
    "Client",
    "ConnectError",
    "Error",
    "Method",
    "ProtocolError",
    "RemoteError",
    "Server",
    "Stream",
    "Timeout",
    "Tls",
    "UnsupportedError",
    "UsageError",
    "__version__",
    "aio",
    "connect",
    "errors",
    "gob",
    "serve",
]
