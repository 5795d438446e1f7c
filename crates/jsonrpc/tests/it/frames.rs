//! What a peer may do below messages: frames by hand, and what our side answers and does to the connection.

use std::time::{Duration, Instant};

use manywire_core::Limits;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::server::TestServer;

const CALL: &str = r#"{"jsonrpc":"2.0","method":"ping","params":["é"],"id":1}"#;
const ANSWER: &str = r#"{"jsonrpc":"2.0","result":"é","id":1}"#;

const TEXT: u8 = 0x81;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
const PONG: u8 = 0x8A;

/// A connection on which frames are written by hand.
struct Peer(TcpStream);

/// The request for a WebSocket, with these headers in addition.
async fn ask(server: &TestServer, headers: &str) -> (TcpStream, String) {
    let mut stream = server.connect().await;
    let request = format!(
        "GET / HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n{headers}\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    (stream, String::from_utf8(head).unwrap().to_ascii_lowercase())
}

const KEY: &str = "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// A frame as a client sends it.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [0x12, 0x34, 0x56, 0x78];
    let length = match payload.len() {
        length @ 0..=125 => vec![0x80 | length as u8],
        length => [&[0xFF][..], &(length as u64).to_be_bytes()].concat(),
    };
    let masked = payload.iter().zip(MASK.into_iter().cycle()).map(|(byte, mask)| byte ^ mask);
    [&[first][..], &length, &MASK, &masked.collect::<Vec<_>>()].concat()
}

impl Peer {
    async fn connect(server: &TestServer) -> Self {
        let (stream, head) = ask(server, KEY).await;
        assert!(head.starts_with("http/1.1 101"), "{head}");
        Self(stream)
    }

    async fn send(&mut self, frames: &[Vec<u8>]) {
        self.0.write_all(&frames.concat()).await.unwrap();
    }

    /// The next frame: its first byte and its payload.
    async fn receive(&mut self) -> (u8, Vec<u8>) {
        let first = self.0.read_u8().await.unwrap();
        let length = match self.0.read_u8().await.unwrap() {
            126 => self.0.read_u16().await.unwrap().into(),
            127 => self.0.read_u64().await.unwrap() as usize,
            length => length.into(),
        };
        let mut payload = vec![0; length];
        self.0.read_exact(&mut payload).await.unwrap();
        (first, payload)
    }

    async fn expect(&mut self, first: u8, payload: &[u8]) {
        let (got, bytes) = self.receive().await;
        assert_eq!((got, String::from_utf8_lossy(&bytes)), (first, String::from_utf8_lossy(payload)));
    }

    /// The code with which the server closes, whatever it says before; the connection has to end at once.
    async fn closed_with(&mut self) -> u16 {
        loop {
            let (first, payload) = self.receive().await;
            if first == CLOSE {
                let asked = Instant::now();
                assert_eq!(self.0.read(&mut [0]).await.unwrap(), 0, "more came after the close");
                assert!(
                    asked.elapsed() < Duration::from_millis(500),
                    "the end came {:?} late",
                    asked.elapsed()
                );
                return payload.first_chunk().map_or(1005, |code| u16::from_be_bytes(*code));
            }
        }
    }
}

async fn start() -> (TestServer, Peer) {
    let server = TestServer::start().await;
    let peer = Peer::connect(&server).await;
    (server, peer)
}

#[tokio::test]
async fn a_message_in_pieces_is_one_around_pings() {
    let (_server, mut peer) = start().await;
    let bytes = CALL.as_bytes();
    for cut in 1..bytes.len() {
        let (head, tail) = bytes.split_at(cut);
        peer.send(&[frame(0x01, head), frame(PING, b"here?"), frame(PONG, b"unasked"), frame(0x80, tail)])
            .await;
        peer.expect(PONG, b"here?").await;
        peer.expect(TEXT, ANSWER.as_bytes()).await;
    }
    for byte in frame(TEXT, bytes) {
        peer.0.write_all(&[byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    peer.expect(TEXT, ANSWER.as_bytes()).await;
    peer.send(&[frame(0x01, b""), frame(0x00, bytes), frame(0x80, b"")]).await;
    peer.expect(TEXT, ANSWER.as_bytes()).await;
}

#[tokio::test]
async fn frames_that_break_the_rules_end_the_connection_at_once() {
    let server = TestServer::start().await;
    for (frames, code) in [
        (vec![frame(0xC1, b"{}")], 1002),
        (vec![frame(0xA1, b"{}")], 1002),
        (vec![frame(0x83, b"{}")], 1002),
        (vec![frame(0x8B, b"")], 1002),
        (vec![frame(0x09, b"in pieces")], 1002),
        (vec![frame(PING, &[0; 126])], 1002),
        (vec![frame(0x80, b"of nothing")], 1002),
        (vec![frame(0x01, b"{"), frame(TEXT, b"}")], 1002),
        (vec![vec![TEXT, 2, b'{', b'}']], 1002),
        (vec![frame(CLOSE, &[3])], 1002),
        (vec![frame(CLOSE, &999_u16.to_be_bytes())], 1002),
        (vec![frame(CLOSE, &1005_u16.to_be_bytes())], 1002),
        (vec![frame(CLOSE, &[0x03, 0xE8, 0xFF])], 1007),
        (vec![frame(TEXT, b"\xC3\x28")], 1007),
        (vec![frame(0x01, b"\xE2\x82"), frame(0x80, b"")], 1007),
    ] {
        let mut peer = Peer::connect(&server).await;
        // What was asked before is answered, and what comes after is thrown away.
        peer.send(&[vec![frame(TEXT, CALL.as_bytes())], frames.clone(), vec![vec![0xFF; 100_000]]].concat())
            .await;
        peer.expect(TEXT, ANSWER.as_bytes()).await;
        assert_eq!(peer.closed_with().await, code, "{frames:x?}");
    }
}

#[tokio::test]
async fn what_is_wrong_in_a_header_is_said_before_the_payload_comes() {
    let server = TestServer::with_limits(Limits { message_bytes: 1_000, ..Limits::default() }).await;
    for (head, code) in [
        (&[0xC1][..], 1002),
        (&[TEXT, 0x7D], 1002),
        (&[PING, 0xFE], 1002),
        (&[TEXT, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0], 1002),
        (&[TEXT, 0xFF, 0, 0, 0, 0, 0, 0, 0x03, 0xE9, 1, 2, 3, 4], 1009),
        (&[TEXT, 0x84, 0, 0, 0, 0, b'{', 0xFF], 1007),
    ] {
        let mut peer = Peer::connect(&server).await;
        peer.0.write_all(head).await.unwrap();
        assert_eq!(peer.closed_with().await, code, "{head:x?}");
    }
}

#[tokio::test]
async fn a_close_is_answered_with_its_own_code() {
    let server = TestServer::start().await;
    for (payload, code) in
        [(&b""[..], 1005), (b"\x03\xE8bye", 1000), (b"\x0B\xB8", 3000), (b"\x03\xF6", 1014)]
    {
        let mut peer = Peer::connect(&server).await;
        peer.send(&[frame(CLOSE, payload), frame(TEXT, CALL.as_bytes())]).await;
        assert_eq!(peer.closed_with().await, code);
    }
}

#[tokio::test]
async fn a_key_that_is_no_sixteen_bytes_is_refused() {
    let server = TestServer::start().await;
    for key in ["", "sec-websocket-key: c2hvcnQ=\r\n", "sec-websocket-key: no base64 at all, not at all\r\n"]
    {
        let (_, head) = ask(&server, key).await;
        assert!(head.starts_with("http/1.1 400"), "{head}");
    }
}

#[tokio::test]
async fn a_subprotocol_that_means_json_rpc_is_agreed_on() {
    let server = TestServer::start().await;
    for (offer, chosen) in [("jsonrpc-2.0", "jsonrpc-2.0"), ("soap, jsonrpc2, jsonrpc", "jsonrpc2")] {
        let (_, head) = ask(&server, &format!("{KEY}sec-websocket-protocol: {offer}\r\n")).await;
        assert!(head.contains(&format!("sec-websocket-protocol: {chosen}\r\n")), "{head}");
    }
    for headers in
        ["", "sec-websocket-protocol: soap\r\n", "sec-websocket-extensions: permessage-deflate\r\n"]
    {
        let (_, head) = ask(&server, &format!("{KEY}{headers}")).await;
        assert!(head.starts_with("http/1.1 101"), "{head}");
        assert!(!head.contains("protocol:") && !head.contains("extensions"), "{head}");
    }
}

#[tokio::test]
async fn half_a_message_is_not_held_for_ever_and_an_idle_connection_is() {
    let limits = Limits { handshake: Duration::from_millis(50), ..Limits::default() };
    let server = TestServer::with_limits(limits).await;
    let mut idle = Peer::connect(&server).await;
    let mut slow = Peer::connect(&server).await;
    let mut holding = Peer::connect(&server).await;
    // Neither a few bytes of a message nor the beginning of a long one, nor half a header.
    let call = frame(TEXT, CALL.as_bytes());
    slow.send(&[call[..10].to_vec()]).await;
    let long = frame(TEXT, &vec![b' '; 1 << 20]);
    holding.send(&[long[..9_000].to_vec()]).await;
    let mut half = Peer::connect(&server).await;
    half.send(&[call[..1].to_vec()]).await;
    for peer in [&mut holding, &mut slow, &mut half] {
        assert_eq!(peer.closed_with().await, 1008);
    }
    idle.send(&[call]).await;
    idle.expect(TEXT, ANSWER.as_bytes()).await;
}
