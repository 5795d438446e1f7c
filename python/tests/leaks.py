"""Makes many calls, and again, until they leave memory as it was: leaks.py WORK URL NUMBER.

It prints by how many bytes the process grew in its best round. An allocator keeps some for itself now and then; a leak grows
in every round.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from pathlib import Path

import manywire


def resident() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def calls(client: manywire.Client, number: int) -> None:
    if client.wire == "gob":
        for n in range(number):
            client.call("Arith.Multiply", {"A": n, "B": 2})
    elif client.wire == "grpc":
        for n in range(number):
            client.call("UserService/GetUser", {"id": 1})
    else:
        for n in range(number):
            client.call("add", n, 2)


def batches(client: manywire.Client, number: int) -> None:
    for _ in range(number // 500):
        client.batch([("Arith.Multiply", {"A": n, "B": 2}) for n in range(500)])


def errors(client: manywire.Client, number: int) -> None:
    for _ in range(number):
        try:
            client.call("divide", 1, 0)
        except manywire.RemoteError:
            pass


def streams(client: manywire.Client, number: int) -> None:
    for n in range(number):
        with client.stream("streaming_range", 0, 100, 1) as items:
            # zerorpc has no word for leaving early: the server finds out by heartbeats, and bears with some thousands.
            if n % 20:
                assert len(list(items)) == 100
            else:
                next(items)


def clients(client: manywire.Client, number: int) -> None:
    for _ in range(number):
        with manywire.connect(client.url) as another:
            another.call("add", 1, 2)


async def awaited(client: manywire.aio.AsyncClient, number: int) -> None:
    for _ in range(number // 100):
        await asyncio.gather(*(client.call("add", n, 2) for n in range(100)))


async def cancelled(client: manywire.aio.AsyncClient, number: int) -> None:
    for _ in range(number // 100):
        tasks = [asyncio.ensure_future(client.call("sleep", 30)) for _ in range(100)]
        await asyncio.sleep(0.002)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert await client.call("add", 2, 3) == 5


def main(work: str, url: str, number: int) -> None:
    def blocking(number: int) -> None:
        with manywire.connect(url) as client:
            {"calls": calls, "batches": batches, "errors": errors, "streams": streams, "clients": clients}[work](client, number)

    async def asynchronous(number: int) -> None:
        async with manywire.aio.connect(url) as client:
            await {"awaited": awaited, "cancelled": cancelled}[work](client, number)

    def run(number: int) -> None:
        if work in ("awaited", "cancelled"):
            asyncio.run(asynchronous(number))
        else:
            blocking(number)

    # Caches fill first.
    run(number // 4 + 100)
    best = sys.maxsize
    # One small object for each call would be 50 bytes or more of each.
    for _ in range(8):
        before = resident()
        run(number)
        best = min(best, resident() - before)
        if best < 10 * number:
            break
    print(best)


main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
