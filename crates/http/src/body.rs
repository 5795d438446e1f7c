//! The body of an answer: nearly always one piece of bytes, sometimes a stream.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt as _;
use http_body_util::combinators::UnsyncBoxBody;

use crate::Content;
use crate::gzip::Gzip;

/// Any error that a streaming body may end with.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The body of a [`Response`](crate::Response).
pub struct Body(pub(crate) Kind);

pub(crate) enum Kind {
    Whole(Content),
    /// Compressed as it is sent.
    Gzip(Box<Gzip>),
    Stream(UnsyncBoxBody<Bytes, BoxError>),
}

impl Body {
    /// No bytes.
    pub fn empty() -> Self {
        Self(Kind::Whole(Content::default()))
    }

    /// Bytes that are all there.
    pub fn whole(bytes: impl Into<Content>) -> Self {
        Self(Kind::Whole(bytes.into()))
    }

    /// Bytes that come over time.
    pub fn stream<B>(body: B) -> Self
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self(Kind::Stream(body.map_err(Into::into).boxed_unsync()))
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut self.0 {
            Kind::Whole(content) if content.is_empty() => Poll::Ready(None),
            Kind::Whole(content) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut content.bytes))))),
            Kind::Gzip(gzip) => gzip.poll_next(cx).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes)))),
            Kind::Stream(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Whole(content) => content.is_empty(),
            Kind::Gzip(gzip) => gzip.is_done(),
            Kind::Stream(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Whole(content) => SizeHint::with_exact(content.len() as u64),
            Kind::Gzip(_) => SizeHint::default(),
            Kind::Stream(body) => body.size_hint(),
        }
    }
}
