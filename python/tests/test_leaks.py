"""Memory stays flat, however many calls are made, fail or are given up. `pytest --long` makes a million."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import manywire

#: The work, the wire, and how often in a short run and in a long one.
WORK = [
    ("calls", "gob", 20_000, 1_000_000),
    ("calls", "jsonrpc", 5_000, 100_000),
    ("calls", "xmlrpc", 5_000, 100_000),
    ("calls", "zerorpc", 10_000, 100_000),
    ("calls", "grpc", 3_000, 100_000),
    ("batches", "gob", 20_000, 1_000_000),
    ("errors", "jsonrpc", 5_000, 100_000),
    ("streams", "zerorpc", 2_000, 50_000),
    ("clients", "jsonrpc", 200, 5_000),
    ("awaited", "zerorpc", 10_000, 1_000_000),
    ("cancelled", "zerorpc", 4_000, 100_000),
    ("cancelled", "jsonrpc", 8_000, 100_000),
    ("cancelled", "jsonrpc+ws", 8_000, 100_000),
]


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")
@pytest.mark.parametrize(("work", "scheme", "short", "long"), WORK, ids=[f"{work}-{scheme}" for work, scheme, *_ in WORK])
@pytest.mark.timeout(3000)
def test_memory_stays_flat(
    request: pytest.FixtureRequest, server: manywire.Server, work: str, scheme: str, short: int, long: int
) -> None:
    number = long if request.config.getoption("--long") else short
    command = [sys.executable, str(Path(__file__).with_name("leaks.py")), work, server.url(scheme), str(number)]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    allowed = 30 * number if work != "clients" else 1000 * number
    assert int(ended.stdout) < allowed, f"{ended.stdout.strip()} bytes more after {number}"
