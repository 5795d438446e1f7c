//! JSON-RPC over a WebSocket (RFC 6455): requests, answers in the order in which they are ready, and the items of
//! subscriptions.
//!
//! Reading order: `handshake` answers the request that asks for a WebSocket, of which `opening` is kept; `connection` serves it, one task for each;
//! `reader` and `writer` move bytes under the budget; `decoder` makes messages of frames, and `frame` has their headers.
//!
//! The upgrade counts as the connection's first call, so from then on it may be idle for as long as its client likes. A
//! message that has begun may not: see `reader`.
//!
//! permessage-deflate is never agreed on. It would let 16 kB make the server decompress and parse 16 MB, for messages that
//! are mostly shorter than what they would be packed in; who sends much over a thin line is served by HTTP, with gzip.

pub(crate) mod connection;
pub(crate) mod decoder;
pub(crate) mod frame;
pub(crate) mod handshake;
pub(crate) mod opening;
mod reader;
mod writer;

pub(crate) use handshake::{accept, is_asked_for};
pub(crate) use opening::Opening;

/// What a peer did that ends the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Flaw {
    /// The frames break RFC 6455.
    #[error("{0}")]
    Protocol(&'static str),
    /// A text is not UTF-8.
    #[error("a text is not UTF-8")]
    Utf8,
    /// A message is longer than the limit.
    #[error("the message is longer than the limit of {0} bytes")]
    TooLong(usize),
    /// A message did not come on fast enough, or there was no room for it.
    #[error("{0}")]
    Stalled(&'static str),
}

/// Why a connection is closed, for the peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CloseCode(pub(crate) u16);

impl CloseCode {
    const AWAY: Self = Self(1001);
    const PROTOCOL: Self = Self(1002);
    const INVALID: Self = Self(1007);
    const POLICY: Self = Self(1008);
    const TOO_LONG: Self = Self(1009);
}

impl Flaw {
    fn code(self) -> CloseCode {
        match self {
            Flaw::Protocol(_) => CloseCode::PROTOCOL,
            Flaw::Utf8 => CloseCode::INVALID,
            Flaw::TooLong(_) => CloseCode::TOO_LONG,
            Flaw::Stalled(_) => CloseCode::POLICY,
        }
    }
}
