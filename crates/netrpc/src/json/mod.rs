//! The JSON-RPC 1.0 form.

mod argument;
mod client;
mod record;
mod request;
mod scan;
mod server;
mod unicode;

pub(crate) use client::{JsonClient, read_reply, write_request};
pub(crate) use server::{JsonServer, answer_one};
