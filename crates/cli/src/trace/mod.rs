//! The bytes of a call as a person reads them: cut where the wire cuts them, and each piece named.
//!
//! A [`Labeller`] knows one wire in one direction and holds no bytes; [`way::Way`] holds what has come and is not whole yet;
//! [`printer::Printer`] is the client's tap, which writes the pieces with their time and direction. Nothing here can fail: what a
//! labeller does not understand is shown without a name.

mod gob;
mod grpc;
mod hex;
mod hpack;
mod http1;
mod http2;
mod json;
mod printer;
mod way;
mod websocket;
mod xml;
mod zmtp;

use manywire_client::{Transport, Url, Wire};

pub(crate) use printer::Printer;

/// Who sent the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// We, or whoever calls.
    Client,
    /// The server.
    Server,
}

/// One piece of a stream: so many bytes, and what they are.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// How many bytes; more than there are, where it is known beforehand what they will be.
    length: usize,
    /// What it is, in a few words.
    label: String,
    /// What is in it, where the bytes alone do not show it: one line each.
    notes: Vec<String>,
    /// Whether it is of the preparations, and no part of the call that was asked for.
    aside: bool,
}

impl Piece {
    fn new(length: usize, label: impl Into<String>) -> Self {
        Self { length, label: label.into(), notes: Vec::new(), aside: false }
    }
}

/// What the first bytes of those not yet named are.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// That takes more bytes to tell.
    More,
    /// A piece.
    Piece(Piece),
    /// Nothing of this wire, and why; all that follows is shown without names.
    Lost(String),
}

impl Next {
    fn piece(length: usize, label: impl Into<String>) -> Self {
        Self::Piece(Piece::new(length, label))
    }
}

/// Cuts one direction of a connection into pieces.
pub(crate) trait Labeller: Send {
    /// Looks at the bytes that are not yet named; never at none. After [`Next::More`] it is shown the same ones with more behind.
    fn next(&mut self, bytes: &[u8]) -> Next;
}

/// A piece is looked into up to here; a longer one is named by its first bytes.
const LONGEST_LOOK: usize = 64 << 10;

/// What names the bytes of a connection to a URL, in both directions.
fn labellers(url: &Url) -> [Box<dyn Labeller>; 2] {
    if url.wire == Wire::Grpc {
        let [client, server] = http2::Http2::both();
        return [Box::new(client), Box::new(server)];
    }
    if url.wire == Wire::Jsonrpc1 && url.transport == Transport::Tcp {
        let [client, server] = json::Values::both();
        return [Box::new(client), Box::new(server)];
    }
    [Side::Client, Side::Server].map(|side| labeller(url, side))
}

fn labeller(url: &Url, side: Side) -> Box<dyn Labeller> {
    match (url.wire, url.transport) {
        (Wire::Gob, Transport::Tcp) => Box::new(gob::Gob::new(side)),
        (Wire::Gob, _) => Box::new(http1::Connect::new(gob::Gob::new(side))),
        (Wire::Jsonrpc, Transport::WebSocket) => Box::new(http1::Http1::upgrading(side)),
        (Wire::Zerorpc, _) => Box::new(zmtp::Zmtp::new()),
        (Wire::Jsonrpc1 | Wire::Jsonrpc | Wire::Xmlrpc | Wire::Grpc, _) => Box::new(http1::Http1::new(side)),
    }
}

/// Text from a peer, as far as it has room on a line, and harmless to a terminal.
fn one_line(text: &str, longest: usize) -> String {
    let mut line = String::new();
    for (at, letter) in text.chars().enumerate() {
        if at == longest {
            return line + " …";
        }
        match letter {
            letter if letter.is_control() => line.extend(letter.escape_default()),
            letter => line.push(letter),
        }
    }
    line
}

#[cfg(test)]
mod tests;
