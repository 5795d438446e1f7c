//! One interpreter of a process: classes and modules of Python's that are remembered here belong to it.

use std::sync::atomic::{AtomicUsize, Ordering};

use pyo3::exceptions::PyImportError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// Where the `sys.modules` of the interpreter lies that came first; nothing else of it can be had that is its own.
static FIRST: AtomicUsize = AtomicUsize::new(0);

/// Refuses every interpreter but the first. Python 3.11 and older hand a module that one interpreter has loaded to the next
/// without asking it.
#[pyfunction]
pub(crate) fn claim_interpreter(modules: &Bound<'_, PyDict>) -> PyResult<()> {
    let ours = modules.as_ptr() as usize;
    match FIRST.compare_exchange(0, ours, Ordering::Relaxed, Ordering::Relaxed) {
        Err(first) if first != ours => Err(PyImportError::new_err(
            "manywire works in one interpreter of a process, and another one has loaded it; use threads or processes instead of sub-interpreters",
        )),
        _ => Ok(()),
    }
}
