"""The server under test, and the servers of others that are tried as well."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Callable, Iterator

import pytest
from hypothesis import settings

import manywire

ROOT = Path(__file__).resolve().parents[2]

#: Every way to reach the server.
SCHEMES = (
    "gob",
    "gob+http",
    "jsonrpc1+tcp",
    "jsonrpc1+http",
    "jsonrpc",
    "jsonrpc+ws",
    "xmlrpc",
    "zerorpc",
    "grpc",
)

# An example that waits for a busy machine is no failure.
settings.register_profile("manywire", deadline=None, max_examples=60)
settings.load_profile("manywire")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="look for leaks over a million calls, which takes minutes")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    # scripts/test adds up what is left out from the file that it names.
    lines = []
    for report in terminalreporter.stats.get("skipped", []):
        why = report.longrepr[2].removeprefix("Skipped: ")
        terminalreporter.write_line(f"SKIPPED: {why}: {report.nodeid}")
        lines.append(f"1\ttest\t{why}\t{report.nodeid}\n")
    if file := os.environ.get("MANYWIRE_SKIPPED"):
        with open(file, "a") as skipped:
            skipped.writelines(lines)


@pytest.fixture(scope="session")
def server() -> Iterator[manywire.Server]:
    with manywire.serve(tick=0.02) as server:
        yield server


@pytest.fixture(params=SCHEMES)
def client(request: pytest.FixtureRequest, server: manywire.Server) -> Iterator[manywire.Client]:
    with manywire.connect(server.url(request.param)) as client:
        yield client


@pytest.fixture
def connect(server: manywire.Server) -> Iterator[Callable[..., manywire.Client]]:
    """Connects to the server by a scheme; all clients are closed in the end."""
    clients: list[manywire.Client] = []

    def connect(scheme: str, **options: object) -> manywire.Client:
        client = manywire.connect(server.url(scheme), **options)  # type: ignore[arg-type]
        clients.append(client)
        return client

    yield connect
    for client in clients:
        client.close()


def add(client: manywire.Client, a: int, b: int) -> int:
    """The sum, by whichever method of the wire can make it."""
    if client.wire in ("gob", "jsonrpc1"):
        quotient = client.Arith.Divide(A=a, B=1)["Quo"]
        return quotient + b
    if client.wire == "grpc":
        return int(client.UserService.GetUser(id=a)["id"]) + b
    return client.call("add", a, b)


class Peer:
    """A server of others', in a process of its own, which says where it listens."""

    def __init__(self, *command: object) -> None:
        self.process = subprocess.Popen(
            [str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def addresses(self, number: int) -> dict[str, str]:
        assert self.process.stdout is not None
        lines = [self.process.stdout.readline().split() for _ in range(number)]
        assert all(len(line) == 3 and line[0] == "LISTENING" for line in lines), lines
        return {name: address for _, name, address in lines}

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()


def python_peer(script: str, module: str, *arguments: str) -> Iterator[str]:
    """Runs a server of a Python package and yields its address."""
    pytest.importorskip(module, reason=f"the Python package {module} is missing")
    with Peer(sys.executable, ROOT / script, *arguments) as peer:
        (address,) = peer.addresses(1).values()
        yield address


@pytest.fixture(scope="session")
def xmlrpc_peer() -> Iterator[str]:
    yield from python_peer("crates/xmlrpc/tests/peers/server.py", "xmlrpc.server", "HTTP/1.1")


@pytest.fixture(scope="session")
def jsonrpclib_peer() -> Iterator[str]:
    yield from python_peer("crates/jsonrpc/tests/it/peer_server.py", "jsonrpclib")


@pytest.fixture(scope="session")
def zerorpc_peer() -> Iterator[str]:
    yield from python_peer("python/tests/peers/zerorpc_server.py", "zerorpc")


@pytest.fixture(scope="session")
def grpc_peer() -> Iterator[str]:
    pytest.importorskip("grpc_reflection", reason="the Python package grpcio-reflection is missing")
    yield from python_peer("python/tests/peers/grpc_server.py", "grpc")


@pytest.fixture(scope="session")
def go_peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    go = shutil.which("go")
    if go is None:
        pytest.skip("no Go")
    program = tmp_path_factory.mktemp("go") / "netrpc-server"
    offline = {**os.environ, "GOPROXY": "off", "GOTOOLCHAIN": "local", "GOFLAGS": "", "CGO_ENABLED": "0"}
    build = [go, "build", "-trimpath", "-o", str(program), "./cmd/netrpc-server"]
    subprocess.run(build, cwd=ROOT / "crates/interop/go", env=offline, check=True)
    with Peer(program) as peer:
        yield peer.addresses(3)
