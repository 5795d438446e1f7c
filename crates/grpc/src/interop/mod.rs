//! `grpc.testing.TestService`, for the official interop clients: see
//! <https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md>.
//!
//! Three things that its cases look at are below what tonic shows a service: whether a received message was compressed,
//! whether one message of an answer is to be, and metadata after a successful answer. [`Flags`] and [`Observed`] see to
//! them.

mod service;

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use http_body::{Body as HttpBody, Frame};
use tonic::body::Body;
use tonic::codegen::BoxFuture;
use tonic::server::NamedService;
use tower::Service;

pub(crate) use service::TestService;

const ECHO_INITIAL: HeaderName = HeaderName::from_static("x-grpc-test-echo-initial");
const ECHO_TRAILING: HeaderName = HeaderName::from_static("x-grpc-test-echo-trailing-bin");

/// Which messages of a call are compressed.
#[derive(Clone, Default)]
pub(crate) struct Flags(Arc<Mutex<Queues>>);

#[derive(Default)]
struct Queues {
    /// Whether each received message was, in their order.
    received: VecDeque<bool>,
    /// Whether each message to send shall be.
    to_send: VecDeque<bool>,
}

impl Flags {
    /// A message came.
    pub(crate) fn received(&self, is_compressed: bool) {
        self.lock().received.push_back(is_compressed);
    }

    /// Whether the next message of the answer is to be compressed.
    pub(crate) fn is_next_compressed(&self) -> bool {
        self.lock().to_send.pop_front().unwrap_or(false)
    }

    fn lock(&self) -> MutexGuard<'_, Queues> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The service, with what tonic hides from it.
#[derive(Clone)]
pub(crate) struct Observed<S>(pub(crate) S);

impl<S: NamedService> NamedService for Observed<S> {
    const NAME: &'static str = S::NAME;
}

impl<S> Service<http::Request<Body>> for Observed<S>
where
    S: Service<
            http::Request<Body>,
            Response = http::Response<Body>,
            Error = Infallible,
            Future = BoxFuture<http::Response<Body>, Infallible>,
        >,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<http::Response<Body>, Infallible>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let initial = request.headers().get(ECHO_INITIAL).cloned();
        let trailing = request.headers().get(ECHO_TRAILING).cloned();
        let response = self.0.call(request);
        Box::pin(async move {
            let mut response = response.await?;
            if let Some(value) = initial {
                response.headers_mut().insert(ECHO_INITIAL, value);
            }
            Ok(response.map(|body| Body::new(Echo { body, trailing })))
        })
    }
}

/// A body whose trailers carry what the client asked to have back.
struct Echo {
    body: Body,
    trailing: Option<HeaderValue>,
}

impl HttpBody for Echo {
    type Data = Bytes;
    type Error = tonic::Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, tonic::Status>>> {
        let mut polled = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &mut polled
            && let Some(trailers) = frame.trailers_mut()
            && let Some(value) = self.trailing.take()
        {
            trailers.insert(ECHO_TRAILING, value);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }
}
