//! The server on a real port, called by Python's grpcio, Go's official interop client, tonic, and peers that misbehave.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

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
mod rogue;
mod types;
