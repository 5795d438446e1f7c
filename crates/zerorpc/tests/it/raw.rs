//! A peer that writes its bytes itself, so that it can write wrong ones.

use std::time::Duration;

use rmp::encode;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream};
use tokio::net::TcpStream;

use crate::peers::{PATIENCE, Server};

/// libzmq's greeting.
pub(crate) const GREETING: &[u8; 64] = &{
    let mut greeting = [0; 64];
    let (mut at, start) = (0, b"\xff\0\0\0\0\0\0\0\x01\x7f\x03\x01NULL");
    while at < start.len() {
        greeting[at] = start[at];
        at += 1;
    }
    greeting
};
/// A DEALER's READY.
pub(crate) const READY: &[u8] = b"\x04\x29\x05READY\x0bSocket-Type\0\0\0\x06DEALER\x08Identity\0\0\0\0";

pub(crate) struct Peer<IO = TcpStream> {
    pub(crate) io: IO,
    received: Vec<u8>,
}

impl Peer {
    /// Connects, and says nothing.
    pub(crate) async fn connect(server: &Server) -> Self {
        Self::of(TcpStream::connect(server.address).await.unwrap())
    }

    /// Connects and shakes hands.
    pub(crate) async fn ready(server: &Server) -> Self {
        let io = TcpStream::connect(server.address).await.unwrap();
        Self::greet(io).await
    }
}

impl Peer<DuplexStream> {
    /// Shakes hands on a stream of small buffers in memory.
    pub(crate) async fn by_pipe(server: &Server) -> Self {
        Self::greet(server.pipe(64 << 10)).await
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Peer<IO> {
    /// Says nothing.
    pub(crate) fn of(io: IO) -> Self {
        Self { io, received: Vec::new() }
    }

    async fn greet(io: IO) -> Self {
        let mut peer = Self::of(io);
        peer.io.write_all(GREETING).await.unwrap();
        peer.take(64).await;
        peer.io.write_all(READY).await.unwrap();
        assert_eq!(peer.frame().await.unwrap().0, 4);
        peer
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.io.write_all(bytes).await.unwrap();
    }

    /// Reads more; false at the end.
    async fn read(&mut self) -> bool {
        let read = tokio::time::timeout(PATIENCE, self.io.read_buf(&mut self.received)).await;
        read.expect("nothing came").is_ok_and(|count| count > 0)
    }

    async fn take(&mut self, count: usize) -> Vec<u8> {
        while self.received.len() < count {
            assert!(self.read().await, "closed");
        }
        let rest = self.received.split_off(count);
        std::mem::replace(&mut self.received, rest)
    }

    /// The next frame's flags and body; none when the server has closed.
    pub(crate) async fn frame(&mut self) -> Option<(u8, Vec<u8>)> {
        loop {
            let (size, length) = match self.received[..] {
                [flags, length, ..] if flags & 2 == 0 => (2, usize::from(length)),
                [_, 0, 0, 0, 0, a, b, c, d, ..] => (9, u32::from_be_bytes([a, b, c, d]) as usize),
                _ => (usize::MAX, 0),
            };
            if self.received.len() >= size.saturating_add(length) {
                let flags = self.received[0];
                let frame = self.take(size + length).await;
                return Some((flags, frame[size..].to_vec()));
            }
            if !self.read().await {
                return None;
            }
        }
    }

    /// The same, where the server's greeting may still be unread.
    pub(crate) async fn frame_after_greeting(&mut self, said: &mut Vec<Vec<u8>>) -> Option<(u8, Vec<u8>)> {
        if said.is_empty() {
            said.push(self.take(64).await);
        }
        self.frame().await
    }

    /// The next event that is no heartbeat: its bytes from its name on.
    pub(crate) async fn event(&mut self) -> Option<String> {
        loop {
            let (flags, body) = self.frame().await?;
            // Name and arguments come after the headers, whose last entry is response_to, or v.
            let ids = body.windows(11).position(|window| window == b"response_to");
            let start = ids.map_or(50, |at| at + 11 + 2 + usize::from(body[at + 12]));
            // The last frame of a message, short or long.
            if flags & 5 == 0 && !body.windows(7).any(|window| window == b"_zpc_hb") {
                return Some(body[start..].escape_ascii().to_string());
            }
        }
    }

    /// Waits for the server to close.
    pub(crate) async fn closed(&mut self) {
        while self.read().await {}
    }

    /// Whether the server leaves the connection open for a little while.
    pub(crate) async fn stays_open(&mut self) -> bool {
        let read = self.io.read_buf(&mut self.received);
        tokio::time::timeout(Duration::from_millis(50), read).await.is_err()
    }
}

/// A frame with an envelope before it.
pub(crate) fn message(payload: &[u8]) -> Vec<u8> {
    let mut message = vec![1, 0, 2];
    message.extend((payload.len() as u64).to_be_bytes());
    message.extend(payload);
    message
}

/// An event's bytes, with ready-made arguments.
pub(crate) fn event(id: &str, response_to: Option<&str>, name: &str, args: &[u8]) -> Vec<u8> {
    let mut out = vec![0x93, 0x82 + u8::from(response_to.is_some())];
    for (key, id) in [("message_id", Some(id)), ("response_to", response_to)] {
        if let Some(id) = id {
            encode::write_str(&mut out, key).unwrap();
            encode::write_bin(&mut out, id.as_bytes()).unwrap();
        }
    }
    out.extend(b"\xa1v\x03");
    encode::write_str(&mut out, name).unwrap();
    out.extend(args);
    out
}

/// A request.
pub(crate) fn request(id: &str, name: &str, args: &[u8]) -> Vec<u8> {
    message(&event(id, None, name, args))
}
