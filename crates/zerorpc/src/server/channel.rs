//! One open channel: a call or a stream whose answer is not complete.

use futures_util::future::AbortHandle;
use manywire_core::{CallStream, Charge, RpcError};

use crate::event::{Peer, Route};
use crate::heartbeat::Pulse;

/// A channel of a peer.
pub(super) struct Channel {
    /// How its events came, and go.
    pub(super) envelope: Box<[u8]>,
    pub(super) peer: Peer,
    /// Events that the peer has room for; one at first, more as it grants them.
    pub(super) slots: u64,
    pub(super) pulse: Pulse,
    pub(super) state: State,
    /// The channel and its arguments, until it closes.
    pub(super) _held: Charge,
}

/// Where its method stands.
pub(super) enum State {
    /// A call is at work.
    Calling(AbortHandle),
    /// A stream is at work on its next item.
    Streaming(AbortHandle),
    /// The rest waits for a slot, or for its turn.
    Waiting(Rest),
}

/// What a stream has yet to send.
pub(super) enum Rest {
    /// Items.
    Items(CallStream),
    /// Its last event.
    End(Result<(), RpcError>),
}

impl Channel {
    /// Where its events go.
    pub(super) fn route<'a>(&'a self, key: &'a [u8]) -> Route<'a> {
        Route { envelope: &self.envelope, response_to: Some(key), peer: self.peer }
    }

    /// Takes the rest if it waits.
    pub(super) fn take_rest(&mut self) -> Option<Rest> {
        match &mut self.state {
            State::Waiting(rest) => Some(std::mem::replace(rest, Rest::End(Ok(())))),
            _ => None,
        }
    }
}

/// A channel that closes takes its method along.
impl Drop for Channel {
    fn drop(&mut self) {
        if let State::Calling(work) | State::Streaming(work) = &self.state {
            work.abort();
        }
    }
}
