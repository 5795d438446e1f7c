"""The server inside this process."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import urllib.request
import xmlrpc.client
from pathlib import Path

import pytest

import manywire


def test_it_answers_and_stops() -> None:
    with manywire.serve() as server:
        url = server.url("xmlrpc")
        with xmlrpc.client.ServerProxy(url.replace("xmlrpc://", "http://")) as proxy:
            assert proxy.add(2, 3) == 5
        with urllib.request.urlopen(f"http://{server.address('ops')}/readyz") as answer:
            assert answer.status == 200
        assert repr(server).startswith("<manywire.Server any at 127.0.0.1:")
    server.stop()
    with pytest.raises(manywire.ConnectError):
        manywire.connect(url, attempts=1).add(2, 3)


def test_servers_side_by_side() -> None:
    with manywire.serve() as one, manywire.serve() as other:
        assert one.address("any") != other.address("any")
        for server in (one, other):
            with manywire.connect(server.url("jsonrpc")) as client:
                assert client.add(1, 2) == 3


def test_listeners_of_ones_own() -> None:
    with manywire.serve(listen=["netrpc,zerorpc=127.0.0.1:0", "grpc=127.0.0.1:0"]) as server:
        assert [wires for wires, _ in server.listeners] == ["netrpc,zerorpc", "grpc"]
        with manywire.connect(server.url("gob")) as client:
            assert client.Arith.Multiply(A=2, B=3) == 6
        with pytest.raises(manywire.UsageError, match="no listener answers 'xmlrpc'; there are netrpc,zerorpc, grpc"):
            server.url("xmlrpc")
    with pytest.raises(manywire.UsageError, match="no wire 'soap'; there are gob"):
        server.url("soap")


def test_flags_of_the_program(tmp_path: Path) -> None:
    (tmp_path / "greeting").write_bytes(b"hello")
    with manywire.serve(data_dir=tmp_path, max_message="64KiB", interop=True) as server:
        with manywire.connect(server.url("grpc")) as client:
            assert next(client.FileService.DownLoad(name="greeting"))["content"] == b"hello"
            assert any(name.startswith("grpc.testing.TestService") for name in client.methods())
        with manywire.connect(server.url("jsonrpc")) as client, pytest.raises(manywire.Error):
            client.ping("x" * 70000)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"listen": ["soap=127.0.0.1:0"]}, 'no wire "soap"'),
        ({"listen": "soap=127.0.0.1:0"}, 'no wire "soap"'),
        ({"listen": ["nonsense"]}, "write WIRES=ADDR:PORT"),
        ({"tick": -1}, "'-1.0s' for '--tick <TIME>'|'-1s' for '--tick <TIME>'"),
        ({"no_such_flag": 1}, "unexpected argument '--no-such-flag' found"),
        ({"token": "nonsense"}, "token"),
        ({"tls_cert": "x.pem"}, "--tls-key"),
    ],
)
def test_wrong_options_are_told(options: dict[str, object], words: str) -> None:
    with pytest.raises(manywire.UsageError, match=words) as raised:
        manywire.serve(**options)  # type: ignore[arg-type]
    assert not str(raised.value).startswith("error")
    assert "\n" not in str(raised.value)
    assert str(raised.value).count("write it as") <= 1


def test_a_taken_port_is_told() -> None:
    with manywire.serve() as server:
        with pytest.raises(manywire.UsageError, match="cannot listen on"):
            manywire.serve(listen=[f"any={server.address('any')}"])


def test_stopping_lets_calls_finish() -> None:
    server = manywire.serve(drain=20)
    client = manywire.connect(server.url("zerorpc"))
    answers: list[int] = []
    call = threading.Thread(target=lambda: answers.append(client.sleep(400)))
    call.start()
    with manywire.connect(server.url("jsonrpc")) as probe:
        probe.sleep(50)
    server.stop()
    call.join()
    assert answers == [400]


def test_a_server_that_nobody_stops_is_no_trouble() -> None:
    script = "import manywire; server = manywire.serve(); print('done')"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (0, "done\n")
    assert "Traceback" not in ended.stderr


def test_a_fork_leaves_the_server_to_its_parent() -> None:
    with manywire.serve() as server:
        child = os.fork()
        if child == 0:
            server.stop()
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        with manywire.connect(server.url("jsonrpc")) as client:
            assert client.add(1, 2) == 3
