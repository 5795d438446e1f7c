//! What `scripts/generate` writes from `proto/`: messages, and traits that tonic's servers call.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::all,
    clippy::pedantic,
    rustdoc::all,
    reason = "generated code"
)]

#[rustfmt::skip]
mod notes;

pub use notes::*;

/// The health service.
#[rustfmt::skip]
#[path = "grpc.health.v1.rs"]
pub mod health;

/// The interop service of gRPC's own tests.
#[rustfmt::skip]
#[path = "grpc.testing.rs"]
pub mod testing;

/// The notes' services, as reflection shows them.
pub const NOTES: &[u8] = include_bytes!("notes.bin");

/// The health service, as reflection shows it.
pub const HEALTH: &[u8] = include_bytes!("health.bin");

/// The interop service, as reflection shows it.
pub const TESTING: &[u8] = include_bytes!("testing.bin");
