"""Programs run with a bound in time, and a log of what they were and said."""
import contextlib
import os
import shlex
import signal
import subprocess
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Trouble(Exception):
    """Something that the user has to know about; the test cannot go on."""


class Log:
    """What happens, on standard output; and all that programs print, in a file."""

    def __init__(self, path):
        self.file = open(path, "w") if path else None
        self.started = time.monotonic()
        self.passed, self.failed = 0, []

    def line(self, text, shown=True):
        stamped = f"{time.monotonic() - self.started:6.1f} {text}".rstrip()
        if shown:
            print(stamped, flush=True)
        if self.file:
            print(stamped, file=self.file, flush=True)

    def check(self, name, passed, why=""):
        self.line(f"ok      {name}" if passed else f"FAILED  {name}: {why}".rstrip(": "))
        self.passed += bool(passed)
        if not passed:
            self.failed.append(name)


class Started:
    """A program in a process group of its own; its output goes to the log."""

    def __init__(self, log, command, shown=False, quiet=False):
        self.command = [str(word) for word in command]
        if not quiet:
            log.line("$ " + shlex.join(self.command))
        self.process = subprocess.Popen(self.command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True)
        self.lines = []
        self.reader = threading.Thread(target=self.read, args=(log, shown, quiet), daemon=True)
        self.reader.start()

    def read(self, log, shown, quiet):
        for line in self.process.stdout:
            self.lines.append(line)
            if not quiet:
                log.line("  " + line, shown)

    def wait(self, seconds):
        """Its exit status; a program that takes longer is ended."""
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.end()
            raise Trouble(f"{shlex.join(self.command)} did not end within {seconds} s") from None
        self.reader.join(5)
        return status

    def end(self):
        for name, seconds in [(signal.SIGTERM, 20), (signal.SIGKILL, 5)]:
            if self.process.poll() is not None:
                return
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, name)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(seconds)


class Runner:
    """Runs programs and docker compose, each for so many seconds at most."""

    def __init__(self, log, project):
        self.log, self.project = log, project
        self.compose_command = ["docker", "compose"]

    def run(self, *command, seconds, shown=False, quiet=False, may_fail=False):
        """What the program printed."""
        started = Started(self.log, command, shown, quiet)
        status = started.wait(seconds)
        if status and not may_fail:
            last = "".join(started.lines[-30:]).rstrip()
            raise Trouble(f"{shlex.join(started.command)} failed with {status}:\n{last}")
        return "".join(started.lines)

    def answers(self, *command):
        """Whether a program is there and content."""
        try:
            return Started(self.log, command, quiet=True).wait(60) == 0
        except FileNotFoundError:
            return False

    def compose_line(self, *words):
        return [*self.compose_command, "--project-name", self.project, *words]

    def compose(self, *words, seconds, **how):
        return self.run(*self.compose_line(*words), seconds=seconds, **how)

    def wait_until(self, condition, seconds, otherwise):
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise Trouble(f"{otherwise} within {seconds} s")
            time.sleep(0.2)
