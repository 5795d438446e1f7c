//! zerorpc: msgpack events over ZeroMQ's ZMTP, server and client.
mod error;
mod event;
mod heartbeat;
mod msgpack;
mod server;
mod zmtp;

pub use server::serve;
