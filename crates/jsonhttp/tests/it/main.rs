//! Calls over sockets, with hyper's client and Python's requests, and over a stream in memory with the clock in hand.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod calls;
mod client;
mod headers;
mod hostile;
mod queries;
mod requests;
mod serving;
mod streams;
