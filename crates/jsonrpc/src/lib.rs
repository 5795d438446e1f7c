//! JSON-RPC 2.0 over HTTP and WebSocket, and the 1.0 bodies of older clients.
//!
//! Specification: <https://www.jsonrpc.org/specification>. One call, over HTTP:
//!
//! ```text
//! POST / HTTP/1.1
//! content-length: 58
//!
//! {"jsonrpc":"2.0","method":"add","params":[3,2],"id":"a-1"}
//!
//! HTTP/1.1 200 OK
//! content-type: application/json
//!
//! {"jsonrpc":"2.0","result":5,"id":"a-1"}
//! ```
//!
//! Reading order, as a message travels: `request` tells apart what came, `answer` reads the parameters, runs the
//! methods (`builtin` has the wire's own, `openrpc` what `rpc.discover` answers) and writes replies through `reply`; `error` has the codes. [`Server`] answers
//! HTTP requests and hands a WebSocket to `websocket`, where `subscription` turns streams into notifications.
//! [`Client`] speaks both.
//!
//! The client is jsonrpsee's. The server is not: jsonrpsee-server 0.26 reads a message before any layer of ours sees it,
//! drops ids other than strings and 64-bit naturals, refuses 1.0 bodies, and on a WebSocket starts a task for every message
//! without a bound; a layer in front of it would have to do all of its work first.

mod answer;
mod builtin;
mod client;
mod error;
mod http;
pub mod openrpc;
mod post;
mod reply;
mod request;
mod subscription;
mod websocket;

pub use client::{Arguments, Client, Subscription};
pub use http::Server;
