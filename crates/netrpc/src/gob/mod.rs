//! The gob form: two values each way for every call.

mod client;
mod header;
mod messages;
mod server;
mod weight;
mod writer;

pub(crate) use client::GobClient;
pub(crate) use server::GobServer;
