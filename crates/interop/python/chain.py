"""Servers behind each other. Each command, with `--` before the next, is told by `<NAME>` where the one before it listens; what the
last one says is passed on. All end with this program's standard input."""
import os
import re
import subprocess
import sys

commands = [[]]
for word in sys.argv[1:]:
    if word == "--":
        commands.append([])
    else:
        commands[-1].append(word)

PLACE = re.compile(r"<(\w+)>")
processes = []


def start(command, addresses, **options):
    said = [PLACE.sub(lambda place: addresses[place[1]], word) for word in command]
    processes.append(subprocess.Popen(said, stdin=subprocess.PIPE, **options))
    return processes[-1]


def end():
    for process in processes:
        process.kill()
    os._exit(0)


addresses = {}
for command, following in zip(commands, commands[1:]):
    process = start(command, addresses, stdout=subprocess.PIPE, text=True)
    wanted, addresses = set(PLACE.findall(" ".join(following))), {}
    while not wanted <= addresses.keys():
        line = process.stdout.readline()
        if not line.startswith("LISTENING "):
            print(line or f"SKIPPED {command[-1]} has ended", flush=True)
            end()
        _, name, address = line.split()
        addresses[name] = address
start(commands[-1], addresses)

# Not sys.stdin, which a dying interpreter would wait for.
while os.read(0, 4096):
    pass
end()
