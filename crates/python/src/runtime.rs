//! Waiting for a call on the thread that makes it.
//!
//! A client has a runtime of its own without any thread: whoever waits for an answer moves the bytes of all who wait, and
//! hands that over to another when its own answer is there.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use pyo3::prelude::*;
use tokio::runtime::{Builder, Runtime};

use crate::{errors, keeper};

/// How long a signal such as Ctrl-C may wait to be noticed.
const SIGNAL_CHECK: Duration = Duration::from_millis(40);

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
                let turn = async { tokio::time::timeout(SIGNAL_CHECK, future.as_mut()).await };
                catch_unwind(AssertUnwindSafe(|| runtime.block_on(turn)))
            });
            match turn {
                Ok(Ok(outcome)) => return Ok(outcome),
                Ok(Err(_)) => py.check_signals()?,
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

impl Drop for Io {
    fn drop(&mut self) {
        // A look-up of a name cannot be interrupted, and nobody is interested in it any more.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
