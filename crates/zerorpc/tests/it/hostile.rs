//! Peers that err, cheat, stall or vanish: each is answered or closed, and nobody else notices.

use std::sync::atomic::Ordering;
use std::time::Duration;

use manywire_core::Limits;
use tokio::io::AsyncWriteExt as _;

use crate::peers::{PATIENCE, Server, run_python, service};
use crate::raw::{GREETING, Peer, READY, event, message, request};
use crate::streams::{counting, until};

/// A server that is quick to give up on a handshake.
async fn strict() -> Server {
    let limits = Limits { handshake: Duration::from_secs(1), ..Limits::default() };
    Server::with(service(), limits).await
}

/// A well-behaved peer is still served.
async fn assert_serves(server: &Server) {
    let mut peer = Peer::ready(server).await;
    peer.send(&request("well", "add", b"\x92\x01\x02")).await;
    assert_eq!(peer.event().await.unwrap(), "\\xa2OK\\x91\\x03");
}

fn greeting(change: impl FnOnce(&mut [u8; 64])) -> Vec<u8> {
    let mut greeting = *GREETING;
    change(&mut greeting);
    greeting.to_vec()
}

#[tokio::test]
async fn what_is_no_handshake_is_closed() {
    let server = strict().await;
    let after_greeting = |bytes: &[u8]| [GREETING, bytes].concat();
    let long = |flags: u8, length: u64| [&[flags][..], &length.to_be_bytes()].concat();
    let starts = [
        b"".to_vec(),
        b"\xff".to_vec(),
        GREETING[..10].to_vec(),
        GREETING[..63].to_vec(),
        GREETING.to_vec(),
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
        vec![0xff; 64],
        vec![0; 64],
        greeting(|g| g[10] = 1),
        greeting(|g| g[12..17].copy_from_slice(b"CURVE")),
        after_greeting(&READY[..20]),
        after_greeting(&long(6, 1 << 36)),
        after_greeting(&long(2, 1 << 62)),
        after_greeting(&long(3, u64::MAX)),
        after_greeting(b"\x04\x04\x09xyz"),
        after_greeting(b"\x08\x00"),
        after_greeting(&[1, 0].repeat(1000)),
        after_greeting(&message(b"too early")),
        after_greeting(b"\x04\x0b\x05READY\x0bSocket-Type\xff\xff\xff\xff"),
        after_greeting(b"\x04\x07\x05ERROR\x00"),
    ];
    let refused = starts.iter().map(async |start| {
        let mut peer = Peer::connect(&server).await;
        // The server may have closed before the last byte is written.
        let _ = peer.io.write_all(start).await;
        peer.closed().await;
    });
    futures_util::future::join_all(refused).await;
    assert_serves(&server).await;
}

#[tokio::test]
async fn a_socket_of_the_wrong_type_is_told_so() {
    let server = Server::start().await;
    let mut peer = Peer::connect(&server).await;
    peer.send(GREETING).await;
    peer.send(b"\x04\x19\x05READY\x0bSocket-Type\0\0\0\x03SUB").await;
    let mut said = Vec::new();
    while let Some((_, body)) = peer.frame_after_greeting(&mut said).await {
        said.push(body);
    }
    let last = said.last().unwrap().escape_ascii().to_string();
    assert!(
        last.contains("ERROR") && last.contains("a socket of type SUB cannot talk to this one"),
        "{last}"
    );
}

#[tokio::test]
async fn what_is_no_frame_closes_the_connection() {
    let server = Server::start().await;
    let long = |flags: u8, length: u64| [&[flags][..], &length.to_be_bytes()].concat();
    for bytes in [
        long(2, 1 << 62),
        long(2, (16 << 20) + 1),
        long(3, 1025),
        long(6, 1 << 36),
        [1, 0].repeat(17),
        [&[1, 255][..], &[0; 255]].concat().repeat(5),
        vec![0x08, 0],
        vec![0x05, 0],
        vec![0x80],
        b"\x04\x04\x09xyz".to_vec(),
        b"\x04\x05\x04PING".to_vec(),
        b"\x04\x08\x05ERROR\x01x".to_vec(),
    ] {
        let mut peer = Peer::ready(&server).await;
        let _ = peer.io.write_all(&bytes).await;
        peer.closed().await;
    }
    assert_serves(&server).await;
}

#[tokio::test]
async fn what_is_no_event_is_answered_with_an_error() {
    let server = Server::start().await;
    let mut peer = Peer::ready(&server).await;
    let deep = [vec![0x91; 100_001], vec![0xc0]].concat();
    let args = |bytes: &[u8]| event("i", None, "echo", bytes);
    for (payload, error) in [
        (b"".to_vec(), "ends inside a value"),
        (b"\xc1".to_vec(), "no msgpack value"),
        (b"\x92\x80\xa1x".to_vec(), "a list of headers, name and arguments"),
        (b"\x93\xa1x\xa1x\x90".to_vec(), "the headers of an event are a map"),
        (b"\x93\x80\x05\x90".to_vec(), "the name of an event is a string"),
        (b"\x93\x80\xa1\xff\x90".to_vec(), "not UTF-8"),
        (b"\x93\x80\xa4echo\x91\x01".to_vec(), "without a message_id"),
        (b"\x93\xdf\xff\xff\xff\xff".to_vec(), "ends inside a value"),
        (b"\xdd\xff\xff\xff\xff".to_vec(), "ends inside a value"),
        (event(&"x".repeat(300), None, "echo", b"\x91\x01"), "too long"),
        (args(b""), "ends inside a value"),
        (args(b"\xdd\xff\xff\xff\xff"), "ends inside a value"),
        (args(b"\x91\xdd\xff\xff\xff\xff"), "ends inside a value"),
        (args(b"\x91\xdf\xff\xff\xff\xff"), "ends inside a value"),
        (args(b"\x91\xc6\xff\xff\xff\xff"), "ends inside a value"),
        (args(b"\xc0"), "the arguments of a call are a list"),
        (args(b"\x91\xc1"), "no msgpack value"),
        (args(&deep), "nested more than 128 levels"),
        (args(b"\x91\xd6\xff\xff\xff\xff"), "ends inside a value"),
        (args(b"\x91\xc7\x03\xff\0\0\0"), "timestamp is malformed"),
    ] {
        peer.send(&message(&payload)).await;
        let answer = peer.event().await.unwrap();
        // Without a version in its headers a peer gets errors of one text.
        let parts = if payload.starts_with(b"\x93\x80") { 1 } else { 3 };
        assert!(
            answer.starts_with(&format!("\\xa3ERR\\x9{parts}")) && answer.contains(error),
            "{error}: {answer}"
        );
    }
    peer.send(&request("again", "add", b"\x92\x01\x02")).await;
    assert_eq!(peer.event().await.unwrap(), "\\xa2OK\\x91\\x03");
}

#[tokio::test]
async fn a_header_may_be_nested_as_deep_as_it_likes() {
    let server = Server::start().await;
    let mut peer = Peer::ready(&server).await;
    let mut payload = b"\x93\x82\xaamessage_id\xc4\x01i\xa5trace".to_vec();
    payload.extend([0x91; 200_000]);
    payload.extend(b"\xc0\xa3add\x92\x01\x02");
    peer.send(&message(&payload)).await;
    assert_eq!(peer.event().await.unwrap(), "\\xa2OK\\x91\\x03");
}

#[tokio::test]
async fn bytes_may_come_one_at_a_time() {
    let server = Server::start().await;
    let mut peer = Peer::connect(&server).await;
    peer.io.set_nodelay(true).unwrap();
    let all = [&GREETING[..], READY, &request("slow", "add", b"\x92\x01\x02")].concat();
    for byte in all {
        peer.send(&[byte]).await;
        tokio::task::yield_now().await;
    }
    let mut said = Vec::new();
    peer.frame_after_greeting(&mut said).await;
    assert_eq!(peer.event().await.unwrap(), "\\xa2OK\\x91\\x03");
}

#[tokio::test]
async fn pings_are_answered_and_unknown_commands_passed_over() {
    let server = Server::start().await;
    let mut peer = Peer::ready(&server).await;
    peer.send(b"\x04\x07\x06FUTURE\x04\x09\x04PING\0\0ab").await;
    assert_eq!(peer.frame().await.unwrap(), (4, b"\x04PONGab".to_vec()));
    // Between two frames of a message, as libzmq sends them.
    let mut split = request("i", "add", b"\x92\x01\x02");
    split.splice(2..2, *b"\x04\x08\x04PING\0\0c");
    peer.send(&split).await;
    assert_eq!(peer.frame().await.unwrap(), (4, b"\x04PONGc".to_vec()));
    assert_eq!(peer.event().await.unwrap(), "\\xa2OK\\x91\\x03");
    assert!(peer.stays_open().await);
    // Two tenths of a second of silence are allowed from here on.
    peer.send(b"\x04\x07\x04PING\0\x02").await;
    peer.closed().await;
}

#[tokio::test]
async fn an_id_in_use_is_refused() {
    let server = Server::start().await;
    let mut peer = Peer::ready(&server).await;
    let both = [request("same", "sleep", b"\x91\xcc\xc8"), request("same", "add", b"\x92\x01\x02")];
    peer.send(&both.concat()).await;
    assert!(peer.event().await.unwrap().contains("still under way"));
    assert_eq!(peer.event().await.unwrap(), "\\xa2OK\\x91\\xcc\\xc8");
    peer.send(&request("same", "add", b"\x92\x01\x02")).await;
    assert_eq!(peer.event().await.unwrap(), "\\xa2OK\\x91\\x03");
}

#[tokio::test]
async fn beyond_the_calls_in_flight_the_server_reads_no_further() {
    let limits = Limits { in_flight: 2, ..Limits::default() };
    let server = Server::with(service(), limits).await;
    let mut peer = Peer::ready(&server).await;
    for n in 0..6 {
        peer.send(&request(&format!("sleep {n}"), "sleep", b"\x91\x64")).await;
    }
    peer.send(&request("last", "add", b"\x92\x01\x02")).await;
    let mut place = 0;
    while peer.event().await.unwrap() != "\\xa2OK\\x91\\x03" {
        place += 1;
    }
    assert!(
        place >= 5,
        "the fast call waited for a place beside the last of six slow ones, but came after {place}"
    );
}

#[tokio::test]
async fn streams_that_wait_for_their_reader_do_not_keep_it_from_being_heard() {
    let (methods, ..) = counting();
    let limits = Limits { in_flight: 3, ..Limits::default() };
    let server = Server::with(methods, limits).await;
    let mut peer = Peer::ready(&server).await;
    for id in ["a", "b", "c"] {
        peer.send(&request(id, "count", b"\x90")).await;
        assert!(peer.event().await.unwrap().starts_with("\\xa6STREAM"));
    }
    peer.send(&request("d", "count", b"\x90")).await;
    assert!(peer.event().await.unwrap().contains("too many streams"));
    peer.send(&message(&event("m", Some("b"), "_zpc_more", b"\x91\x02"))).await;
    for _ in 0..2 {
        assert!(peer.event().await.unwrap().starts_with("\\xa6STREAM"));
    }
}

#[tokio::test]
async fn a_boundless_grant_is_bounded_by_what_the_peer_reads() {
    let (methods, made, _) = counting();
    let server = Server::with(methods, Limits::default()).await;
    let mut peer = Peer::ready(&server).await;
    peer.send(&request("s", "count", b"\x90")).await;
    let grant = event("m", Some("s"), "_zpc_more", b"\x91\xcf\xff\xff\xff\xff\xff\xff\xff\xff");
    peer.send(&message(&grant)).await;
    peer.send(&message(&grant)).await;
    let mut before = 0;
    until("the peer's side is full", || {
        let now = made.load(Ordering::Relaxed);
        std::mem::replace(&mut before, now) == now && now > 1000
    })
    .await;
    assert!(before < 1_000_000, "{before} items were made for a peer that reads none");
    assert_serves(&server).await;
    for _ in 0..before + 1000 {
        assert!(peer.event().await.unwrap().starts_with("\\xa6STREAM"));
    }
}

#[tokio::test]
async fn a_peer_that_only_writes_is_read_no_further() {
    let server = Server::start().await;
    let mut peer = Peer::ready(&server).await;
    let text = [b"\x91\xda\xff\xff".to_vec(), vec![b'x'; 0xffff]].concat();
    let echo = request("e", "echo", &text);
    let mut sent = 0;
    while tokio::time::timeout(Duration::from_millis(500), peer.io.write_all(&echo)).await.is_ok() {
        sent += 1;
        assert!(sent < 2000, "{sent} echoes of 64 KiB went in without one coming out");
    }
    assert_serves(&server).await;
}

#[tokio::test]
async fn peers_of_the_same_identity_get_their_own_answers() {
    let server = Server::start().await;
    let script = r#"
import zmq
context = zmq.Context()
sockets = []
for n in range(5):
    socket = context.socket(zmq.DEALER)
    socket.identity = b"same"
    socket.rcvtimeo = 10000
    socket.connect(sys.argv[1])
    sockets.append(socket)
for round in range(20):
    for n, socket in enumerate(sockets):
        request = [{"message_id": b"%032d" % n, "v": 3}, "echo", [n]]
        socket.send_multipart([b"", msgpack.packb(request)])
    for n, socket in enumerate(sockets):
        empty, answer = socket.recv_multipart()
        headers, name, args = msgpack.unpackb(answer)
        assert (headers["response_to"], name, args) == (b"%032d" % n, "OK", [n]), (n, headers, args)
context.destroy(linger=0)
"#;
    run_python(script, &server.url()).await;
}

#[tokio::test]
async fn other_sockets_and_brokers_are_served_too() {
    let server = Server::start().await;
    let script = r#"
import threading, zmq
context = zmq.Context()

def ask(socket, prefix, id):
    request = msgpack.packb([{b"message_id": id, "v": 3, "trace": [1, {}]}, b"hello", ["x"]])
    socket.send_multipart(prefix + [request])
    *envelope, answer = socket.recv_multipart()
    headers, name, args = msgpack.unpackb(answer)
    assert envelope == prefix and headers["response_to"] == id and (name, args) == ("OK", ["Hello,x"]), (envelope, headers)

req = context.socket(zmq.REQ)
req.connect(sys.argv[1])
ask(req, [], b"bytes")
ask(req, [], "text")

# Behind a broker every message has one more frame in front.
front, back = context.socket(zmq.ROUTER), context.socket(zmq.DEALER)
port = front.bind_to_random_port("tcp://127.0.0.1")
back.connect(sys.argv[1])
threading.Thread(target=zmq.proxy, args=(front, back), daemon=True).start()
dealer = context.socket(zmq.DEALER)
dealer.connect("tcp://127.0.0.1:%d" % port)
ask(dealer, [b""], b"brokered")

client = zerorpc.Client("tcp://127.0.0.1:%d" % port)
assert client.hello("RPC") == "Hello,RPC"
assert list(client.streaming_range(0, 500, 1)) == list(range(500))

# libzmq's own heartbeats are answered.
beating = context.socket(zmq.DEALER)
beating.heartbeat_ivl, beating.heartbeat_timeout, beating.heartbeat_ttl = 50, 200, 300
beating.rcvtimeo = 10000
beating.connect(sys.argv[1])
gevent.sleep(0)
time.sleep(1)
ask(beating, [b""], b"beating")
sys.stdout.flush()
import os
os._exit(0)
"#;
    run_python(script, &server.url()).await;
}

#[tokio::test]
async fn random_bytes_harm_nobody() {
    let server = strict().await;
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for round in 0..200 {
        let length = (random() % 300) as usize;
        let noise: Vec<u8> = (0..length).map(|_| random() as u8).collect();
        let mut peer = match round % 3 {
            0 => Peer::connect(&server).await,
            _ => Peer::ready(&server).await,
        };
        let bytes = if round % 3 == 2 { message(&noise) } else { noise };
        let _ = peer.io.write_all(&bytes).await;
    }
    tokio::time::timeout(PATIENCE, assert_serves(&server)).await.unwrap();
}
