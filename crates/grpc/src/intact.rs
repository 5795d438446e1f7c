//! A request's body that tells its end from its being broken off.
//!
//! tonic 0.14 takes a request stream that was cancelled for one that ended, so half an upload would pass for a whole. Its
//! rule goes by the status, and this gives another one.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use manywire_http::{BodyError, RequestBody};
use tonic::Status;

/// The body of an HTTP/2 request.
pub(crate) struct Intact(pub(crate) RequestBody);

impl Body for Intact {
    type Data = Bytes;
    type Error = tonic::codegen::StdError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let broken_off = || Some(Err(Status::aborted("the caller broke the call off").into()));
        match Pin::new(&mut self.0).poll_frame(cx) {
            Poll::Ready(Some(Err(BodyError::TimedOut))) => Poll::Ready(Some(Err(late().into()))),
            Poll::Ready(Some(Err(_))) => Poll::Ready(broken_off()),
            Poll::Ready(None) if !self.0.is_end_stream() => Poll::Ready(broken_off()),
            polled => polled.map_err(Into::into),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}

/// The caller sends a message too slowly.
pub(crate) fn late() -> Status {
    Status::deadline_exceeded("the request did not arrive in time")
}
