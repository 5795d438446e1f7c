//! Many calls across the border at once.

use manywire_client::{Arguments, Wire};
use manywire_core::{RpcError, Value};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};

use crate::convert::{arguments, from_value};
use crate::errors;

/// Reads `(method, args, kwargs)` triples.
pub(crate) fn read(wire: Wire, calls: &Bound<'_, PyList>) -> PyResult<Vec<(String, Arguments)>> {
    calls.iter().map(|call| read_call(wire, &call)).collect()
}

fn read_call(wire: Wire, call: &Bound<'_, PyAny>) -> PyResult<(String, Arguments)> {
    let (method, args, kwargs): (String, Bound<'_, PyTuple>, Option<Bound<'_, PyDict>>) = call.extract()?;
    let arguments = arguments(wire, &args, kwargs.as_ref())?;
    Ok((method, arguments))
}

/// A list of the answers; an exception stands where a call failed.
pub(crate) fn write<'py>(
    py: Python<'py>,
    answers: Vec<Result<Value, RpcError>>,
    wire: Wire,
) -> PyResult<Bound<'py, PyList>> {
    let objects = answers.into_iter().map(|answer| match answer {
        Ok(value) => from_value(py, value),
        Err(error) => Ok(errors::to_exception(py, &error, wire).into_value(py).into_bound(py).into_any()),
    });
    PyList::new(py, objects.collect::<PyResult<Vec<_>>>()?)
}
