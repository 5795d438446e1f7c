"""Our Python module, blocking or with asyncio: manywire_client.py FOLDER sync|asyncio WIRE ADDRESS. It is taken from the folder, if it
was built there, or from where it is installed."""
import asyncio
import itertools
import os
import sys
import threading

from answers import Failed, answer_each, skip
from tagged import from_tagged, to_tagged

folder, how, wire, address = sys.argv[1:]
if os.path.isdir(folder):
    sys.path.insert(0, folder)
try:
    import manywire
except ImportError as error:
    skip(f"no manywire module ({error})")

SCHEMES = {
    "gob": "gob://{}", "gob-http": "gob+http://{}", "jsonrpc1": "jsonrpc1+tcp://{}", "jsonrpc1-http": "jsonrpc1+http://{}/jsonrpc",
    "jsonrpc": "jsonrpc://{}", "jsonrpc-ws": "jsonrpc+ws://{}", "xmlrpc": "xmlrpc://{}/RPC2", "zerorpc": "zerorpc://{}",
    "grpc": "grpc://{}", "grpc-plain": "grpc://{}",
}
url = SCHEMES[wire].format(address)


def told(error):
    if not isinstance(error, manywire.RemoteError):
        return Failed(str(error))
    return Failed(error.message, error.code, error.name or error.kind)


def read(call):
    given = from_tagged(call["arguments"]), from_tagged(call.get("named", {})), from_tagged(call.get("requests"))
    return call["method"], call.get("take"), *given


def limited(client, call):
    return client.using(timeout=call["deadline_ms"] / 1000) if "deadline_ms" in call else client


def value(client, call):
    """One answer; with asyncio what is to be awaited for it."""
    method, _, arguments, named, requests = read(call)
    return client.call(method, *arguments, **named) if requests is None else client.send(method, requests)


def items(client, call):
    method, take, arguments, named, requests = read(call)
    ended = threading.Event()

    def held():
        yield from requests
        ended.wait()

    if requests is None:
        answers = client.stream(method, *arguments, **named)
    else:
        answers = client.exchange(method, requests if take is None else held())
    with answers:
        found = list(itertools.islice(answers, take))
    ended.set()
    return found


async def items_async(client, call):
    method, take, arguments, named, requests = read(call)

    async def held():
        for request in requests:
            yield request
        await asyncio.Event().wait()

    if requests is None:
        answers = client.stream(method, *arguments, **named)
    else:
        answers = client.exchange(method, requests if take is None else held())
    found = []
    async with answers:
        async for item in answers:
            found.append(item)
            if len(found) == take:
                break
    return found


def make(client, call):
    if "metadata" in call:
        with manywire.connect(url, headers=call.pop("metadata")) as other:
            return make(other, call)
    client = limited(client, call)
    return items(client, call) if call.get("stream") else value(client, call)


async def connect():
    return await manywire.aio.connect(url)


async def make_async(client, call):
    if "metadata" in call:
        async with manywire.aio.connect(url, headers=call.pop("metadata")) as other:
            return await make_async(other, call)
    client = limited(client, call)
    return await items_async(client, call) if call.get("stream") else await value(client, call)


def answer_with(run, client):
    def answer(call):
        try:
            return "items" if call.get("stream") else "value", to_tagged(run(client, call))
        except manywire.Error as error:
            raise told(error) from None

    answer_each(answer)


if how == "sync":
    with manywire.connect(url) as client:
        answer_with(make, client)
else:
    loop = asyncio.new_event_loop()
    client = loop.run_until_complete(connect())
    answer_with(lambda client, call: loop.run_until_complete(make_async(client, call)), client)
    loop.run_until_complete(client.close())
