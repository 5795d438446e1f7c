"""python/manywire_client.py, as a person runs it."""

from __future__ import annotations

import subprocess
import sys

import manywire
from conftest import ROOT


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "python/manywire_client.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_it_shows_every_wire(server: manywire.Server) -> None:
    shown = run("--address", server.address("any"))
    assert (shown.returncode, shown.stderr) == (0, "")
    for line in (
        "jsonrpc1+http: 17 * 8 = 136",
        "gob, a thousand at once: 999000",
        "gob, an error: divide by zero.",
        "jsonrpc+ws: 2 + 3 = 5, of 32 methods",
        "jsonrpc, by name: 5",
        "zerorpc, a stream: [0, 3, 6, 9]",
        "grpc: hello world",
        "grpc, a stream of requests: {'data': 'received 3'}",
        "grpc, both ways: server send world to client!i=1",
        "asyncio: [0, 1, 4, 9, 16, 25, 36, 49]",
        "asyncio: a call was given up after a tenth of a second",
    ):
        assert line in shown.stdout.splitlines()


def test_it_says_what_to_do_where_no_server_is() -> None:
    shown = run("--address", "127.0.0.1:1")
    assert shown.returncode == 1
    assert shown.stderr.startswith("no server at 127.0.0.1:1 (")
    assert shown.stderr.endswith("; start one with: cargo run -- serve\n")
    assert "Traceback" not in shown.stderr


def test_it_has_help() -> None:
    shown = run("--help")
    assert shown.returncode == 0
    assert "--address" in shown.stdout
