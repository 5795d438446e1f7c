//! The wire against the specification, against jsonrpclib-pelix in both roles, and against peers that misbehave.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod batch;
mod beside;
mod client;
mod frames;
mod held;
mod hostile;
mod http;
mod jsonrpclib;
mod openrpc;
mod server;
mod specification;
mod websocket;
