//! ZMTP 3.0 and 3.1 with the NULL mechanism: the transport of ZeroMQ, as far as zerorpc needs it.
//!
//! Specifications: <https://rfc.zeromq.org/spec/23/> (3.0) and <https://rfc.zeromq.org/spec/37/> (3.1).

mod command;
pub(crate) mod frame;
mod greeting;
mod handshake;
mod link;
mod messages;

pub(crate) use command::{SocketType, encode_subscription};
pub(crate) use handshake::{HandshakeError, handshake};
pub(crate) use link::{Closed, Link, Received};
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use messages::{Incoming, Messages};
