//! The task of one HTTP/2 stream, ended when its peer takes nothing of the answer for too long, or when the server winds down
//! and the answer has no end.
//!
//! A peer that never widens its window leaves hyper waiting with a piece of the answer in hand, and hyper has no time
//! limit for that. It makes one future of a request, its answer and the sending, and hands it to an executor: ours.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::rt::Executor;
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep};

/// Runs the streams of a connection.
#[derive(Clone)]
pub(crate) struct Streams {
    /// How long a peer may take nothing of an answer.
    pub(crate) patience: Duration,
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Streams {
    fn execute(&self, stream: F) {
        let task = StreamTask { stream, sending: Sending::default(), patience: self.patience, waiting: None };
        tokio::spawn(task);
    }
}

/// How far the answer of a stream has come. Its body writes it down in the middle of the task's poll.
#[derive(Default)]
struct Sending {
    /// Whether hyper has a piece and has not come back for more.
    is_waiting: bool,
    pieces: usize,
    /// Bytes that were written, where the body counts them.
    written: Option<Arc<AtomicUsize>>,
    /// Resolves when the stream is to end, whatever its peer takes; there for an answer that has no end.
    over: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Sending {
    fn progress(&self) -> (usize, usize) {
        (self.pieces, self.written.as_ref().map_or(0, |written| written.load(Relaxed)))
    }
}

thread_local! {
    /// The stream that is being polled.
    static CURRENT: RefCell<Sending> = RefCell::default();
}

/// The body was asked for more, so all that it gave before was taken.
pub(crate) fn asked_for_more() {
    CURRENT.with_borrow_mut(|sending| sending.is_waiting = false);
}

/// The body gives a piece. `count` is told whether it is the first, and returns the counter of what is written.
pub(crate) fn handed_over(count: impl FnOnce(bool) -> Option<Arc<AtomicUsize>>) {
    CURRENT.with_borrow_mut(|sending| {
        sending.written = count(sending.pieces == 0);
        sending.pieces += 1;
        sending.is_waiting = true;
    });
}

/// The stream is to end when this resolves.
pub(crate) fn end_after(over: impl Future<Output = ()> + Send + 'static) {
    CURRENT.with_borrow_mut(|sending| sending.over = Some(Box::pin(over)));
}

pin_project! {
    struct StreamTask<F> {
        #[pin]
        stream: F,
        sending: Sending,
        patience: Duration,
        waiting: Option<Waiting>,
    }
}

/// Since when nothing has moved.
struct Waiting {
    progress: (usize, usize),
    over: Pin<Box<Sleep>>,
}

impl<F: Future<Output = ()>> Future for StreamTask<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let outer = CURRENT.replace(std::mem::take(this.sending));
        let polled = this.stream.poll(cx);
        *this.sending = CURRENT.replace(outer);
        if let Some(over) = &mut this.sending.over
            && polled.is_pending()
            && over.as_mut().poll(cx).is_ready()
        {
            tracing::debug!(
                "an HTTP/2 stream without an end was ended: its peer took nothing of its last words"
            );
            return Poll::Ready(());
        }
        if polled.is_ready() || !this.sending.is_waiting {
            *this.waiting = None;
            return polled;
        }
        let (sending, patience) = (this.sending, *this.patience);
        let waiting = this.waiting.get_or_insert_with(|| Waiting {
            progress: sending.progress(),
            over: Box::pin(tokio::time::sleep(patience)),
        });
        while waiting.over.as_mut().poll(cx).is_ready() {
            // Bytes are written without this task being told.
            if sending.progress() == waiting.progress {
                tracing::debug!("an HTTP/2 stream was ended: its peer took nothing of the answer");
                return Poll::Ready(());
            }
            waiting.progress = sending.progress();
            waiting.over.as_mut().reset(Instant::now() + patience);
        }
        Poll::Pending
    }
}
