//! The HTTP layer that the HTTP wires share. A wire is a [`Handler`]; it never sees a socket.
//!
//! A request's path: [`serve`] speaks HTTP/1.0, 1.1 and 2 on a stream that the caller accepted and watches that the peer
//! keeps moving; the handler reads the body with [`read_body`], under the limits and the budget, and answers with
//! [`reply`] or [`reply_compressed`]; what was not written yet stays charged.
//!
//! Reading order: `serve`, then as a request travels `watch` (the socket; `frames`, `linger`), `guard` (`origin`), `head`, `request_body`
//! (`pace`, `unread`), `headers`, `read` (`inflate`), `reply` (`gzip`), `answer` (`stream_task`); `progress` is what all of them write down.

mod answer;
mod body;
mod client;
mod content;
mod frames;
mod guard;
mod gzip;
mod head;
mod headers;
mod inflate;
mod linger;
mod origin;
mod pace;
mod progress;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod properties;
mod read;
mod reply;
mod request_body;
mod serve;
mod stream_task;
mod terms;
mod unread;
mod watch;

pub use body::{Body, BoxError};
pub use client::{IDLE, deepest_cause};
pub use content::Content;
pub use guard::{Arrival, Guard, HostNames, Origins};
pub use headers::{AnswerHeaders, Beside, Headers, REQUEST_TIMEOUT, add_metadata, hand_on_terms};
pub use linger::close;
pub use pace::PacedBody;
pub use read::{BodyError, read_body};
pub use reply::{accepts, method_not_allowed, reply, reply_compressed};
pub use request_body::RequestBody;
pub use serve::{Endless, Handler, serve};
pub use terms::{Http2, Terms};

/// A request as it arrives.
pub type Request = http::Request<RequestBody>;

/// An answer.
pub type Response = http::Response<Body>;
