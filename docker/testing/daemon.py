"""Docker's programs and its daemon: those that are there, or else our own for the time of the test."""
import contextlib
import os
import re
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

from . import network
from .local_images import output
from .running import Trouble


def find_tools(runner, compose, install):
    """Puts a docker that can build first on the PATH, and settles which docker compose is used."""
    if install:
        install_missing(runner, compose)
    folder = next((path for path in os.environ["PATH"].split(os.pathsep) if builds(path)), None)
    if not folder:
        raise Trouble("no docker here that builds with BuildKit; on Debian: apt install docker.io, or --install as root")
    os.environ["PATH"] = folder + os.pathsep + os.environ["PATH"]
    os.environ.update(DOCKER_BUILDKIT="1", COMPOSE_DOCKER_CLI_BUILD="1", BUILDKIT_PROGRESS="plain")
    if compose:
        runner.compose_command = shlex.split(compose)
    elif not runner.answers("docker", "compose", "version"):
        if not shutil.which("docker-compose"):
            raise Trouble("no docker compose here; on Debian: apt install docker-compose, or --install as root")
        runner.compose_command = ["docker-compose"]
    runner.run("docker", "--version", seconds=20, shown=True)
    runner.run(*runner.compose_command, "version", seconds=20, shown=True)


def builds(folder):
    """Whether the docker in this folder has BuildKit: old ones have it built in, new ones with the buildx plugin."""
    docker = Path(folder, "docker")
    major = re.search(r"version (\d+)\.", output(str(docker), "--version"))
    return bool(major) and (18 < int(major[1]) < 23 or bool(output(str(docker), "buildx", "version")))


def install_missing(runner, compose):
    wanted = {"dockerd": "docker.io", "docker-compose": "docker-compose", "debootstrap": "debootstrap"}
    if runner.answers("docker", "info"):
        wanted.pop("dockerd")
    if compose or runner.answers("docker", "compose", "version"):
        wanted.pop("docker-compose")
    missing = [package for program, package in wanted.items() if not shutil.which(program)]
    if not missing:
        return
    if os.geteuid() or not shutil.which("apt-get"):
        raise Trouble(f"{', '.join(missing)} missing, and only root on Debian can install them")
    os.environ["DEBIAN_FRONTEND"] = "noninteractive"
    runner.run("apt-get", "update", "-qq", seconds=300)
    runner.run("apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing, seconds=900)


@contextlib.contextmanager
def daemon(runner):
    """A daemon that answers: the one that is there, or one with its own data, which ends with the test."""
    if runner.answers("docker", "info"):
        yield
        return
    if os.geteuid() or not shutil.which("dockerd"):
        raise Trouble("no Docker daemon answers; start one, or run this as root where dockerd is installed")
    with network.restored(runner.log):
        yield from own_daemon(runner)


def own_daemon(runner):
    folder = tempfile.mkdtemp(prefix="manywire-docker-", dir="/var/tmp")
    log = Path(folder, "dockerd.log")
    socket = f"unix://{folder}/docker.sock"
    with log.open("w") as file:
        process = subprocess.Popen(
            ["dockerd", "--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec", "--pidfile", f"{folder}/pid", "--host", socket],
            stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True)
    before, os.environ["DOCKER_HOST"] = os.environ.get("DOCKER_HOST"), socket
    try:
        runner.wait_until(lambda: process.poll() is not None or runner.answers("docker", "info"), 60, "dockerd did not answer")
        if process.poll() is not None:
            raise Trouble("dockerd ended:\n" + "\n".join(log.read_text().splitlines()[-8:]))
        about = runner.run("docker", "info", "--format", "{{.ServerVersion}}, storage {{.Driver}}", seconds=20, quiet=True)
        runner.log.line(f"started a Docker daemon: {about}")
        yield
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        os.environ.pop("DOCKER_HOST")
        if before:
            os.environ["DOCKER_HOST"] = before
        shutil.rmtree(folder, ignore_errors=True)
