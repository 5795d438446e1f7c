//! ZMTP 3.0 and 3.1 with the NULL mechanism: the transport of ZeroMQ, as far as zerorpc needs it.
//!
//! Specifications: <https://rfc.zeromq.org/spec/23/> (3.0) and <https://rfc.zeromq.org/spec/37/> (3.1).

pub(crate) mod command;
pub(crate) mod frame;
pub(crate) mod greeting;
mod handshake;
mod inbox;
mod outbox;

pub(crate) use command::{Command, SocketType};
pub(crate) use handshake::{HandshakeError, handshake};
pub(crate) use inbox::{Inbox, Incoming};
pub(crate) use outbox::Outbox;
