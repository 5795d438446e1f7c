"""The asyncio client."""

from __future__ import annotations

import asyncio
import gc
from typing import Any, AsyncIterator, Callable, Coroutine, Iterator

import pytest

import manywire
from conftest import SCHEMES

aio = manywire.aio


@pytest.fixture
def run() -> Callable[[Coroutine[Any, Any, Any]], Any]:
    return lambda work: asyncio.run(asyncio.wait_for(work, 60), debug=True)


async def add(client: aio.AsyncClient, a: int, b: int) -> int:
    if client.wire in ("gob", "jsonrpc1"):
        return (await client.Arith.Divide(A=a, B=1))["Quo"] + b
    if client.wire == "grpc":
        return int((await client.UserService.GetUser(id=a))["id"]) + b
    return await client.call("add", a, b)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_wire_answers(server: manywire.Server, run: Any, scheme: str) -> None:
    async def work() -> None:
        async with aio.connect(server.url(scheme)) as client:
            assert await add(client, 17, 8) == 25
            assert await asyncio.gather(*(add(client, n, 1) for n in range(1, 200))) == list(range(2, 201))
            tasks = [asyncio.create_task(add(client, n, 1)) for n in range(1, 5)]
            assert [await task for task in tasks] == [2, 3, 4, 5]
            names = await client.methods()
            assert (await client.describe(names[0])).strip()
            assert repr(client) == f"<manywire.aio.AsyncClient {client.url}>"

    run(work())


def test_awaiting_connect(server: manywire.Server, run: Any) -> None:
    async def work() -> None:
        client = await aio.connect(server.url("zerorpc"))
        assert await client.add(2, 3) == 5
        await client.close()
        await client.close()
        with pytest.raises(manywire.UsageError, match="the client is closed"):
            await client.add(2, 3)
        with pytest.raises(manywire.ConnectError):
            await aio.connect("gob://127.0.0.1:1")
        with pytest.raises(manywire.UsageError, match="no wire soap://"):
            await aio.connect("soap://127.0.0.1:1")

    run(work())


def test_errors_batches_and_notifications(server: manywire.Server, run: Any) -> None:
    async def work() -> None:
        async with aio.connect(server.url("jsonrpc")) as client:
            with pytest.raises(manywire.RemoteError, match="division by zero"):
                await client.divide(1, 0)
            with pytest.raises(OverflowError):
                await client.ping(2**64)
            assert await client.batch([("add", n, 1) for n in range(3)]) == [1, 2, 3]
            mixed = await client.batch([("add", 1, 1), ("divide", 1, 0)], return_errors=True)
            assert mixed[0] == 2
            assert isinstance(mixed[1], manywire.RemoteError)
            assert await client.notify("ping", 1) is None
            with pytest.raises(manywire.Timeout):
                await client.using(timeout=0.02).sleep(5000)
            with pytest.raises(AttributeError):
                client._private()

    run(work())


def test_streams(server: manywire.Server, run: Any) -> None:
    async def work() -> None:
        async with aio.connect(server.url("zerorpc")) as client:
            assert [item async for item in client.stream("streaming_range", 0, 5000, 1)] == list(range(5000))
            assert [item async for item in client.streaming_range(0, 10, 3)] == [0, 3, 6, 9]
            async with client.stream("ticks") as ticks:
                assert (await ticks.__anext__())["n"] == 1
            assert [item async for item in ticks] == []
            async with client.ticks() as ticks:
                assert (await ticks.__anext__())["n"] == 1
            answer = await client.streaming_range(0, 3, 1)
            assert [item async for item in answer] == [0, 1, 2]
            with pytest.raises(manywire.RemoteError):
                async for _ in client.streaming_range(0, 10, "x"):
                    pass
        async with aio.connect(server.url("jsonrpc+ws")) as client:
            async with client.subscribe_ticks() as ticks:
                assert [(await ticks.__anext__())["n"] for _ in range(3)] == [1, 2, 3]

    run(work())


def test_a_wait_for_an_item_that_is_cancelled_loses_none(server: manywire.Server, run: Any) -> None:
    async def work() -> None:
        async with aio.connect(server.url("zerorpc")) as client, client.stream("ticks") as ticks:
            numbers: list[int] = []
            given_up = 0
            while len(numbers) < 6:
                try:
                    numbers.append((await asyncio.wait_for(ticks.__anext__(), 0.003))["n"])
                except asyncio.TimeoutError:
                    given_up += 1
            assert numbers == [1, 2, 3, 4, 5, 6]
            assert given_up > 0

    run(work())


def test_two_tasks_share_a_stream(server: manywire.Server, run: Any) -> None:
    async def work() -> None:
        async with aio.connect(server.url("zerorpc")) as client:
            stream = client.stream("streaming_range", 0, 3000, 1)

            async def read() -> list[int]:
                return [item async for item in stream]

            shares = await asyncio.gather(read(), read(), read())
            assert sorted(sum(shares, [])) == list(range(3000))

    run(work())


def test_all_four_kinds_of_grpc(server: manywire.Server, run: Any) -> None:
    async def numbers(to: int) -> AsyncIterator[dict[str, str]]:
        for n in range(to):
            yield {"data": str(n)}

    async def messages(to: int) -> AsyncIterator[dict[str, str]]:
        for n in range(to):
            yield {"message": str(n)}
            await asyncio.sleep(0)

    def plain(to: int) -> Iterator[dict[str, str]]:
        return ({"data": str(n)} for n in range(to))

    async def work() -> None:
        async with aio.connect(server.url("grpc")) as client:
            assert await client.Greeter.SayHello(name="world") == {"message": "hello world"}
            assert len([item async for item in client.Greeter.GetStream(data="1")]) == 12
            for requests in (numbers(100), plain(100), list(plain(100)), tuple(plain(100))):
                assert await client.send("Greeter/PutStream", requests) == {"data": "received 100"}
            assert await client.Greeter.PutStream(numbers(3)) == {"data": "received 3"}
            expected = [f"server send world to client!i={n}" for n in range(50)]
            assert [item["message"] async for item in client.ChatService.TextChat(messages(50))] == expected
            assert [item["message"] async for item in await client.ChatService.TextChat(messages(50))] == expected
            listed = [{"message": "x"}] * 50
            assert [item["message"] async for item in client.exchange("ChatService/TextChat", listed)] == expected

    run(work())


def test_requests_may_wait_for_answers(server: manywire.Server, run: Any) -> None:
    async def work() -> None:
        async with aio.connect(server.url("grpc")) as client:
            questions: asyncio.Queue[Any] = asyncio.Queue()

            async def ask() -> AsyncIterator[Any]:
                while (question := await questions.get()) is not None:
                    yield question

            await questions.put({"message": "0"})
            answers: list[str] = []
            async for answer in client.exchange("ChatService/TextChat", ask()):
                answers.append(answer["message"])
                await questions.put({"message": "more"} if len(answers) < 20 else None)
            assert len(answers) == 20

    run(work())


def test_a_source_that_fails(server: manywire.Server, run: Any) -> None:
    async def broken(request: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        yield request
        raise LookupError("no more")

    async def work() -> None:
        async with aio.connect(server.url("grpc")) as client:
            with pytest.raises(LookupError, match="no more"):
                await client.send("UpFileService/UpLoad", broken({"name": "aio-broken", "content": b"x"}))
            with pytest.raises(manywire.RemoteError) as raised:
                async for _ in client.stream("FileService/DownLoad", {"name": "aio-broken"}):
                    pass
            assert raised.value.kind == "not_found"
            with pytest.raises(LookupError, match="no more"):
                async for _ in client.exchange("ChatService/TextChat", broken({"message": "a"})):
                    pass
            with pytest.raises(OverflowError):
                await client.send("Greeter/PutStream", iter([{"data": 2**70}]))

    run(work())


@pytest.mark.parametrize("scheme", ["jsonrpc", "jsonrpc+ws", "xmlrpc", "zerorpc"])
def test_cancelling_gives_the_call_up_and_leaves_the_client_well(server: manywire.Server, run: Any, scheme: str) -> None:
    async def work() -> None:
        async with aio.connect(server.url(scheme)) as client:
            tasks = [asyncio.create_task(client.call("sleep", 30_000)) for _ in range(50)]
            await asyncio.sleep(0.05)
            for task in tasks:
                task.cancel()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
            assert all(isinstance(outcome, asyncio.CancelledError) for outcome in outcomes)
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(client.call("sleep", 30_000), 0.02)
            assert await client.add(2, 3) == 5

    run(work())


def test_two_event_loops_one_after_the_other_and_side_by_side(server: manywire.Server) -> None:
    async def work() -> int:
        async with aio.connect(server.url("jsonrpc")) as client:
            return await client.add(1, 2)

    async def both() -> list[int]:
        return await asyncio.gather(*(asyncio.to_thread(asyncio.run, work()) for _ in range(4)))

    assert [asyncio.run(work()) for _ in range(3)] == [3, 3, 3]
    assert asyncio.run(both()) == [3, 3, 3, 3]


def test_a_client_of_another_loop_is_refused(server: manywire.Server) -> None:
    async def connect() -> aio.AsyncClient:
        return await aio.connect(server.url("jsonrpc"))

    async def use(client: aio.AsyncClient) -> None:
        with pytest.raises(manywire.UsageError, match="another event loop"):
            await client.add(1, 2)

    asyncio.run(use(asyncio.run(connect())))


def test_what_nobody_closes_is_no_trouble(server: manywire.Server, run: Any) -> None:
    async def work() -> None:
        client = await aio.connect(server.url("zerorpc"))
        stream = client.stream("ticks")
        await stream.__anext__()
        task = asyncio.create_task(client.sleep(30_000))
        await asyncio.sleep(0)
        del client, stream
        gc.collect()
        assert not task.done()

    run(work())
    gc.collect()


def test_a_call_by_attribute_is_a_coroutine(server: manywire.Server, run: Any) -> None:
    async def work() -> None:
        client = await asyncio.create_task(aio.connect(server.url("zerorpc")))
        assert await asyncio.create_task(client.add(2, 3)) == 5
        assert await asyncio.wait_for(client.add(2, 4), 10) == 6
        task = asyncio.create_task(client.sleep(30_000))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        call = client.add(1, 1)
        assert await call == 2
        with pytest.raises(RuntimeError, match="already awaited"):
            await call
        await client.close()

    run(work())
    assert asyncio.run(aio.connect(server.url("zerorpc"))).wire == "zerorpc"


def test_what_was_forgotten_to_await_is_told_of(server: manywire.Server, run: Any) -> None:
    async def work() -> None:
        with pytest.warns(RuntimeWarning, match="aio.Connecting to zerorpc://.* was never awaited"):
            aio.connect(server.url("zerorpc"))
            gc.collect()
        async with aio.connect(server.url("zerorpc")) as client:
            with pytest.warns(RuntimeWarning, match="call of add of zerorpc://.* was never awaited"):
                client.add(2, 3)
                gc.collect()
            stream = client.ticks().__aiter__()
            await stream.__anext__()
            client.add(2, 3).close()

    run(work())
