//! Where the frames of an answer come from: a method of the registry, or a mounted service.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream as _;
use http::{HeaderMap, HeaderValue};
use http_body::{Body as _, Frame};
use manywire_core::{CallStream, Reply};
use manywire_protobuf::encode;
use tonic::Status;
use tonic::body::Body;

use crate::answer::STATUS;
use crate::registry::Registered;
use crate::{error, metadata, prefix};

/// Items that are ready are sent together, up to this many bytes.
const TOGETHER: usize = 32 << 10;

/// Frames, each with whole messages that are not compressed.
pub(crate) enum Source {
    /// A service of its own.
    Mounted(Body),
    /// One answer.
    Once(Once),
    /// A stream of answers.
    Items(Box<Items>),
}

/// One message, then the status.
pub(crate) struct Once {
    message: Option<Bytes>,
    is_over: bool,
}

/// Messages as a method makes them.
pub(crate) struct Items {
    method: Arc<Registered>,
    items: CallStream,
    /// An error that came behind messages which go first.
    failed: Option<Status>,
    is_over: bool,
    limit: usize,
}

impl Source {
    /// One answer.
    pub(crate) fn once(message: Bytes) -> Self {
        Source::Once(Once { message: Some(message), is_over: false })
    }

    /// Answers whose messages have no more bytes than `limit`.
    pub(crate) fn items(method: Arc<Registered>, items: CallStream, limit: usize) -> Self {
        Source::Items(Box::new(Items { method, items, failed: None, is_over: false, limit }))
    }

    pub(crate) fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        match self {
            Source::Mounted(body) => Pin::new(body).poll_frame(cx),
            Source::Once(once) => Poll::Ready(once.next().map(Ok)),
            Source::Items(items) => items.poll_frame(cx),
        }
    }

    pub(crate) fn is_end_stream(&self) -> bool {
        match self {
            Source::Mounted(body) => body.is_end_stream(),
            Source::Once(once) => once.is_over,
            Source::Items(items) => items.is_over,
        }
    }
}

impl Once {
    fn next(&mut self) -> Option<Frame<Bytes>> {
        let frame = match self.message.take() {
            Some(message) => Frame::data(message),
            None if self.is_over => return None,
            None => {
                self.is_over = true;
                Frame::trailers(ok())
            }
        };
        Some(frame)
    }
}

impl Items {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        if let Some(status) = self.failed.take() {
            self.is_over = true;
            return Poll::Ready(Some(Err(status)));
        }
        let mut messages = Vec::new();
        let ended = loop {
            match Pin::new(&mut self.items).poll_next(cx) {
                Poll::Ready(Some(Ok(item))) => {
                    if let Err(status) = append(&self.method, &*item, self.limit, &mut messages) {
                        break Some(Err(status));
                    }
                    if messages.len() >= TOGETHER {
                        break None;
                    }
                }
                Poll::Ready(Some(Err(error))) => break Some(Err(error::to_status(error))),
                Poll::Ready(None) => break Some(Ok(())),
                Poll::Pending if messages.is_empty() => return Poll::Pending,
                // The stream is polled again behind this frame.
                Poll::Pending => break None,
            }
        };
        match ended {
            Some(Err(status)) if messages.is_empty() => {
                self.is_over = true;
                return Poll::Ready(Some(Err(status)));
            }
            Some(Err(status)) => self.failed = Some(status),
            Some(Ok(())) if messages.is_empty() => {
                self.is_over = true;
                let mut trailers = ok();
                metadata::append(&self.items.take_metadata(), &mut trailers);
                return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
            }
            Some(Ok(())) | None => {}
        }
        Poll::Ready(Some(Ok(Frame::data(messages.into()))))
    }
}

fn ok() -> HeaderMap {
    HeaderMap::from_iter([(STATUS, HeaderValue::from_static("0"))])
}

/// Appends an answer as a message with its prefix.
pub(crate) fn append(
    method: &Registered,
    reply: &dyn Reply,
    limit: usize,
    out: &mut Vec<u8>,
) -> Result<(), Status> {
    let start = out.len();
    out.extend_from_slice(&[0; prefix::LENGTH]);
    encode(&method.answer, reply.as_serde(), out).map_err(|error| {
        out.truncate(start);
        Status::internal(format!("the answer of {} is no message of its type: {error}", method.name))
    })?;
    let length = out.len() - start - prefix::LENGTH;
    if length > limit {
        out.truncate(start);
        let message = format!("the answer has {length} bytes, more than the limit of {limit} bytes");
        return Err(Status::resource_exhausted(message));
    }
    prefix::write(&mut out[start..], 0, length);
    Ok(())
}
