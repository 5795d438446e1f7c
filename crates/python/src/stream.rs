//! The items of a stream, for blocking readers.

use std::sync::Arc;

use manywire_client::{Items, Wire};
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::client::Live;
use crate::convert::from_values;
use crate::errors;
use crate::feed::Failure;
use crate::process::Owned;
use crate::source::Source;

/// A stream that a server sends.
#[pyclass(frozen, module = "manywire._native")]
pub(crate) struct Stream {
    source: Owned<Source>,
    live: Arc<Owned<Live>>,
    wire: Wire,
}

impl Stream {
    pub(crate) fn new(
        items: Items,
        failure: Option<Arc<Failure>>,
        live: Arc<Owned<Live>>,
        wire: Wire,
    ) -> Self {
        Self { source: Owned::new(Source::new(items, failure)), live, wire }
    }
}

#[pymethods]
impl Stream {
    /// Waits for items and returns those that are there; none at the end.
    fn next_chunk<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let (Some(source), Some(live)) = (self.source.get(), self.live.get()) else {
            return Err(errors::usage("this stream was opened before the fork; open another one here"));
        };
        match live.io().wait(py, source.next())? {
            Ok(values) => from_values(py, values),
            Err(trouble) => Err(trouble.into_exception(py, self.wire)),
        }
    }

    /// Ends it for the server too.
    fn close(&self, py: Python<'_>) {
        let (Some(source), Some(live)) = (self.source.get(), self.live.get()) else { return };
        live.io().within(|| source.close());
        py.detach(|| live.io().turn());
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        if let (Some(source), Some(live)) = (self.source.get(), self.live.get()) {
            live.io().within(|| source.close());
        }
    }
}
