"""What a Docker daemon changes in this machine's network, and leaves behind when it ends."""
import contextlib
import fcntl
import re
import shlex
import shutil
import socket
import struct
import subprocess
from pathlib import Path

BRIDGE = "docker0"
SIOCSIFFLAGS, SIOCBRDELBR = 0x8914, 0x89A1
FORWARDING = [Path("/proc/sys/net/ipv4/ip_forward"), Path("/proc/sys/net/ipv6/conf/all/forwarding")]
# A rule or a chain of Docker's: it names one of its chains or bridges.
DOCKERS = re.compile(r"DOCKER|docker0|\bbr-[0-9a-f]{12}\b")


@contextlib.contextmanager
def restored(log):
    """Afterwards there is no bridge, rule or setting that was not there before."""
    had_bridge = bridge_is_there()
    forwarding = {path: path.read_text() for path in FORWARDING if path.exists()}
    tables = {tool: saved(tool) for tool in ("iptables", "ip6tables") if shutil.which(tool)}
    try:
        yield
    finally:
        for tool, before in tables.items():
            for command in undoing(before, saved(tool)):
                subprocess.run([tool, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if not had_bridge and bridge_is_there():
            remove_bridge()
        for path, before in forwarding.items():
            path.write_text(before)
        left = [f"{tool} {shlex.join(command)}" for tool, before in tables.items() for command in undoing(before, saved(tool))]
        log.check("no bridge and no firewall rule of Docker's is left", not left and bridge_is_there() == had_bridge, "; ".join(left))


def saved(tool):
    """Each table's lines, as `iptables-save` prints them."""
    printed = subprocess.run([f"{tool}-save"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    # Counters change by themselves.
    text = re.sub(r" \[\d+:\d+\]$", "", printed, flags=re.M)
    return {name: lines.splitlines() for name, lines in re.findall(r"^\*(\w+)\n(.*?)^COMMIT", text, re.M | re.S)}


def undoing(before, after):
    """The arguments that take away what Docker added: rules first, for they name chains."""
    rules, chains = [], []
    for table, lines in after.items():
        for line in lines:
            if line in before.get(table, []):
                continue
            if line == ":FORWARD DROP":
                rules.append(["-t", table, "-P", "FORWARD", "ACCEPT"])
            elif DOCKERS.search(line) and line.startswith("-A "):
                rules.append(["-t", table, "-D", *shlex.split(line)[1:]])
            elif DOCKERS.search(line):
                chains.append(["-t", table, "-X", line[1:].split()[0]])
    return rules + chains


def bridge_is_there():
    return Path("/sys/class/net", BRIDGE).exists()


def remove_bridge():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh14x", BRIDGE.encode(), 0))
        fcntl.ioctl(control, SIOCBRDELBR, struct.pack("16s", BRIDGE.encode()))
