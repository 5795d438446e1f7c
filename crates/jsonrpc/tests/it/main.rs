//! The wire against the specification, against jsonrpclib-pelix in both roles, and against peers that misbehave.

mod client;
mod hostile;
mod http;
mod jsonrpclib;
mod server;
mod specification;
mod websocket;
