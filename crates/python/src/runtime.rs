//! Waiting for a call on the thread that makes it.
//!
//! A client has a runtime of its own without any thread: whoever waits for an answer moves the bytes of all who wait, and
//! hands that over to another when its own answer is there.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use pyo3::prelude::*;
use tokio::runtime::{Builder, Runtime};
use tokio::time::{Sleep, sleep};

use crate::{errors, keeper};

/// How long a signal such as Ctrl-C may wait to be noticed.
pub(crate) const SIGNAL_CHECK: Duration = Duration::from_millis(40);

/// How often connections get to move bytes before a thread that waits for nothing goes on.
const TURNS: usize = 8;

/// A runtime whose tasks run while somebody waits.
pub(crate) struct Io {
    runtime: Option<Runtime>,
}

impl Io {
    pub(crate) fn start() -> PyResult<Arc<Self>> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let io = Arc::new(Self { runtime: Some(runtime) });
        keeper::look_after(&io);
        Ok(io)
    }

    /// Waits for a future on this thread, without the GIL. A signal whose handler raises ends the wait and drops the
    /// future, which gives the call up.
    pub(crate) fn wait<F>(&self, py: Python<'_>, future: F) -> PyResult<F::Output>
    where
        F: Future + Send,
        F::Output: Send,
    {
        let runtime = self.runtime()?;
        // What is dropped on the way out may need the runtime.
        let _context = runtime.enter();
        let mut future = pin!(future);
        loop {
            let turn = py.detach(|| {
                let turn = async {
                    Turn { future: future.as_mut(), end: pin!(sleep(SIGNAL_CHECK)), is_over: false }.await
                };
                catch_unwind(AssertUnwindSafe(|| runtime.block_on(turn)))
            });
            match turn {
                Ok(Some(outcome)) => return Ok(outcome),
                Ok(None) => py.check_signals()?,
                Err(panic) => return Err(errors::from_panic(&*panic)),
            }
        }
    }

    /// Lets connections send what they were given and take what has come, without waiting for more.
    pub(crate) fn turn(&self) {
        let Ok(runtime) = self.runtime() else { return };
        runtime.block_on(async {
            for _ in 0..TURNS {
                tokio::task::yield_now().await;
            }
        });
    }

    /// Runs `work` where it can start tasks and timers.
    pub(crate) fn within<T>(&self, work: impl FnOnce() -> T) -> T {
        let _context = self.runtime.as_ref().map(Runtime::enter);
        work()
    }

    fn runtime(&self) -> PyResult<&Runtime> {
        self.runtime.as_ref().ok_or_else(|| errors::usage("the client is closed"))
    }
}

/// A part of the wait for a future: its outcome, or none when it is time to look for signals.
struct Turn<'t, F> {
    future: Pin<&'t mut F>,
    end: Pin<&'t mut Sleep>,
    is_over: bool,
}

impl<F: Future> Future for Turn<'_, F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.is_over {
            return Poll::Ready(None);
        }
        if let Poll::Ready(outcome) = self.future.as_mut().poll(cx) {
            return Poll::Ready(Some(outcome));
        }
        if self.end.as_mut().poll(cx).is_ready() {
            // Not at once: tokio 1.54 puts off waking futures that have used up their share of a poll, and forgets about
            // them when block_on returns first. They are woken between this poll and the next.
            self.is_over = true;
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

impl Drop for Io {
    fn drop(&mut self) {
        // A look-up of a name cannot be interrupted, and nobody is interested in it any more.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
