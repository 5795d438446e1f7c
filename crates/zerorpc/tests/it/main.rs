//! zerorpc against Python's zerorpc: its client on our server, and our client on its server.
//!
//! The interpreter is `$MANYWIRE_PYTHON`, or `python3` where that can import zerorpc; without one these tests are skipped.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod calls;
mod client;
mod events;
mod examples;
mod golden;
mod header;
mod held;
mod hostile;
mod hostile_server;
mod idle;
mod peers;
mod raw;
mod silence;
mod streams;
