//! How a call that ran in Rust wakes an asyncio event loop.
//!
//! The thread that does the I/O never takes the GIL: it lays finished calls down and writes one byte to a socket that the
//! loop watches, however many they are. The loop's own thread turns them into Python's objects.

use std::future::Future;
use std::io::{Read as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::net::UnixStream;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;
use futures_util::FutureExt as _;
use pyo3::intern;
use pyo3::prelude::*;
use tokio::runtime::{Builder, Runtime};
use tokio::task::AbortHandle;

use crate::errors;
use crate::process::Owned;

/// Makes the Python object that a call ends with, or the exception.
type Finish = Box<dyn FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send>;

/// Between the I/O thread and one event loop.
#[pyclass(frozen, module = "manywire._native")]
pub(crate) struct Bridge(Arc<Shore>);

struct Shore {
    finished: Mutex<Vec<(Py<PyAny>, Finish)>>,
    is_told: AtomicBool,
    ours: UnixStream,
    loops: UnixStream,
}

impl Shore {
    fn lay_down(&self, future: Py<PyAny>, finish: Finish) {
        self.finished.lock().unwrap_or_else(PoisonError::into_inner).push((future, finish));
        if !self.is_told.swap(true, Ordering::SeqCst) {
            // It only fails when the loop's end is gone.
            let _ = (&self.ours).write(&[1]);
        }
    }
}

#[pymethods]
impl Bridge {
    #[new]
    fn new() -> PyResult<Self> {
        let (ours, loops) = UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        loops.set_nonblocking(true)?;
        Ok(Self(Arc::new(Shore { finished: Mutex::default(), is_told: AtomicBool::new(false), ours, loops })))
    }

    /// What the event loop watches.
    fn fileno(&self) -> i32 {
        self.0.loops.as_raw_fd()
    }

    /// Finishes the asyncio futures of the calls that have ended.
    fn drain(&self, py: Python<'_>) {
        let mut bytes = [0; 16];
        // There is at most one byte; that there is none is no harm.
        let _ = (&self.0.loops).read(&mut bytes);
        self.0.is_told.store(false, Ordering::SeqCst);
        let finished = std::mem::take(&mut *self.0.finished.lock().unwrap_or_else(PoisonError::into_inner));
        for (future, finish) in finished {
            if let Err(error) = settle(future.bind(py), finish) {
                // Its loop was closed meanwhile; the others are to hear of their ends all the same.
                error.write_unraisable(py, Some(future.bind(py)));
            }
        }
    }
}

fn settle(future: &Bound<'_, PyAny>, finish: Finish) -> PyResult<()> {
    let py = future.py();
    // It may have been cancelled meanwhile.
    if future.call_method0(intern!(py, "done"))?.is_truthy()? {
        return Ok(());
    }
    match finish(py) {
        Ok(result) => future.call_method1(intern!(py, "set_result"), (result,))?,
        Err(error) => future.call_method1(intern!(py, "set_exception"), (error,))?,
    };
    Ok(())
}

impl Bridge {
    /// Runs `work` on the I/O thread; what it returns makes the result of the asyncio future.
    pub(crate) fn spawn<F, R>(&self, future: Py<PyAny>, work: F) -> PyResult<Ticket>
    where
        F: Future<Output = R> + Send + 'static,
        R: FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send + 'static,
    {
        let shore = self.0.clone();
        let task = io(|runtime| {
            runtime.spawn(async move {
                let finish: Finish = match AssertUnwindSafe(work).catch_unwind().await {
                    Ok(finish) => Box::new(finish),
                    Err(panic) => {
                        let text = errors::panic_text(&*panic);
                        Box::new(move |_| Err(errors::fault(&text)))
                    }
                };
                shore.lay_down(future, finish);
            })
        })?;
        Ok(Ticket(task.abort_handle()))
    }

    pub(crate) fn share(&self) -> Self {
        Self(self.0.clone())
    }
}

/// A call that can be given up.
#[pyclass(frozen, module = "manywire._native")]
pub(crate) struct Ticket(AbortHandle);

#[pymethods]
impl Ticket {
    /// Gives the call up, for the server too where the wire can say so.
    fn abort(&self) {
        self.0.abort();
    }
}

/// The one I/O thread of all asyncio clients.
static IO: ArcSwapOption<Owned<Runtime>> = ArcSwapOption::const_empty();

/// Does something with the runtime of the I/O thread; a forked child gets a thread of its own.
pub(crate) fn io<T>(work: impl FnOnce(&Runtime) -> T) -> PyResult<T> {
    loop {
        let running = IO.load_full();
        if let Some(runtime) = running.as_ref().and_then(|owned| owned.get()) {
            return Ok(work(runtime));
        }
        let runtime =
            Builder::new_multi_thread().worker_threads(1).thread_name("manywire-io").enable_all().build()?;
        IO.compare_and_swap(&running, Some(Arc::new(Owned::new(runtime))));
    }
}
