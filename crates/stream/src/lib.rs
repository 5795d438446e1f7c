//! What connections share whose wire is bytes on a stream: net/rpc and zerorpc, servers and clients.
//!
//! A connection has an [`Inbox`], an [`Outbox`] and a codec between them. Its task does the same three things again and
//! again, until the input runs dry: it decodes what the inbox has, lets the answers gather in the outbox, and sends them
//! with one write. Neither costs a lock, a timer or an atomic step while small messages come and go.
//!
//! - What is held while a connection waits is charged to its budget, by the capacity of the buffers.
//! - A connection whose budget is full is not read. A request that stands still while memory is short ends its connection.
//! - A peer that reads nothing for [`Limits::stall`](manywire_core::Limits::stall) is given up. One that reads slowly gets
//!   everything.
//! - What comes before a first call is complete has one time limit, from when the connection was accepted.
//!
//! Reading order: `inbox.rs`, `outbox.rs`; `stall.rs`, the time limit of both; `patience.rs`, that of a
//! first call; `close.rs`, the end.

mod close;
mod inbox;
mod outbox;
mod patience;
mod stall;

pub use close::{close, linger};
pub use inbox::Inbox;
pub use outbox::Outbox;
pub use patience::Patience;
