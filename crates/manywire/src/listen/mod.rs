//! From a bound port to a wire: accept, find room, look at the first bytes, hand over.

mod accepted;
mod acceptor;
mod bind;
mod refusal;
mod rewind;
mod room;
mod seldom;
mod sniff;
mod spare;
mod taken;

use manywire_core::{Activity, Budget};

pub(crate) use acceptor::{Acceptor, Unsaid};
pub(crate) use bind::bind;
pub(crate) use room::Room;
pub(crate) use spare::Spare;

/// What is kept of one connection, whatever it speaks.
#[derive(Clone)]
pub(crate) struct Peer {
    /// What it makes the server hold.
    pub(crate) budget: Budget,
    /// Whether it calls.
    pub(crate) activity: Activity,
}
