//! What HTTP adds: how bodies may be sent, when connections are kept, and what peers get wrong.

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::time::Duration;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use manywire_core::{Limits, Value};
use manywire_xmlrpc::{Fault, decode_response, encode_call};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufStream};
use tokio::net::TcpStream;

use crate::serving::serve;

/// A connection on which requests are written by hand.
pub(crate) struct Peer(BufStream<TcpStream>);

pub(crate) struct Answer {
    status: u16,
    headers: String,
    body: Vec<u8>,
}

impl Answer {
    pub(crate) fn result(&self) -> Result<Value, Fault> {
        assert_eq!(self.status, 200, "{}", self.headers);
        self.response()
    }

    pub(crate) fn response(&self) -> Result<Value, Fault> {
        let mut plain = Vec::new();
        if self.headers.contains("content-encoding: gzip") {
            GzDecoder::new(&self.body[..]).read_to_end(&mut plain).unwrap();
        } else {
            plain.clone_from(&self.body);
        }
        decode_response(&plain, &Limits::default()).unwrap()
    }

    fn fault_code(&self) -> i64 {
        self.response().unwrap_err().code
    }
}

impl Peer {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self(BufStream::new(TcpStream::connect(address).await.unwrap()))
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
        self.0.flush().await.unwrap();
    }

    /// The next answer; none if the connection has ended.
    async fn answer(&mut self) -> Option<Answer> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            if self.0.read_until(b'\n', &mut head).await.ok()? == 0 {
                return None;
            }
        }
        let headers = String::from_utf8(head).unwrap().to_ascii_lowercase();
        let length = headers.split("content-length: ").nth(1).unwrap().split("\r\n").next().unwrap();
        let mut body = vec![0; length.parse().unwrap()];
        self.0.read_exact(&mut body).await.ok()?;
        let status = headers.split(' ').nth(1).unwrap().parse().unwrap();
        Some(Answer { status, headers, body })
    }

    pub(crate) async fn exchange(&mut self, bytes: &[u8]) -> Answer {
        self.send(bytes).await;
        self.answer().await.unwrap()
    }

    async fn has_ended(&mut self) -> bool {
        self.answer().await.is_none()
    }
}

fn add() -> Vec<u8> {
    encode_call("add", &[2.into(), 3.into()]).unwrap()
}

fn echo(text: &str) -> Vec<u8> {
    encode_call("echo", &[text.into()]).unwrap()
}

pub(crate) fn post(headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("POST /RPC2 HTTP/1.1\r\nhost: x\r\n{headers}content-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn chunked(headers: &str, body: &[u8], size: usize) -> Vec<u8> {
    let mut request =
        format!("POST /any/path HTTP/1.1\r\nhost: x\r\n{headers}transfer-encoding: chunked\r\n\r\n")
            .into_bytes();
    for chunk in body.chunks(size) {
        write!(request, "{:x}\r\n", chunk.len()).unwrap();
        request.extend_from_slice(chunk);
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"0\r\n\r\n");
    request
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn a_fault_keeps_the_connection() {
    let mut peer = Peer::connect(serve(Limits::default()).await).await;
    for (body, code) in [
        (&b""[..], -32700),
        (b"<methodCall>", -32700),
        (b"\xFF\xFF", -32700),
        (b"<?xml version='1.0' encoding='ebcdic-cp-us'?><methodCall/>", -32701),
        (b"<methodCall/>", -32600),
        (b"<methodCall><methodName></methodName><params/></methodCall>", -32601),
        (b"<methodCall><methodName/></methodCall>", -32601),
        (b"<methodCall><methodName>nothing</methodName></methodCall>", -32601),
        (b"<methodCall><methodName>add</methodName></methodCall>", -32602),
    ] {
        assert_eq!(peer.exchange(&post("", body)).await.fault_code(), code);
    }
    assert_eq!(peer.exchange(&post("", &add())).await.result(), Ok(5.into()));
}

#[tokio::test]
async fn http_1_0_closes_unless_asked_to_keep() {
    let address = serve(Limits::default()).await;
    let old = |headers: &str| {
        String::from_utf8(post(headers, &add())).unwrap().replace("HTTP/1.1", "HTTP/1.0").into_bytes()
    };

    let mut peer = Peer::connect(address).await;
    assert_eq!(peer.exchange(&old("")).await.result(), Ok(5.into()));
    assert!(peer.has_ended().await);

    let mut peer = Peer::connect(address).await;
    for _ in 0..2 {
        assert_eq!(peer.exchange(&old("connection: keep-alive\r\n")).await.result(), Ok(5.into()));
    }
    let mut peer = Peer::connect(address).await;
    assert_eq!(peer.exchange(&post("connection: close\r\n", &add())).await.result(), Ok(5.into()));
    assert!(peer.has_ended().await);
}

#[tokio::test]
async fn bodies_may_come_in_chunks_packed_and_behind_each_other() {
    let mut peer = Peer::connect(serve(Limits::default()).await).await;
    for size in [1, 7, 1000] {
        assert_eq!(peer.exchange(&chunked("", &add(), size)).await.result(), Ok(5.into()));
        let packed = chunked("content-encoding: gzip\r\n", &gzip(&add()), size);
        assert_eq!(peer.exchange(&packed).await.result(), Ok(5.into()));
    }
    peer.send(&post("", &add()).repeat(3)).await;
    for _ in 0..3 {
        assert_eq!(peer.answer().await.unwrap().result(), Ok(5.into()));
    }
    let waiting = post("expect: 100-continue\r\n", &add());
    let head = waiting.len() - add().len();
    peer.send(&waiting[..head]).await;
    let mut go_on = vec![0; b"HTTP/1.1 100 Continue\r\n\r\n".len()];
    peer.0.read_exact(&mut go_on).await.unwrap();
    assert!(go_on.starts_with(b"HTTP/1.1 100"));
    assert_eq!(peer.exchange(&waiting[head..]).await.result(), Ok(5.into()));
}

#[tokio::test]
async fn a_request_that_comes_byte_by_byte_is_served() {
    let mut peer = Peer::connect(serve(Limits::default()).await).await;
    for byte in post("", &add()) {
        peer.send(&[byte]).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(peer.answer().await.unwrap().result(), Ok(5.into()));
}

#[tokio::test]
async fn answers_are_packed_where_that_is_accepted_and_pays() {
    let mut peer = Peer::connect(serve(Limits::default()).await).await;
    let long = "long ".repeat(1000);
    let is_packed = |answer: &Answer| answer.headers.contains("content-encoding: gzip");
    for (headers, text, expected) in [
        ("accept-encoding: gzip\r\n", long.as_str(), true),
        ("accept-encoding: gzip\r\n", "short", false),
        ("", long.as_str(), false),
    ] {
        let answer = peer.exchange(&post(headers, &echo(text))).await;
        assert_eq!(is_packed(&answer), expected);
        assert_eq!(answer.result(), Ok(text.into()));
    }
}

#[tokio::test]
async fn only_post_is_answered_with_xml() {
    let mut peer = Peer::connect(serve(Limits::default()).await).await;
    for method in ["GET", "PUT", "DELETE", "OPTIONS"] {
        let answer = peer.exchange(format!("{method} /RPC2 HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes()).await;
        assert_eq!(answer.status, 405);
        assert!(answer.headers.contains("allow: post"));
    }
    assert_eq!(peer.exchange(&post("content-type: text/plain\r\n", &add())).await.result(), Ok(5.into()));
}

#[tokio::test]
async fn what_is_too_long_is_told_so_however_it_comes() {
    let limits = Limits { message_bytes: 100_000, ..Limits::default() };
    let address = serve(limits).await;
    let long = echo(&"x".repeat(200_000));
    let packed = "content-encoding: gzip\r\n";
    for request in [
        post("", &long),
        chunked("", &long, 10_000),
        post(packed, &gzip(&long)),
        chunked(packed, &gzip(&long), 100),
    ] {
        let mut peer = Peer::connect(address).await;
        let answer = peer.exchange(&request).await;
        assert_eq!((answer.status, answer.fault_code()), (200, -32600));
        let is_kept = !answer.headers.contains("connection: close");
        assert_eq!(is_kept, request.len() < 10_000, "what came whole keeps its connection");
        if is_kept {
            assert_eq!(peer.exchange(&post("", &add())).await.result(), Ok(5.into()));
        } else {
            assert!(peer.has_ended().await);
        }
    }
}

#[tokio::test]
async fn damaged_or_unknown_packing_is_a_fault() {
    let mut peer = Peer::connect(serve(Limits::default()).await).await;
    let packed = gzip(&add());
    for (headers, body, status, code) in [
        ("content-encoding: gzip\r\n", &b"plain"[..], 400, -32700),
        ("content-encoding: gzip\r\n", &packed[..packed.len() - 5], 400, -32700),
        ("content-encoding: br\r\n", &packed, 200, -32600),
    ] {
        let answer = peer.exchange(&post(headers, body)).await;
        assert_eq!((answer.status, answer.fault_code()), (status, code));
    }
    assert_eq!(peer.exchange(&post("", &add())).await.result(), Ok(5.into()));
}

#[tokio::test]
async fn a_body_that_stalls_is_given_up() {
    let limits = Limits { handshake: Duration::from_millis(100), ..Limits::default() };
    let address = serve(limits).await;
    let request = post("", &add());
    let mut peer = Peer::connect(address).await;
    let answer = peer.exchange(&request[..request.len() - 1]).await;
    assert_eq!((answer.status, answer.fault_code()), (408, -32600));
    assert!(peer.has_ended().await);
}

#[tokio::test]
async fn a_content_length_that_lies_harms_no_one_else() {
    let address = serve(Limits::default()).await;
    let body = add();
    let lying = |length: usize| {
        [format!("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n").as_bytes(), &body].concat()
    };

    let mut short = Peer::connect(address).await;
    assert_eq!(short.exchange(&lying(body.len() - 10)).await.fault_code(), -32700);

    let mut long = Peer::connect(address).await;
    long.send(&lying(body.len() + 10)).await;
    long.0.shutdown().await.unwrap();
    assert!(long.answer().await.is_none_or(|answer| answer.status == 400));

    let mut other = Peer::connect(address).await;
    assert_eq!(other.exchange(&post("", &add())).await.result(), Ok(5.into()));
}

#[tokio::test]
async fn a_slow_call_holds_up_no_other_connection() {
    let address = serve(Limits::default()).await;
    let mut slow = Peer::connect(address).await;
    slow.send(&post("", &encode_call("sleep", &[60_000.into()]).unwrap())).await;
    let mut quick = Peer::connect(address).await;
    assert_eq!(quick.exchange(&post("", &add())).await.result(), Ok(5.into()));
}
