"""Threads, forks, signals, the end of the interpreter: what Python programs do to a client."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import Callable

import pytest

import manywire
from conftest import add

Connect = Callable[..., manywire.Client]


def run(script: str, *arguments: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", textwrap.dedent(script), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout)


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end, "nothing happened in half a minute"


def is_waiting(pid: int) -> bool:
    """Whether the main thread of a process has nothing to do, and goes on having nothing to do for a while."""
    status = Path(f"/proc/{pid}/task/{pid}/status").read_text()
    before = re.search(r"voluntary_ctxt_switches:\s+(\d+)", status)
    time.sleep(0.01)
    status = Path(f"/proc/{pid}/task/{pid}/status").read_text()
    assert before is not None
    return "State:\tS" in status and before[0] in status


def test_many_threads_share_a_client(client: manywire.Client) -> None:
    sums: dict[int, list[int]] = {}

    def work(n: int) -> None:
        sums[n] = [add(client, i, n) for i in range(1, 101)]

    threads = [threading.Thread(target=work, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sums == {n: [i + n for i in range(1, 101)] for n in range(12)}


def test_a_slow_call_holds_up_no_other(connect: Connect) -> None:
    for scheme in ("zerorpc", "jsonrpc", "jsonrpc+ws"):
        client = connect(scheme)
        answers: list[int] = []
        slow = threading.Thread(target=lambda: answers.append(client.sleep(600)))
        slow.start()
        fast = [client.add(n, 1) for n in range(20)]
        assert slow.is_alive()
        assert fast == list(range(1, 21))
        slow.join()
        assert answers == [600]


def test_other_threads_run_while_a_call_waits(connect: Connect) -> None:
    client = connect("zerorpc")
    counted = 0
    stop = threading.Event()

    def count() -> None:
        nonlocal counted
        while not stop.is_set():
            counted += 1

    counter = threading.Thread(target=count)
    counter.start()
    client.sleep(300)
    stop.set()
    counter.join()
    assert counted > 1000


@pytest.mark.parametrize("scheme", ["gob", "jsonrpc", "jsonrpc+ws", "xmlrpc", "zerorpc", "grpc"])
def test_ctrl_c_interrupts_a_call_at_once(server: manywire.Server, scheme: str) -> None:
    slow = {"gob": "Demo.Sleep", "grpc": "Greeter/AllStream"}.get(scheme, "sleep")
    script = """
        import sys, time, manywire
        client = manywire.connect(sys.argv[1])
        try:
            print("ready", flush=True)
            if client.wire == "grpc":
                requests = (time.sleep(100) for _ in range(1))
                for answer in client.exchange(sys.argv[2], requests):
                    pass
            else:
                client.call(sys.argv[2], 30000)
        except KeyboardInterrupt:
            print("interrupted", flush=True)
            if client.wire not in ("grpc", "gob"):
                print(client.add(2, 3), flush=True)
    """
    command = [sys.executable, "-c", textwrap.dedent(script), server.url(scheme), slow]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        wait_until(lambda: is_waiting(process.pid))
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "interrupted\n"
        assert time.monotonic() - begun < 1
        if scheme not in ("grpc", "gob"):
            assert process.stdout.readline() == "5\n"


def test_a_signal_handler_runs_while_a_call_waits_and_may_call_itself(connect: Connect) -> None:
    client = connect("zerorpc")
    sums: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda *_: sums.append(client.add(2, 3)))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        assert client.sleep(400) == 400
    finally:
        signal.signal(signal.SIGALRM, before)
    assert sums == [5]


def test_a_forked_child_connects_by_itself(server: manywire.Server) -> None:
    for scheme in ("gob", "jsonrpc", "jsonrpc+ws", "zerorpc", "grpc"):
        client = manywire.connect(server.url(scheme))
        assert add(client, 1, 1) == 2
        child = os.fork()
        if child == 0:
            try:
                os._exit(0 if [add(client, n, 1) for n in range(1, 20)] == list(range(2, 21)) else 1)
            except BaseException:
                os._exit(2)
        assert [add(client, n, 1) for n in range(1, 200)] == list(range(2, 201))
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert add(client, 1, 1) == 2
        client.close()


def test_a_fork_while_other_threads_call(connect: Connect) -> None:
    client = connect("zerorpc")
    stop = threading.Event()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            while not stop.is_set():
                assert client.add(1, 2) == 3
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(10):
        child = os.fork()
        if child == 0:
            try:
                os._exit(0 if client.add(2, 3) == 5 else 1)
            except BaseException:
                os._exit(2)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    stop.set()
    for thread in threads:
        thread.join()
    assert not failures


def test_what_a_child_drops_stays_open_for_the_parent(server: manywire.Server) -> None:
    for scheme in ("gob", "jsonrpc+ws", "zerorpc", "grpc"):
        client = manywire.connect(server.url(scheme))
        stream = client.stream("ticks") if scheme == "zerorpc" else None
        child = os.fork()
        if child == 0:
            del client, stream
            os._exit(0)
        os.waitpid(child, 0)
        assert add(client, 1, 1) == 2
        if stream is not None:
            assert next(stream)["n"] == 1
            stream.close()
        client.close()


def test_a_stream_of_the_parent_is_refused_in_the_child(connect: Connect) -> None:
    stream = connect("zerorpc").stream("ticks")
    child = os.fork()
    if child == 0:
        try:
            next(stream)
        except manywire.UsageError:
            os._exit(0)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    stream.close()


def test_programs_end_in_spite_of_threads_that_wait(server: manywire.Server) -> None:
    script = """
        import sys, threading, manywire
        client = manywire.connect(sys.argv[1])
        for work in (lambda: client.sleep(60000), lambda: list(client.ticks()), lambda: client.batch([("sleep", 60000)])):
            threading.Thread(target=work, daemon=True).start()
        client.sleep(200)
        print("done")
    """
    ended = run(script, server.url("zerorpc"))
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "done\n", "")


def test_a_quiet_client_keeps_its_stream_alive(server: manywire.Server) -> None:
    # Python's own client loses a stream that nobody reads for ten seconds; two heartbeats have to go out meanwhile.
    client = manywire.connect(server.url("zerorpc"))
    with client.stream("ticks") as ticks:
        assert next(ticks)["n"] == 1
        time.sleep(11)
        assert next(ticks)["n"] == 2
    client.close()


def test_a_sub_interpreter_is_refused_in_words() -> None:
    script = """
        try:
            import _interpreters as interpreters
        except ImportError:
            import _xxsubinterpreters as interpreters
        import manywire
        code = "try:\\n import manywire\\nexcept ImportError as error:\\n import os\\n os.write(1, str(error).encode())"
        interpreters.run_string(interpreters.create(), code)
    """
    ended = run(script)
    # From Python 3.12 on it is Python that refuses, in words of its own.
    assert "interpreter" in ended.stdout, (ended.stdout, ended.stderr)


def test_clients_that_nobody_closes_are_no_trouble(server: manywire.Server) -> None:
    script = """
        import sys, manywire
        clients = [manywire.connect(url) for url in sys.argv[1:]]
        stream = manywire.connect(sys.argv[1]).stream("ticks")
        next(stream)
        cycle = [clients, stream]
        cycle.append(cycle)
        print("done")
    """
    ended = run(script, *(server.url(scheme) for scheme in ("zerorpc", "gob", "grpc", "jsonrpc", "jsonrpc+ws")))
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "done\n", "")


def test_ctrl_c_cuts_a_server_that_waits_for_its_calls() -> None:
    script = """
        import threading, manywire
        server = manywire.serve(drain=100)
        client = manywire.connect(server.url("zerorpc"))
        threading.Thread(target=lambda: client.sleep(60000), daemon=True).start()
        client.add(1, 2)
        print("ready", flush=True)
        try:
            server.stop()
        except KeyboardInterrupt:
            print("interrupted", flush=True)
    """
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        wait_until(lambda: is_waiting(process.pid))
        process.send_signal(signal.SIGINT)
        try:
            assert process.communicate(timeout=10)[0] == "interrupted\n"
        finally:
            process.kill()
