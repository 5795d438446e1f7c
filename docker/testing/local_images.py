"""Images for a machine that reaches no image registry: Debian by debootstrap, and this machine's own toolchains on it.

Each is tagged with the very name that the Dockerfile or the compose file asks for, so that neither has to change."""
import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

BASE = "manywire-local/debian"
SETTINGS = "manywire-local/settings"

# What a build reads of this machine's environment. Folders and files of this machine are not there in a build.
PASSED_ON = re.compile(r"(https?|no|all|ftp)_proxy|CARGO_(HTTP|NET|REGISTR)\w*|PIP_(?!CERT|CACHE|FIND_LINKS|CONFIG)\w+|UV_\w*INDEX\w*"
                       r"|GO(PROXY|SUMDB|NOSUMDB|NOPROXY|PRIVATE|INSECURE)|npm_config_\w*(registry|proxy)", re.I)
AUTHORITIES = ["SSL_CERT_FILE", "CARGO_HTTP_CAINFO", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT", "NODE_EXTRA_CA_CERTS"]


def external(root):
    """The images that the Dockerfile and the compose file take from a registry."""
    dockerfile = (root / "Dockerfile").read_text()
    stages = set(re.findall(r"^FROM .* AS (\S+)", dockerfile, re.M)) | {"scratch", "${SETTINGS}"}
    names = re.findall(r"^FROM (\S+)", dockerfile, re.M) + re.findall(r"^\s+image: (\S+:\S+)", (root / "docker-compose.yml").read_text(), re.M)
    return sorted({name for name in names if name not in stages})


def output(*command):
    """What a program of this machine says, or nothing where there is none."""
    try:
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, timeout=60).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""


def stand_in(name):
    """The folder and the Dockerfile that a stand-in for this image is built from; none where this machine cannot make one."""
    kind, version = name.split(":")
    if kind == "haproxy":
        return None, [packages("haproxy"), "STOPSIGNAL SIGUSR1", "USER haproxy"]
    if kind == "python":
        # The image's own pip installs beside no other package manager, Debian's has to be told so.
        return None, [packages("python3 python3-pip"), "RUN rm /usr/lib/python3.*/EXTERNALLY-MANAGED && ln -s /usr/bin/python3 /usr/local/bin/python"]
    if kind == "rust" and (folder := output("rustc", "--print", "sysroot")):
        return folder, [packages("gcc libc6-dev"), "COPY bin/cargo bin/rustc /usr/local/toolchain/bin/", "COPY lib /usr/local/toolchain/lib",
                        "ENV CARGO_HOME=/usr/local/cargo PATH=/usr/local/toolchain/bin:/usr/local/bin:/usr/bin:/bin"]
    if kind == "golang" and (folder := output("go", "env", "GOROOT")):
        return folder, ["COPY bin /usr/local/go/bin", "COPY pkg /usr/local/go/pkg", "COPY src /usr/local/go/src", "COPY go.env VERSION /usr/local/go/",
                        "ENV GOPATH=/go PATH=/go/bin:/usr/local/go/bin:/usr/local/bin:/usr/bin:/bin"]
    if kind == "node" and (program := shutil.which("node")):
        return str(Path(program).resolve().parents[1]), [
            "COPY bin/node /usr/local/bin/", "COPY lib/node_modules/npm /usr/local/lib/node_modules/npm",
            "RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm"]
    return None


def packages(names):
    return f"RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends {names} >/dev/null && rm -rf /var/lib/apt/lists/*"


def debian(run):
    """Debian's smallest installation, with the mirror that this machine uses."""
    mirrors = output("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Codename: bookworm").split()
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        run("debootstrap", "--variant=minbase", "--include=ca-certificates", "bookworm", folder, *mirrors[:1], seconds=900)
        run("sh", "-c", 'tar -C "$0" -c . | docker import --change \'CMD ["bash"]\' - "$1"', folder, BASE, seconds=300)


def build(run, name, recipe):
    """A stand-in on Debian."""
    folder, lines = recipe
    with tempfile.TemporaryDirectory() as empty:
        dockerfile = Path(empty, "stand-in.Dockerfile")
        dockerfile.write_text("\n".join([f"FROM {BASE}", *lines]) + "\n")
        proxies = [word for key in os.environ if key.lower().endswith("_proxy") for word in ("--build-arg", key)]
        run("docker", "build", "--quiet", *proxies, "--tag", name, "--file", str(dockerfile), folder or empty, seconds=900)


def settings(run):
    """An image with this machine's ways to its package registries, for the build argument SETTINGS; none where it has no special ones."""
    lines = [f"export {key}={quoted(value)}" for key, value in sorted({**from_tools(), **os.environ}.items()) if PASSED_ON.fullmatch(key)]
    authorities = next((os.environ[key] for key in AUTHORITIES if Path(os.environ.get(key) or "/").is_file()), None)
    if not authorities and any(Path("/usr/local/share/ca-certificates").glob("*.crt")):
        authorities = "/etc/ssl/certs/ca-certificates.crt"
    cargo = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo"), "config.toml")
    with tempfile.TemporaryDirectory() as folder:
        if authorities:
            shutil.copy(authorities, Path(folder, "ca.pem"))
            lines += [f"export {key}=/run/settings/ca.pem" for key in [*AUTHORITIES, "npm_config_cafile"]]
        if cargo.is_file():
            shutil.copy(cargo, Path(folder, "cargo.toml"))
            lines.append('[ -z "$CARGO_HOME" ] || cp /run/settings/cargo.toml "$CARGO_HOME/config.toml"')
        if not lines:
            return None
        Path(folder, "env").write_text("\n".join(lines) + "\n")
        Path(folder, "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
        run("docker", "build", "--quiet", "--tag", SETTINGS, folder, seconds=120)
    return SETTINGS


def from_tools():
    """What pip, Go and npm are told in files rather than in the environment."""
    found = {}
    for key, value in re.findall(r"^(?:global|install)\.([\w-]+)='(.*)'$", output("python3", "-m", "pip", "config", "list"), re.M):
        found["PIP_" + key.upper().replace("-", "_")] = value
    if go := output("go", "env", "-json", "GOPROXY", "GOSUMDB", "GONOSUMDB", "GONOPROXY", "GOPRIVATE", "GOINSECURE"):
        found.update({key: value for key, value in json.loads(go).items() if value})
    if (registry := output("npm", "config", "get", "registry")).startswith("http"):
        found["npm_config_registry"] = registry
    return found


def quoted(value):
    return "'" + value.replace("'", "'\\''") + "'"
