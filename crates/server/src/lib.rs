//! A server of a registry's methods: every wire, on one port or on several.
//!
//! Reading order: `server.rs`, what a server is told; `listener.rs` and `wires.rs`, where it listens and for what; `running.rs`,
//! from its start to its end; `shared.rs`, what all connections share; then as a connection travels: `listen/acceptor.rs`, its
//! place (`listen/room.rs`), TLS (`tls.rs`), its first bytes (`listen/sniff.rs`), and over HTTP `http/router.rs`.

#![cfg_attr(
    not(all(
        feature = "netrpc",
        feature = "jsonrpc",
        feature = "xmlrpc",
        feature = "http",
        feature = "zerorpc",
        feature = "grpc",
        feature = "tls"
    )),
    allow(unused, reason = "a build without some wires has no use for what they alone need")
)]

mod control;
mod error;
mod http;
mod listen;
mod listener;
mod open_files;
mod operations;
#[cfg(test)]
mod properties;
mod running;
mod server;
mod shared;
mod signals;
#[cfg(feature = "tls")]
mod tls;
mod wires;

pub use control::Control;
pub use error::Error;
pub use listener::{Address, Bound, Listen};
#[cfg(feature = "grpc")]
pub use manywire_grpc::{Mounted, Naming};
pub use manywire_http::{HostNames, Http2, Origins};
#[cfg(feature = "zerorpc")]
pub use manywire_zerorpc::Publisher;
pub use open_files::raise as raise_open_files;
pub use running::{Listener, Running};
pub use server::Server;
#[cfg(feature = "tls")]
pub use tls::Tls;
pub use wires::Wires;
