"""Streams of both directions, read and fed by blocking code."""

from __future__ import annotations

import queue
import threading
from typing import Any, Callable, Iterator

import pytest

import manywire

Connect = Callable[..., manywire.Client]


def test_items_come_in_order_however_many(connect: Connect) -> None:
    client = connect("zerorpc")
    assert list(client.stream("streaming_range", 0, 10_000, 1)) == list(range(10_000))
    assert list(client.streaming_range(5, 5, 1)) == []


def test_subscriptions(connect: Connect) -> None:
    with connect("jsonrpc+ws").stream("subscribe_ticks") as ticks:
        assert [next(ticks)["n"] for _ in range(5)] == [1, 2, 3, 4, 5]
    with connect("jsonrpc+ws").subscribe_ticks() as ticks:
        assert next(ticks)["n"] == 1


def test_a_grpc_stream(connect: Connect) -> None:
    answers = list(connect("grpc").stream("Greeter/GetStream", {"data": "1"}))
    assert len(answers) == 12
    assert set(answers[0]) == {"data"}


def test_a_stream_that_is_left_is_ended_for_the_server(connect: Connect) -> None:
    client = connect("zerorpc")
    for _ in range(20):
        with client.stream("ticks") as ticks:
            assert next(ticks)["n"] == 1
        assert list(ticks) == []
    assert client.add(1, 2) == 3


def test_an_error_before_the_first_item(connect: Connect) -> None:
    with pytest.raises(manywire.RemoteError, match="streaming_range"):
        list(connect("zerorpc").stream("streaming_range", 0, 10, "x"))


def test_two_threads_share_a_stream(connect: Connect) -> None:
    stream = connect("zerorpc").stream("streaming_range", 0, 20_000, 1)
    items: list[int] = []
    threads = [threading.Thread(target=lambda: items.extend(list(stream))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(items) == list(range(20_000))


def test_files_go_up_and_come_down(connect: Connect) -> None:
    client = connect("grpc")
    pieces = [bytes([n]) * 100_000 for n in range(30)]

    def requests() -> Iterator[dict[str, Any]]:
        for n, piece in enumerate(pieces):
            yield {"name": "pieces" if n == 0 else "", "content": piece}

    assert client.send("UpFileService/UpLoad", requests()) == {"state": "success"}
    down = [part["content"] for part in client.stream("FileService/DownLoad", {"name": "pieces"})]
    assert b"".join(down) == b"".join(pieces)
    assert client.UpFileService.UpLoad([{"name": "one", "content": b"\x00\xff"}]) == {"state": "success"}
    assert next(client.FileService.DownLoad(name="one"))["content"] == b"\x00\xff"


def test_an_upload_whose_source_fails_leaves_nothing_behind(connect: Connect) -> None:
    client = connect("grpc")

    def requests() -> Iterator[dict[str, Any]]:
        yield {"name": "broken", "content": b"half"}
        raise LookupError("the disk is gone")

    for _ in range(5):
        with pytest.raises(LookupError, match="the disk is gone"):
            client.send("UpFileService/UpLoad", requests())
    with pytest.raises(manywire.RemoteError) as raised:
        list(client.stream("FileService/DownLoad", {"name": "broken"}))
    assert raised.value.kind == "not_found"


def test_a_request_that_cannot_be_sent(connect: Connect) -> None:
    client = connect("grpc")
    with pytest.raises(OverflowError):
        client.send("Greeter/PutStream", iter([{"data": "x"}, {"data": 2**70}]))
    with pytest.raises(OverflowError):
        client.send("Greeter/PutStream", [{"data": 2**70}])
    with pytest.raises(OverflowError):
        list(client.exchange("ChatService/TextChat", iter([{"message": 2**70}])))


def test_a_server_that_has_heard_enough_stops_the_source(connect: Connect) -> None:
    taken = 0

    def requests() -> Iterator[dict[str, Any]]:
        nonlocal taken
        while True:
            taken += 1
            # The second message may not name another file.
            yield {"name": f"file{taken}", "content": b"x"}

    with pytest.raises(manywire.RemoteError) as raised:
        connect("grpc").send("UpFileService/UpLoad", requests())
    assert raised.value.kind == "failed"
    assert taken < 1000


def test_requests_may_wait_for_answers(connect: Connect) -> None:
    questions: queue.Queue[Any] = queue.Queue()
    questions.put({"message": "0"})
    answers = []
    for answer in connect("grpc").exchange("ChatService/TextChat", iter(questions.get, None)):
        answers.append(answer["message"])
        questions.put({"message": str(len(answers))} if len(answers) < 20 else None)
    assert answers == [f"server send world to client!i={n}" for n in range(20)]


def test_exchanges_from_lists_and_by_attribute(connect: Connect) -> None:
    client = connect("grpc")
    requests = [{"message": str(n)} for n in range(300)]
    for source in (requests, tuple(requests), iter(requests)):
        assert len(list(client.exchange("ChatService/TextChat", source))) == 300
        assert len(list(client.ChatService.TextChat(requests))) == 300


def test_an_exchange_whose_source_fails(connect: Connect) -> None:
    def requests() -> Iterator[dict[str, str]]:
        yield {"message": "a"}
        raise LookupError("no more")

    with pytest.raises(LookupError, match="no more"):
        list(connect("grpc").exchange("ChatService/TextChat", requests()))


def test_an_exchange_that_is_left_stops_its_source(connect: Connect) -> None:
    has_ended = threading.Event()

    def requests() -> Iterator[dict[str, str]]:
        try:
            while True:
                yield {"message": "again"}
        finally:
            has_ended.set()

    with connect("grpc").exchange("ChatService/TextChat", requests()) as answers:
        next(answers)
    assert has_ended.wait(20)


def test_a_stream_of_requests_goes_to_a_method_that_takes_one(connect: Connect) -> None:
    with pytest.raises(manywire.Error):
        connect("grpc").send("Greeter/SayHello", iter([{"name": "a"}, {"name": "b"}]))
