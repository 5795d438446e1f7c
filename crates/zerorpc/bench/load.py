"""Load for a zerorpc server from pyzmq sockets: load.py call|stream HOST:PORT IN_FLIGHT CONNECTIONS SECONDS.

Python's zerorpc client would take far longer over a call than a server does, so the events are packed here. `stream` reads one long stream on
each connection, granting as zerorpc's client grants, and counts its items as calls. Prints one line of JSON.
"""
import itertools
import json
import statistics
import sys
import time

import msgpack
import zmq

mode, address = sys.argv[1:3]
in_flight, connections = map(int, sys.argv[3:5])
end = time.perf_counter() + float(sys.argv[5])
ids = (b"%032x" % number for number in itertools.count())
context = zmq.Context()
latencies, calls, errors = [], 0, 0


def connect():
    socket = context.socket(zmq.DEALER)
    socket.sndhwm = socket.rcvhwm = 0
    socket.connect("tcp://" + address)
    return socket


def send(socket, name, args, **headers):
    id = next(ids)
    socket.send_multipart([b"", msgpack.packb([dict(message_id=id, v=3, **headers), name, args])])
    return id


def receive(socket):
    headers, name, args = msgpack.unpackb(socket.recv_multipart()[1])
    return headers["response_to"], name, args


class Calls:
    def __init__(self, socket):
        self.socket, self.sent = socket, {}
        for _ in range(in_flight):
            self.ask()

    def ask(self):
        self.sent[send(self.socket, "hello", ["RPC"])] = time.perf_counter()

    def take(self):
        global calls, errors
        id, name, args = receive(self.socket)
        if name == "_zpc_hb":
            return
        latencies.append(time.perf_counter() - self.sent.pop(id))
        calls += 1
        errors += (name, args) != ("OK", ["Hello,RPC"])
        self.ask()


class Stream:
    def __init__(self, socket):
        self.socket, self.reserved, self.expected, self.last = socket, 1, 0, time.perf_counter()
        self.id = send(socket, "streaming_range", [0, 10**9, 1])

    def take(self):
        global calls, errors
        id, name, args = receive(self.socket)
        if name == "_zpc_hb":
            send(self.socket, "_zpc_hb", [0], response_to=self.id)
            return
        now = time.perf_counter()
        latencies.append(now - self.last)
        self.last = now
        calls += 1
        errors += (name, args) != ("STREAM", self.expected)
        self.expected += 1
        self.reserved -= 1
        if self.reserved < 50:
            send(self.socket, "_zpc_more", [100 - self.reserved], response_to=self.id)
            self.reserved = 100


start = time.perf_counter()
poller, peers = zmq.Poller(), {}
for _ in range(connections):
    socket = connect()
    poller.register(socket, zmq.POLLIN)
    peers[socket] = Calls(socket) if mode == "call" else Stream(socket)
while time.perf_counter() < end:
    ready = poller.poll(5000)
    if not ready:
        sys.exit("nothing came for five seconds")
    for socket, _ in ready:
        peer = peers[socket]
        peer.take()
        while socket.get(zmq.EVENTS) & zmq.POLLIN and time.perf_counter() < end:
            peer.take()
seconds = time.perf_counter() - start
context.destroy(linger=0)
centiles = statistics.quantiles(latencies, n=100)
print(json.dumps({"calls": calls, "seconds": seconds, "calls_per_s": calls / seconds, "p50_us": centiles[49] * 1e6,
                  "p99_us": centiles[98] * 1e6, "errors": errors}))
