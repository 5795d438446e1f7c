//! Peers that write as much as is taken and read nothing.

use std::io::{ErrorKind, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use socket2::SockRef;

use crate::Server;

/// For so long nothing is taken before a flood counts as held back.
const HELD_BACK: Duration = Duration::from_millis(300);

/// Connections that nobody reads from.
pub(crate) struct Flood {
    peers: Vec<Peer>,
}

struct Peer {
    stream: TcpStream,
    /// How many of the bytes were written.
    written: usize,
    is_closed: bool,
}

/// One such connection, with these bytes written to it, or as many of them as are taken.
pub(crate) fn push(server: &Server, bytes: &[u8]) -> Flood {
    let mut flood = Flood::connect(server, 1);
    flood.pour(bytes);
    flood
}

impl Flood {
    /// Ends the connections at once, and tells the server so.
    pub(crate) fn reset(self) {
        for peer in self.peers {
            SockRef::from(&peer.stream).set_linger(Some(Duration::ZERO)).unwrap();
        }
    }

    /// That many connections.
    pub(crate) fn connect(server: &Server, count: usize) -> Self {
        let connect = |_| {
            let stream = server.connect("any");
            stream.set_nonblocking(true).unwrap();
            Peer { stream, written: 0, is_closed: false }
        };
        Self { peers: (0..count).map(connect).collect() }
    }

    /// Writes the bytes to each connection in turn, until all are taken or none takes more; how many were taken.
    pub(crate) fn pour(&mut self, bytes: &[u8]) -> usize {
        self.peers.iter_mut().for_each(|peer| peer.written = 0);
        let mut last_progress = Instant::now();
        while last_progress.elapsed() < HELD_BACK {
            let mut has_more = false;
            for peer in &mut self.peers {
                let before = peer.written;
                has_more |= peer.write(bytes);
                if peer.written > before {
                    last_progress = Instant::now();
                }
            }
            if !has_more {
                break;
            }
            std::thread::yield_now();
        }
        self.peers.iter().map(|peer| peer.written).sum()
    }
}

impl Peer {
    /// Writes what is taken; whether there is more to write.
    fn write(&mut self, bytes: &[u8]) -> bool {
        if self.is_closed || self.written == bytes.len() {
            return false;
        }
        match self.stream.write(&bytes[self.written..]) {
            Ok(count) => self.written += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => self.is_closed = true,
        }
        !self.is_closed && self.written < bytes.len()
    }
}
