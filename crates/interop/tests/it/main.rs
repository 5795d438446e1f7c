//! Peers that no one here wrote, and bytes that they recorded.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod go_client;
