//! What `scripts/generate` writes from `proto/`: messages, and traits that tonic's servers call.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::all,
    clippy::pedantic,
    rustdoc::all,
    reason = "generated code"
)]

/// The health service.
#[rustfmt::skip]
#[path = "grpc.health.v1.rs"]
pub mod health;

/// The interop service of gRPC's own tests.
#[rustfmt::skip]
#[path = "grpc.testing.rs"]
pub mod testing;

/// `manywire/value.proto` and what else the messages of methods import.
pub const VALUES: &[u8] = include_bytes!("values.bin");

/// The health service, as reflection shows it.
pub const HEALTH: &[u8] = include_bytes!("health.bin");

/// The interop service, as reflection shows it.
pub const TESTING: &[u8] = include_bytes!("testing.bin");
