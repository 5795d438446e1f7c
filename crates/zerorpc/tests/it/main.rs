//! zerorpc against Python's zerorpc: its client on our server, and our client on its server.
//!
//! The interpreter is `$MANYWIRE_PYTHON`, or `python3` where that can import zerorpc; without one these tests say so and pass.

mod calls;
mod client;
mod events;
mod peers;
mod silence;
mod streams;
