//! The gob form: two values each way for every call.

mod client;
mod header;
mod server;

use manywire_core::Limits;

pub(crate) use client::GobClient;
pub(crate) use server::GobServer;

/// The limits of a connection, as the codec knows them.
fn limits(limits: &Limits) -> manywire_gob::Limits {
    manywire_gob::Limits {
        values: limits.values(),
        nesting: limits.nesting,
        ..manywire_gob::Limits::with_message_bytes(limits.message_bytes)
    }
}
