//! A call under way, from its first poll to its end.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{self, Poll, ready};
use std::time::Instant;

use futures_core::Stream;
use tokio::time::{Sleep, sleep_until};

use crate::context::with_deadline;
use crate::dispatch::{Own, panicked};
use crate::handler::{Items, Reply, ReplyFuture};
use crate::{Context, ErrorKind, Metadata, RpcError, UnderWay};

/// A call under way. Dropping it cancels the method.
pub struct Call {
    future: ReplyFuture,
    timer: Timer,
}

impl Call {
    pub(crate) fn new(future: ReplyFuture, timer: Timer) -> Self {
        Self { future, timer }
    }

    /// Takes what the method wants sent beside its answer; empty where the method asked for no context.
    pub fn take_metadata(&mut self) -> Metadata {
        self.timer.take_metadata()
    }
}

impl Future for Call {
    type Output = Result<Box<dyn Reply>, RpcError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        let Self { future, timer } = &mut *self;
        let Poll::Ready(result) = timer.poll(cx, |cx| future.as_mut().poll(cx)) else {
            timer.wait();
            return Poll::Pending;
        };
        let result = result.and_then(|reply| reply);
        timer.finish(result.as_ref().err().map(RpcError::kind));
        Poll::Ready(result)
    }
}

/// A stream under way. Dropping it cancels the method.
pub struct CallStream {
    items: Items,
    timer: Timer,
}

impl CallStream {
    pub(crate) fn new(items: Items, mut timer: Timer) -> Self {
        timer.wait();
        Self { items, timer }
    }

    /// Waits until the stream is open, for a wire that can tell an error of the call from one in its stream.
    pub async fn opened(&mut self) -> Result<(), RpcError> {
        poll_fn(|cx| self.poll_open(cx)).await
    }

    fn poll_open(&mut self, cx: &mut task::Context<'_>) -> Poll<Result<(), RpcError>> {
        let Self { items, timer } = self;
        let Items::Opening(opening) = items else { return Poll::Ready(Ok(())) };
        if timer.is_done {
            return Poll::Ready(Ok(()));
        }
        let opened = ready!(timer.poll(cx, |cx| opening.as_mut().poll(cx)));
        match opened.and_then(|opened| opened) {
            Ok(open) => *items = Items::Open(open),
            Err(error) => {
                timer.finish(Some(error.kind()));
                return Poll::Ready(Err(error));
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Takes what the method wants sent beside its answers; empty where the method asked for no context.
    pub fn take_metadata(&mut self) -> Metadata {
        self.timer.take_metadata()
    }
}

impl Stream for CallStream {
    type Item = Result<Box<dyn Reply>, RpcError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Option<Self::Item>> {
        if let Err(error) = ready!(self.poll_open(cx)) {
            return Poll::Ready(Some(Err(error)));
        }
        let Self { items, timer } = &mut *self;
        let Items::Open(items) = items else { return Poll::Ready(None) };
        if timer.is_done {
            return Poll::Ready(None);
        }
        let item = ready!(timer.poll(cx, |cx| items.as_mut().poll_next(cx)));
        let item = item.unwrap_or_else(|error| Some(Err(error)));
        match &item {
            Some(Ok(_)) => {}
            Some(Err(error)) => timer.finish(Some(error.kind())),
            None => timer.finish(None),
        }
        Poll::Ready(item)
    }
}

/// Counts the call when it ends; one that is dropped before counts as cancelled.
pub(crate) struct Timer {
    own: Arc<Own>,
    method: Option<usize>,
    started: Instant,
    /// Once the call has to wait. Most are ready at once.
    under_way: Option<UnderWay>,
    is_done: bool,
    extras: Option<Box<Extras>>,
}

/// What most calls have none of.
struct Extras {
    /// Where the method or a hook asked for it.
    context: Option<Context>,
    deadline: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl Timer {
    pub(crate) fn new(
        own: Arc<Own>,
        method: Option<usize>,
        started: Instant,
        deadline: Option<Instant>,
        context: Option<Context>,
    ) -> Self {
        let extras = (deadline.is_some() || context.is_some()).then(|| {
            let deadline = deadline.map(|at| (at, Box::pin(sleep_until(at.into()))));
            Box::new(Extras { context, deadline })
        });
        Self { own, method, started, under_way: None, is_done: false, extras }
    }

    /// Polls the method: its panic is an error, and so is its caller's deadline.
    fn poll<T>(
        &mut self,
        cx: &mut task::Context<'_>,
        mut method: impl FnMut(&mut task::Context<'_>) -> Poll<T>,
    ) -> Poll<Result<T, RpcError>> {
        let deadline = self.extras.as_mut().and_then(|extras| extras.deadline.as_mut());
        let Some((at, sleep)) = deadline else {
            let polled = catch_unwind(AssertUnwindSafe(|| method(cx)));
            return polled.map_or_else(|_| Poll::Ready(Err(panicked(self.name()))), |polled| polled.map(Ok));
        };
        let polled = catch_unwind(AssertUnwindSafe(|| with_deadline(*at, || method(cx))));
        match polled {
            Ok(Poll::Ready(answer)) => Poll::Ready(Ok(answer)),
            Ok(Poll::Pending) => sleep.as_mut().poll(cx).map(|()| Err(too_late())),
            Err(_) => Poll::Ready(Err(panicked(self.name()))),
        }
    }

    fn name(&self) -> &str {
        self.own.method(self.method)
    }

    fn wait(&mut self) {
        self.under_way.get_or_insert_with(|| self.own.activity.begin());
    }

    fn take_metadata(&mut self) -> Metadata {
        let context = self.extras.as_ref().and_then(|extras| extras.context.as_ref());
        context.map(Context::take_answer_metadata).unwrap_or_default()
    }

    fn finish(&mut self, error: Option<ErrorKind>) {
        if std::mem::replace(&mut self.is_done, true) {
            return;
        }
        self.own.finished(self.method, self.started, error);
        if let Some(context) = self.extras.as_ref().and_then(|extras| extras.context.as_ref()) {
            context.end();
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.finish(Some(ErrorKind::Cancelled));
    }
}

fn too_late() -> RpcError {
    let message = "the deadline of the call passed before its answer was complete";
    RpcError::new(ErrorKind::DeadlineExceeded, message)
}
