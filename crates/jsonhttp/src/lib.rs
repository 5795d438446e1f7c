//! JSON over HTTP: every method at a path of its own, for clients that know nothing but HTTP.
//!
//! ```text
//! POST /call/add HTTP/1.1                      HTTP/1.1 200 OK
//! content-type: application/json               content-type: application/json
//! content-length: 13                           content-length: 1
//!
//! {"a":3,"b":2}                                5
//! ```
//!
//! Parameters are an object by name or a list by position; an empty body is none. Any other content type is refused, so that
//! a web page has to ask before it may send it. A method that only reads is called by `GET /call/add?a=3&b=2` too. What fails
//! has a status and says why:
//!
//! ```text
//! HTTP/1.1 404 Not Found
//! content-type: application/json
//!
//! {"error":{"kind":"unknown_method","message":"no method Add; did you mean add?"}}
//! ```
//!
//! A stream is sent as it comes, one item a line; where it fails, the last line is the error. To a client that accepts
//! `text/event-stream` it is sent as server-sent events, with a last event named `end` or `error`:
//!
//! ```text
//! content-type: application/x-ndjson           content-type: text/event-stream
//!
//! 0                                            data: 0
//! {"error":{"kind":"failed","message":"…"}}
//!                                              event: error
//!                                              data: {"error":{"kind":"failed","message":"…"}}
//! ```
//!
//! On all other paths is the adder of the notes, `GET /?a=3&b=2`.
//!
//! Reading order: `server`, one request's way; `query`, parameters of a `GET`; `error`, the statuses; `lines`, streams; `page`,
//! calls from web pages; `adder`.

mod adder;
mod error;
mod lines;
mod page;
mod query;
mod server;

pub use server::{Server, is_call};
