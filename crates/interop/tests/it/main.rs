//! Peers that no one here wrote, and bytes that they recorded.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod capture;
mod fuzz;
mod go_client;
mod go_server;
mod outcomes;
