//! The server inside this process, for tests and for trying things out.

use std::sync::{Mutex, PoisonError};

use manywire_cli::Running;
use pyo3::prelude::*;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use crate::errors;
use crate::process::Owned;
use crate::runtime::SIGNAL_CHECK;

/// A server that runs until it is stopped.
#[pyclass(frozen, module = "manywire._native")]
pub(crate) struct Server {
    listeners: Vec<(String, String)>,
    running: Mutex<Option<Owned<(Running, Runtime)>>>,
}

#[pymethods]
impl Server {
    /// Starts what `manywire serve` with these flags would start, and returns once it answers.
    #[new]
    fn new(py: Python<'_>, flags: Vec<String>) -> PyResult<Self> {
        py.detach(|| {
            let runtime = Builder::new_multi_thread()
                .worker_threads(2)
                .thread_name("manywire-server")
                .enable_all()
                .build()?;
            let running = runtime.block_on(manywire_cli::start(&flags));
            let running = running.map_err(|error| errors::usage(format!("{error:#}").trim_end()))?;
            let listeners = running
                .listeners()
                .iter()
                .map(|listener| (listener.wires().to_string(), listener.address().to_string()))
                .collect();
            Ok(Self { listeners, running: Mutex::new(Some(Owned::new((running, runtime)))) })
        })
    }

    /// The wires of each listener, with commas between, and where they answer.
    #[getter]
    fn listeners(&self) -> Vec<(String, String)> {
        self.listeners.clone()
    }

    /// Lets calls under way finish, and stops; a second time it does nothing. A signal whose handler raises cuts them.
    fn stop(&self, py: Python<'_>) -> PyResult<()> {
        let Some((running, runtime)) = self.take() else { return Ok(()) };
        let mut stopping = runtime.spawn(async move { running.stop(running.drain()).await });
        let mut outcome = Ok(());
        while outcome.is_ok() && !stopping.is_finished() {
            let wait = async { timeout(SIGNAL_CHECK, &mut stopping).await.is_ok() };
            if py.detach(|| runtime.block_on(wait)) {
                break;
            }
            outcome = py.check_signals();
        }
        runtime.shutdown_background();
        outcome
    }
}

impl Server {
    fn take(&self) -> Option<(Running, Runtime)> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).take().and_then(Owned::into_inner)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nobody holds it any more who could want a call to finish.
        if let Some((_, runtime)) = self.take() {
            runtime.shutdown_background();
        }
    }
}
