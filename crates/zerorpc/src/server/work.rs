//! Methods that did not answer at once, waited for together.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream as _;
use futures_util::StreamExt as _;
use futures_util::future::{AbortHandle, Abortable, Aborted};
use futures_util::stream::FuturesUnordered;
use manywire_core::{Call, CallStream, Reply, RpcError};

/// The id of a channel's first event, as msgpack.
pub(super) type Key = Arc<[u8]>;

pub(super) type Answer = Result<Box<dyn Reply>, RpcError>;

/// What a channel's method came up with.
pub(super) enum Done {
    /// A call's answer.
    Reply(Answer),
    /// A stream's next item, or its end, and the stream.
    Item(Option<Answer>, CallStream),
}

enum Pending {
    Call(Call),
    Stream(Option<CallStream>),
}

struct Work {
    key: Key,
    pending: Pending,
}

impl Future for Work {
    type Output = (Key, Done);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let done = match &mut self.pending {
            Pending::Call(call) => Pin::new(call).poll(cx).map(Done::Reply),
            Pending::Stream(held) => match held.take() {
                None => Poll::Pending,
                Some(mut stream) => match Pin::new(&mut stream).poll_next(cx) {
                    Poll::Ready(item) => Poll::Ready(Done::Item(item, stream)),
                    Poll::Pending => {
                        *held = Some(stream);
                        Poll::Pending
                    }
                },
            },
        };
        done.map(|done| (self.key.clone(), done))
    }
}

/// All methods of a connection that are at work.
#[derive(Default)]
pub(super) struct Working {
    tasks: FuturesUnordered<Abortable<Work>>,
}

impl Working {
    pub(super) fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Waits for a call too; aborting the handle drops it.
    pub(super) fn call(&self, key: Key, call: Call) -> AbortHandle {
        self.push(key, Pending::Call(call))
    }

    /// Waits for a stream's next item too.
    pub(super) fn stream(&self, key: Key, stream: CallStream) -> AbortHandle {
        self.push(key, Pending::Stream(Some(stream)))
    }

    fn push(&self, key: Key, pending: Pending) -> AbortHandle {
        let (handle, registration) = AbortHandle::new_pair();
        self.tasks.push(Abortable::new(Work { key, pending }, registration));
        handle
    }

    /// The next result of any of them; pending also when there is none at work.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<(Key, Done)> {
        loop {
            match self.tasks.poll_next_unpin(cx) {
                Poll::Ready(Some(Ok(done))) => return Poll::Ready(done),
                Poll::Ready(Some(Err(Aborted))) => {}
                Poll::Ready(None) | Poll::Pending => return Poll::Pending,
            }
        }
    }
}
