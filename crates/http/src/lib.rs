//! The HTTP layer that the HTTP wires share. A wire is a [`Handler`]; it never sees a socket.
//!
//! A request's path: [`serve`] speaks HTTP/1.0, 1.1 and 2 on a stream that the caller accepted and watches that the peer
//! keeps moving; the handler reads the body with [`read_body`], under the limits, and answers with [`reply`] or
//! [`reply_compressed`].

mod body;
mod client;
mod read;
mod reply;
mod serve;
mod watch;

pub use body::{Body, BoxError};
pub use client::{IDLE, deepest_cause};
pub use read::{BodyError, read_body};
pub use reply::{method_not_allowed, reply, reply_compressed};
pub use serve::{Handler, Http2, serve};

/// A request as it arrives.
pub type Request = http::Request<hyper::body::Incoming>;

/// An answer.
pub type Response = http::Response<Body>;
