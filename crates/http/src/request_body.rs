//! The body of a request as it comes: at a pace, and with word of what was left of it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::Instant;

use crate::BodyError;
use crate::pace::{Pace, PacedBody, Unit};
use crate::progress::Progress;

/// The body of a [`Request`](crate::Request). It fails when the peer sends too slowly.
pub struct RequestBody {
    /// There until it is dropped.
    paced: Option<PacedBody>,
    progress: Arc<Progress>,
}

impl RequestBody {
    /// A body that may have been due since the connection began.
    pub(crate) fn new(
        incoming: Incoming,
        headers: &HeaderMap,
        patience: std::time::Duration,
        since: Option<Instant>,
        progress: &Arc<Progress>,
    ) -> Self {
        let is_http2 = progress.is_http2();
        if is_http2 {
            progress.unread.begin_body();
        } else if !incoming.is_end_stream() {
            progress.set_reading_body(true);
        }
        let unit = if is_http2 && is_grpc(headers) { Unit::messages() } else { Unit::Whole };
        let paced = PacedBody::of_units(incoming, Pace::new(unit, patience, since));
        Self { paced: Some(paced), progress: progress.clone() }
    }
}

/// Whether a body is a stream of messages. A browser sends gRPC-Web's as a whole.
fn is_grpc(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    let rest =
        content_type.split_at_checked(16).filter(|(kind, _)| kind.eq_ignore_ascii_case(b"application/grpc"));
    rest.is_some_and(|(_, rest)| !rest.starts_with(b"-"))
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = &mut *self;
        let Some(paced) = &mut this.paced else { return Poll::Ready(None) };
        let polled = Pin::new(&mut *paced).poll_frame(cx);
        if this.progress.is_http2() {
            if let Poll::Ready(Some(Ok(frame))) = &polled {
                this.progress.unread.read(frame.data_ref().map_or(0, Bytes::len));
            }
        } else if paced.is_end_stream() {
            this.progress.set_reading_body(false);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.paced.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.paced.as_ref().map_or_else(SizeHint::default, Body::size_hint)
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        let rest = self.paced.take().and_then(PacedBody::into_rest);
        if !self.progress.is_http2() {
            self.progress.set_reading_body(false);
            if let Some(rest) = rest {
                self.progress.leave(rest);
            }
            return;
        }
        if let Some(mut rest) = rest {
            // What h2 holds for it is freed with it.
            let mut nobody = Context::from_waker(Waker::noop());
            while let Poll::Ready(Some(Ok(frame))) = Pin::new(&mut rest).poll_frame(&mut nobody) {
                self.progress.unread.read(frame.data_ref().map_or(0, Bytes::len));
            }
        }
        self.progress.unread.end_body();
    }
}
