//! The JSON-RPC 1.0 form, to the letter of Go's `encoding/json`.
//!
//! Reading order: `scan.rs`, where a request ends; `text.rs`, what is in it; `request.rs`; `argument.rs` with `record.rs` and
//! `entries.rs`, Go's manners; `finite.rs`, floats that JSON has not; `server.rs` and `client.rs`.

mod argument;
mod client;
mod entries;
mod finite;
mod name;
mod record;
mod request;
mod scan;
mod server;
mod text;

pub(crate) use client::{JsonClient, read_reply, write_request};
pub(crate) use server::{JsonServer, answer_one};
