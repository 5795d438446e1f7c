"""What the Python servers share: where to listen, saying so, and ending with their standard input."""
import argparse
import os
import sys
import threading


def options(description, **more):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--listen", default="127.0.0.1:0", metavar="HOST:PORT", help="a free port of this machine by default")
    parser.add_argument("--until-eof", action="store_true", help="end when standard input does")
    for name, (kind, default) in more.items():
        parser.add_argument("--" + name.replace("_", "-"), type=kind, default=default)
    given = parser.parse_args()
    host, _, port = given.listen.rpartition(":")
    given.host, given.port = host, int(port)
    if given.until_eof:
        threading.Thread(target=end_with_stdin, daemon=True).start()
    return given


def end_with_stdin():
    # Not sys.stdin, which a dying interpreter would wait for.
    while os.read(0, 4096):
        pass
    os._exit(0)


def listening(name, host, port):
    print(f"LISTENING {name} {host}:{port}", flush=True)


def skip(why):
    print(f"SKIPPED {why}", flush=True)
    sys.exit(0)
