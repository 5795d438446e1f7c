//! A stream of requests on its way to a method.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use crate::RpcError;
use crate::params::Params;

/// The requests of one call as their wire receives them.
pub trait Incoming: Send {
    /// Waits for the next request and has it read; none when the caller has said all.
    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        read: &mut dyn FnMut(Params<'_, '_>) -> Result<(), RpcError>,
    ) -> Poll<Option<Result<(), RpcError>>>;
}

/// The requests of one call, as its method takes them.
pub struct Requests<A> {
    incoming: Box<dyn Incoming>,
    read: Arc<ReadRequest<A>>,
    is_over: bool,
}

/// Reads one request.
pub(crate) type ReadRequest<A> = dyn Fn(Params<'_, '_>) -> Result<A, RpcError> + Send + Sync;

impl<A> Requests<A> {
    pub(crate) fn read_by(incoming: Box<dyn Incoming>, read: Arc<ReadRequest<A>>) -> Self {
        Self { incoming, read, is_over: false }
    }
}

impl<A> Stream for Requests<A> {
    type Item = Result<A, RpcError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if this.is_over {
            return Poll::Ready(None);
        }
        let (mut request, read) = (None, &this.read);
        let told = ready!(this.incoming.poll_next(cx, &mut |params| {
            request = Some(read(params)?);
            Ok(())
        }));
        let item = match (told, request) {
            (Some(Ok(())), Some(request)) => Some(Ok(request)),
            (Some(Err(error)), _) => Some(Err(error)),
            (Some(Ok(())), None) | (None, _) => None,
        };
        // Nothing can be told of what follows a request that could not be read.
        this.is_over = !matches!(item, Some(Ok(_)));
        Poll::Ready(item)
    }
}
