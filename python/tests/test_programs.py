"""The programs of `python/`, where something that they need is missing: one line, and never a traceback."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from conftest import ROOT

PROGRAMS = sorted((ROOT / "python").glob("*.py"))

# What must be said on the command line.
ARGUMENTS = {"grpc_upload_client": ["README.md"], "grpc_download_client": ["README.md"], "grpc_chat_client": ["hello"]}


def run(program: Path, *options: str, bare: bool, folder: Path) -> subprocess.CompletedProcess[str]:
    (folder / "README.md").touch()
    # With -S no package can be imported but Python's own and those beside the program.
    python = [sys.executable, *(["-S"] if bare else []), "-B"]
    command = [*python, str(program), *options, *ARGUMENTS.get(program.stem, [])]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=folder, stdin=subprocess.DEVNULL)


def at(program: Path, port: int) -> list[str]:
    """The option that names the server, with this port; none where a program needs no server."""
    found = re.search(r'"--(\w+)", default="(\S*?)127\.0\.0\.1:\d+(\S*?)"', program.read_text())
    if found:
        return [f"--{found[1]}", f"{found[2]}127.0.0.1:{port}{found[3]}"]
    return ["--port", str(port)] if '"--port"' in program.read_text() else []


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.stem)
def test_a_missing_package_is_one_line(program: Path, tmp_path: Path) -> None:
    imports = re.findall(r"^    (?:import|from) (\w+)", program.read_text(), re.M)
    if not imports:
        return  # Python's own library is enough
    ran = run(program, bare=True, folder=tmp_path)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert re.fullmatch(r".*: pip install .*\n", ran.stderr), ran.stderr


def test_a_server_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    callers = [program for program in PROGRAMS if at(program, port)]
    assert len(callers) == len(PROGRAMS) - 1, "all but protobuf_client call a server"

    def call(program: Path) -> subprocess.CompletedProcess[str]:
        folder = tmp_path / program.stem
        folder.mkdir()
        return run(program, *at(program, port), bare=False, folder=folder)

    # Some of them wait for seconds.
    with ThreadPoolExecutor(len(callers)) as pool:
        for program, ran in zip(callers, pool.map(call, callers)):
            # What a progress bar drew comes first.
            last = ran.stderr.rpartition("\r")[2]
            told = re.fullmatch(r"no .*start one with: cargo run -- serve\n", last)
            assert told and ran.returncode == 1, f"{program.stem}: {ran}"
