//! zerorpc: msgpack events over ZeroMQ's ZMTP, server and client.
mod client;
mod error;
mod event;
mod heartbeat;
mod msgpack;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod properties;
mod server;
mod zmtp;

pub use client::{Answer, Client, Published, Stream, Subscriber};
pub use server::{Publisher, serve, serve_events};
