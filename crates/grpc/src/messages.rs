//! The requests of a call whose caller streams them.

use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use http_body::Body;
use manywire_core::{ErrorKind, Incoming, Params, RpcError};
use manywire_http::BoxError;
use manywire_protobuf::{Limits, Reader};
use tonic::{Code, Status};

use crate::received::Received;
use crate::registry::Registered;
use crate::{error, prefix};

/// Messages as they come.
pub(crate) struct Messages<B> {
    received: Received<B>,
    method: Arc<Registered>,
    limits: Limits,
    /// What came and was not read: messages, the last of which may not be all there.
    chunk: Bytes,
}

impl<B: Body<Data = Bytes> + Send + Unpin> Messages<B>
where
    B::Error: Into<BoxError>,
{
    pub(crate) fn new(received: Received<B>, method: Arc<Registered>, limits: Limits) -> Self {
        Self { received, method, limits, chunk: Bytes::new() }
    }

    /// Takes the next message, if it is there.
    fn take(&mut self) -> Option<Bytes> {
        let (_, length) = prefix::read(&self.chunk)?;
        if self.chunk.len() < prefix::LENGTH + length {
            return None;
        }
        self.chunk.advance(prefix::LENGTH);
        Some(self.chunk.split_to(length))
    }

    fn add(&mut self, piece: Bytes) {
        if self.chunk.is_empty() {
            self.chunk = piece;
            return;
        }
        // A message comes in order, so each of its bytes is moved as often as its room doubles.
        let mut whole = Vec::from(std::mem::take(&mut self.chunk));
        if let Some((_, length)) = prefix::read(&whole) {
            whole.reserve((prefix::LENGTH + length).saturating_sub(whole.len()).max(piece.len()));
        }
        whole.extend_from_slice(&piece);
        self.chunk = whole.into();
    }
}

impl<B: Body<Data = Bytes> + Send + Unpin> Incoming for Messages<B>
where
    B::Error: Into<BoxError>,
{
    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        read: &mut dyn FnMut(Params<'_, '_>) -> Result<(), RpcError>,
    ) -> Poll<Option<Result<(), RpcError>>> {
        loop {
            if let Some(message) = self.take() {
                let mut reader = Reader::new(&self.method.request, &message, self.limits);
                let done = read(Params::One(&mut <dyn erased_serde::Deserializer<'_>>::erase(&mut reader)));
                let failure = reader.failure();
                return Poll::Ready(Some(done.map_err(|error| error::unreadable(error, failure))));
            }
            match ready!(self.received.poll_piece(cx)) {
                Some(Ok(piece)) => self.add(piece),
                Some(Err(error)) => return Poll::Ready(Some(Err(broken(&Status::from_error(error))))),
                None => return Poll::Ready(None),
            }
        }
    }
}

fn broken(status: &Status) -> RpcError {
    // Only an error of the connection has a source or is `intact`'s; those of the messages are neither.
    if std::error::Error::source(status).is_some() || status.code() == Code::Aborted {
        return RpcError::new(ErrorKind::Cancelled, "the client broke off the call");
    }
    error::from_status(status)
}
