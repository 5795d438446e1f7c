//! gRPC and gRPC-Web: the registry and services beside it, and a client that learns a schema by reflection.
//!
//! A method's last dot is its slash: `Greeter.SayHello` has the path `/Greeter/SayHello`. A unary call on the wire, after the
//! HTTP/2 headers (`:path: /Greeter/SayHello`, `content-type: application/grpc`, `te: trailers`), is one DATA frame:
//!
//! ```text
//! 00                 not compressed
//! 00 00 00 07        7 bytes follow
//! 0a 05 57 6f 72 6c 64   field 1, 5 bytes: "World"
//! ```
//!
//! and the answer the same, with `grpc-status: 0` in the trailers. See
//! <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>.
//!
//! Reading order: [`Server`] takes a request (`server`, `protocol`), looks up its path (`known`), sees to its deadline and asks
//! the guards (`call`); a method of the registry, described at the start (`registry`), reads it and answers (`registered`,
//! `messages`, `source`), or a mounted service does (`services`); the answer is watched to its end (`answer`). [`Client`] is
//! the other side.

mod answer;
mod call;
mod caller;
mod client;
mod compression;
mod deadline;
mod encoding;
mod error;
mod intact;
mod interop;
mod known;
mod messages;
mod metadata;
#[cfg(test)]
#[rustfmt::skip]
#[allow(missing_docs, unreachable_pub, dead_code, clippy::all, clippy::pedantic, reason = "generated code")]
#[path = "../examples/pb/notes.rs"]
mod notes;
mod packing;
pub mod pb;
mod prefix;
mod protocol;
mod received;
mod registered;
mod registry;
mod server;
mod services;
mod source;
mod unpacking;
mod web;
mod weight;

pub use client::{Client, ClientOptions, MethodInfo, ProtoFiles, Protos};
pub use protocol::is_for_grpc;
pub use registry::{Naming, Undescribable, protos};
pub use server::{Server, Settings};
pub use services::Mounted;
