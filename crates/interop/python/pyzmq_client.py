"""zerorpc's events over a bare ZeroMQ socket, which has an identity of its own: zerorpc's client never gives itself one."""
import sys
import uuid

from answers import Cannot, Failed, answer_each, skip
from tagged import from_tagged, to_tagged

try:
    import msgpack
    import zmq
except ImportError as error:
    skip(f"no {error.name} for Python")

_, address = sys.argv[1:]
context = zmq.Context()


def connect(identity):
    socket = context.socket(zmq.DEALER)
    socket.identity = identity
    socket.rcvtimeo = 60_000
    socket.connect(f"tcp://{address}")
    return socket


def send(socket, headers, name, arguments):
    try:
        event = msgpack.packb([{"message_id": uuid.uuid4().hex, "v": 3, **headers}, name, arguments])
    except (ValueError, OverflowError) as error:
        raise Cannot(f"msgpack: {error}") from None
    socket.send_multipart([b"", event])


def events(socket, channel):
    """What comes on a channel, but for heartbeats, which are answered."""
    while True:
        empty, event = socket.recv_multipart()
        headers, name, arguments = msgpack.unpackb(event, strict_map_key=False)
        if empty or headers["response_to"] not in (channel, channel.encode()):
            raise RuntimeError(f"an event of another channel: {headers}")
        if name == "_zpc_hb":
            send(socket, {"response_to": channel}, "_zpc_hb", [0])
        elif name != "_zpc_more":
            yield name, arguments


def stream(socket, channel, item, coming):
    while True:
        yield item
        send(socket, {"response_to": channel}, "_zpc_more", [1])
        name, item = next(coming)
        if name == "STREAM_DONE":
            return
        if name != "STREAM":
            raise Failed(item[1], name=item[0])


def answer(socket, call):
    channel = uuid.uuid4().hex
    send(socket, {"message_id": channel}, call["method"], from_tagged(call["arguments"]))
    coming = events(socket, channel)
    name, arguments = next(coming)
    if name == "ERR":
        raise Failed(arguments[1], name=arguments[0])
    if name == "OK":
        return "value", to_tagged(arguments[0])
    if name == "STREAM_DONE":
        return "items", []
    items = stream(socket, channel, arguments, coming)
    taken = [item for _, item in zip(range(call["take"]), items)] if "take" in call else list(items)
    return "items", to_tagged(taken)


socket = connect(b"\x01 " + uuid.uuid4().bytes)


def make(call):
    if "take" not in call:
        return answer(socket, call)
    # What the server still sends of a stream that is broken off is read by no one.
    own = connect(uuid.uuid4().hex.encode())
    taken = answer(own, call)
    own.close(linger=0)
    return taken


answer_each(make)
context.destroy(linger=0)
