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

# A line at least this often.
PROGRESS_SECONDS = 30


class Trouble(Exception):
    """Something that the user has to know about; the test cannot go on."""


class Log:
    """What happens, on standard output; and all that programs print, in a file."""

    def __init__(self, path):
        self.file = open(path, "w") if path else None
        self.started = self.shown = time.monotonic()
        self.passed, self.failed = 0, []

    def line(self, text, shown=True):
        stamped = f"{time.monotonic() - self.started:6.1f} {text}".rstrip()
        if shown:
            print(stamped, flush=True)
            self.shown = time.monotonic()
        if self.file:
            print(stamped, file=self.file, flush=True)

    def progress(self, what, now):
        """That something still goes on; not in the file, which has all of it."""
        if time.monotonic() - self.shown >= PROGRESS_SECONDS:
            print(f"{time.monotonic() - self.started:6.1f} … {what[:40]}: {now}"[:118], flush=True)
            self.shown = time.monotonic()

    def check(self, name, passed, why=""):
        self.line(f"ok      {name}" if passed else f"FAILED  {name}: {why}".rstrip(": "))
        self.passed += bool(passed)
        if not passed:
            self.failed.append(name)


class Started:
    """A program in a process group of its own; its output goes to the log."""

    def __init__(self, log, command, shown=False, quiet=False):
        self.log, self.command = log, [str(word) for word in command]
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
        """Its exit status; a program that takes longer is ended. One that takes long is told of now and then."""
        started = time.monotonic()
        while (left := started + seconds - time.monotonic()) > 0:
            with contextlib.suppress(subprocess.TimeoutExpired):
                status = self.process.wait(min(left, PROGRESS_SECONDS))
                self.reader.join(5)
                return status
            self.log.progress(f"{Path(self.command[0]).name} {self.command[-1]}", self.last_line())
        self.end()
        raise Trouble(f"{shlex.join(self.command)} did not end within {seconds} s")

    def last_line(self):
        return next((line.strip() for line in reversed(self.lines[-20:]) if line.strip()), "")

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

    def wait_until(self, condition, seconds, otherwise, now=lambda: ""):
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise Trouble(f"{otherwise} within {seconds} s")
            time.sleep(0.2)
            self.log.progress("waiting", now())
