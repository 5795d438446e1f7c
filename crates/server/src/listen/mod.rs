//! From a bound port to a wire: accept, find room, look at the first bytes, hand over.

mod accepted;
mod acceptor;
mod bind;
mod refusal;
mod rewind;
mod room;
mod seldom;
mod sniff;
mod socket;
mod spare;
mod taken;

use std::net::SocketAddr;

use manywire_core::{Activity, Budget, Peer as Caller};
use tokio::time::Instant;

pub(crate) use acceptor::{Acceptor, Unsaid};
pub(crate) use bind::{Opened, SocketFile, bind, take_over};
pub(crate) use room::Room;
#[cfg(test)]
pub(crate) use sniff::{Verdict, look};
pub(crate) use spare::Spare;

/// What is kept of one connection, whatever it speaks.
#[derive(Clone)]
pub(crate) struct Peer {
    /// What it makes the server hold.
    pub(crate) budget: Budget,
    /// Whether it calls.
    pub(crate) activity: Activity,
    /// Who it is, as methods may ask.
    pub(crate) caller: Caller,
    /// The address of ours that it reached.
    pub(crate) local: Option<SocketAddr>,
    /// Whether it came through TLS.
    pub(crate) is_tls: bool,
    /// When it was accepted.
    pub(crate) accepted: Instant,
}
