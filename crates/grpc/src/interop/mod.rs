//! `grpc.testing.TestService`, for the official interop clients: see
//! <https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md>.
//!
//! Three things that its cases look at are below what tonic shows a service: whether a received message was compressed,
//! whether one message of a stream is to be, and metadata after a successful answer. [`Observed`] sees to them.

mod compression;
mod service;

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body::{Body as HttpBody, Frame};
use tonic::body::Body;
use tonic::codegen::BoxFuture;
use tower::Service;

pub(crate) use service::TestService;

const ACCEPT_ENCODING: &str = "grpc-accept-encoding";
const ECHO_INITIAL: HeaderName = HeaderName::from_static("x-grpc-test-echo-initial");
const ECHO_TRAILING: HeaderName = HeaderName::from_static("x-grpc-test-echo-trailing-bin");

/// Which messages of a call are compressed.
#[derive(Clone, Default)]
struct Flags(Arc<Mutex<Queues>>);

#[derive(Default)]
struct Queues {
    /// Whether each received message was, in their order.
    received: VecDeque<bool>,
    /// Whether each message to send shall be.
    to_send: VecDeque<bool>,
}

impl Flags {
    fn lock(&self) -> MutexGuard<'_, Queues> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The service, with what tonic hides from it.
#[derive(Clone)]
pub(crate) struct Observed<S>(pub(crate) S);

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
        let flags = Flags::default();
        let (mut parts, body) = request.into_parts();
        let initial = parts.headers.get(ECHO_INITIAL).cloned();
        let trailing = parts.headers.get(ECHO_TRAILING).cloned();
        // Here messages are compressed one by one, so tonic must not compress them all.
        let repack = parts.uri.path().ends_with("/StreamingOutputCall") && accepts_gzip(&parts.headers);
        if repack {
            parts.headers.remove(ACCEPT_ENCODING);
        }
        parts.extensions.insert(flags.clone());
        let body = Body::new(compression::Received::new(body, flags.clone()));
        let response = self.0.call(http::Request::from_parts(parts, body));
        Box::pin(async move {
            let mut response = response.await?;
            if let Some(value) = initial {
                response.headers_mut().insert(ECHO_INITIAL, value);
            }
            if repack {
                response = compression::repack(response, flags);
            }
            Ok(response.map(|body| Body::new(Echo { body, trailing })))
        })
    }
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepted.split(',').any(|name| name.trim() == "gzip")
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
