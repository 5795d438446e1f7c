//! The server on a real port, called by Python's grpcio, Go's official interop client, tonic, and peers that misbehave.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

/// The messages and services of `proto/`, as other programs on tonic have them.
#[rustfmt::skip]
#[allow(unreachable_pub, dead_code, clippy::all, clippy::pedantic, reason = "generated code")]
#[path = "../../examples/pb/notes.rs"]
mod pb;

mod client;
mod drain;
mod files;
mod go;
mod health;
mod host;
mod hostile;
mod hostile_server;
mod interop;
mod memory;
mod notes;
mod peer;
mod protocol;
mod python;
mod reflection;
mod registry;
mod rogue;
mod types;
