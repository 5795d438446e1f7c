//! An answer on its way out: watched to its end, and ended where a deadline or a shutdown says so.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use futures_core::future::BoxFuture;
use http::HeaderMap;
use http_body::{Body as HttpBody, Frame, SizeHint};
use manywire_core::{Activity, CallMeter, ErrorKind, UnderWay};
use tonic::body::Body;
use tonic::{Code, Status};

use crate::error;

const STATUS: &str = "grpc-status";
const MESSAGE: &str = "grpc-message";

/// Counts a call when it ends; one that is dropped before counts as cancelled.
pub(crate) struct Timer {
    meter: Arc<CallMeter>,
    started: Instant,
    is_done: bool,
    _under_way: UnderWay,
}

impl Timer {
    pub(crate) fn start(meter: Arc<CallMeter>, activity: &Activity) -> Self {
        Self { meter, started: Instant::now(), is_done: false, _under_way: activity.begin() }
    }

    pub(crate) fn finish(&mut self, code: Code) {
        if !std::mem::replace(&mut self.is_done, true) {
            self.meter.finished(self.started, (code != Code::Ok).then(|| error::kind(code)));
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if !self.is_done {
            self.meter.finished(self.started, Some(ErrorKind::Cancelled));
        }
    }
}

/// Resolves when an answer must end before its own end.
pub(crate) type Ending = BoxFuture<'static, Status>;

/// The body of an answer.
pub(crate) struct Answer {
    body: Body,
    timer: Timer,
    ending: Option<Ending>,
}

impl Answer {
    /// Watches a response. One that is an error already carries its status in the headers.
    pub(crate) fn watch(
        mut response: http::Response<Body>,
        mut timer: Timer,
        ending: Option<Ending>,
    ) -> http::Response<Self> {
        if let Some(code) = settle(response.headers_mut()) {
            timer.finish(code);
        }
        response.map(|body| Self { body, timer, ending })
    }

    fn end(&mut self, status: &Status) -> Frame<Bytes> {
        // Dropping the body drops the method that feeds it.
        self.body = Body::empty();
        self.ending = None;
        self.timer.finish(status.code());
        let mut trailers = HeaderMap::new();
        // Our own texts are valid header values once tonic has escaped them.
        let _ = status.add_header(&mut trailers);
        Frame::trailers(trailers)
    }
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if let Some(ending) = &mut self.ending
            && let Poll::Ready(status) = ending.as_mut().poll(cx)
        {
            return Poll::Ready(Some(Ok(self.end(&status))));
        }
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        Poll::Ready(match std::task::ready!(polled) {
            Some(Ok(mut frame)) => {
                if let Some(code) = frame.trailers_mut().and_then(settle) {
                    self.timer.finish(code);
                }
                Some(Ok(frame))
            }
            Some(Err(status)) => Some(Ok(self.end(&status))),
            None => None,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The status in headers or trailers, if there is one; a message over the limit gets the code that gRPC has for it.
fn settle(headers: &mut HeaderMap) -> Option<Code> {
    let code = Code::from_bytes(headers.get(STATUS)?.as_bytes());
    if code == Code::OutOfRange && is_too_large(headers) {
        // tonic 0.14 answers OUT_OF_RANGE; grpc-go, grpcio and grpc-java answer RESOURCE_EXHAUSTED.
        headers.insert(STATUS, http::HeaderValue::from(Code::ResourceExhausted as i32));
        return Some(Code::ResourceExhausted);
    }
    Some(code)
}

fn is_too_large(headers: &HeaderMap) -> bool {
    // In transit the message is percent-encoded.
    const PREFIX: &[u8] = b"Error,%20decoded%20message%20length%20too%20large";
    headers.get(MESSAGE).is_some_and(|message| message.as_bytes().starts_with(PREFIX))
}
