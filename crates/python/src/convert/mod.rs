//! Python's objects and the wires' values.

mod from_value;
mod misfit;
mod to_value;

use manywire_client::{Arguments, Wire};
use manywire_core::Value;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};

use crate::errors::guarded;
use misfit::Misfit;

/// Turns an object into what a wire carries.
pub(crate) fn to_value(object: &Bound<'_, PyAny>, wire: Wire) -> Result<Value, Misfit> {
    guarded(|| to_value::to_value(object, wire))
}

/// A plain Python object for a value.
pub(crate) fn from_value(py: Python<'_>, value: Value) -> PyResult<Bound<'_, PyAny>> {
    guarded(|| from_value::from_value(py, value))
}

/// A list of them.
pub(crate) fn from_values(py: Python<'_>, values: Vec<Value>) -> PyResult<Bound<'_, PyList>> {
    guarded(|| from_value::from_values(py, values))
}

/// The arguments of a call on a wire, by position or by name.
pub(crate) fn arguments(
    wire: Wire,
    positional: &Bound<'_, PyTuple>,
    named: Option<&Bound<'_, PyDict>>,
) -> PyResult<Arguments> {
    match named.filter(|named| !named.is_empty()) {
        None => {
            let values = positional.iter().enumerate().map(|(index, item)| {
                to_value(&item, wire).map_err(|misfit| misfit.within(&format!("argument {}", index + 1)))
            });
            Ok(Arguments::Positional(values.collect::<Result<_, _>>()?))
        }
        Some(_) if !positional.is_empty() => {
            Err(PyTypeError::new_err("arguments go either by position or by name, not both in one call"))
        }
        Some(named) => {
            let items = named.items();
            let pairs = items.iter().map(|pair| {
                let (name, item): (String, Bound<'_, PyAny>) = pair.extract()?;
                let value =
                    to_value(&item, wire).map_err(|misfit| misfit.within(&format!("argument {name:?}")))?;
                PyResult::Ok((name, value))
            });
            Ok(Arguments::Named(pairs.collect::<PyResult<_>>()?))
        }
    }
}
