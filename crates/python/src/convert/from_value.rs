//! What a value of a wire is to Python.

use manywire_core::{Timestamp, Value};
use pyo3::prelude::*;
use pyo3::types::{
    PyBool, PyBytes, PyDateTime, PyDelta, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple, PyTzInfo,
};

use crate::errors;

/// A plain Python object for a value.
pub(super) fn from_value(py: Python<'_>, value: Value) -> PyResult<Bound<'_, PyAny>> {
    Ok(match value {
        Value::Null => py.None().into_bound(py),
        Value::Bool(b) => PyBool::new(py, b).to_owned().into_any(),
        Value::Int(i) => PyInt::new(py, i).into_any(),
        Value::Uint(u) => PyInt::new(py, u).into_any(),
        Value::Float(f) => PyFloat::new(py, f).into_any(),
        Value::String(text) => PyString::new(py, &text).into_any(),
        Value::Bytes(bytes) => PyBytes::new(py, &bytes).into_any(),
        Value::Timestamp(time) => datetime(py, time)?,
        Value::Array(items) => from_values(py, items)?.into_any(),
        Value::Map(pairs) => dict(py, pairs)?.into_any(),
    })
}

/// A list of them.
pub(super) fn from_values(py: Python<'_>, values: Vec<Value>) -> PyResult<Bound<'_, PyList>> {
    let items = values.into_iter().map(|value| from_value(py, value)).collect::<PyResult<Vec<_>>>()?;
    PyList::new(py, items)
}

fn dict(py: Python<'_>, pairs: Vec<(Value, Value)>) -> PyResult<Bound<'_, PyDict>> {
    let dict = PyDict::new(py);
    for (key, value) in pairs {
        let key = key_object(py, key)?;
        dict.set_item(key, from_value(py, value)?)?;
    }
    Ok(dict)
}

/// A key has to be hashable: a list is a tuple there.
fn key_object(py: Python<'_>, key: Value) -> PyResult<Bound<'_, PyAny>> {
    match key {
        Value::Array(items) => {
            let items = items.into_iter().map(|item| key_object(py, item)).collect::<PyResult<Vec<_>>>()?;
            Ok(PyTuple::new(py, items)?.into_any())
        }
        Value::Map(_) => {
            Err(errors::protocol("the answer has a map as a key of a map, which Python has not"))
        }
        plain => from_value(py, plain),
    }
}

/// Aware where the wire said how far from UTC the clock was, naive where it did not. Python counts microseconds.
fn datetime(py: Python<'_>, time: Timestamp) -> PyResult<Bound<'_, PyAny>> {
    let civil = time.civil().filter(|civil| civil.year() >= 1);
    let civil = civil
        .ok_or_else(|| errors::protocol(&format!("the time {time} is beyond Python's years 1 to 9999")))?;
    let zone = time.offset.map(|seconds| zone(py, seconds)).transpose()?;
    // Every part of a civil time is positive, and small enough.
    let part = |part: i8| part.unsigned_abs();
    let micros = civil.subsec_nanosecond().unsigned_abs() / 1_000;
    let datetime = PyDateTime::new(
        py,
        civil.year().into(),
        part(civil.month()),
        part(civil.day()),
        part(civil.hour()),
        part(civil.minute()),
        part(civil.second()),
        micros,
        zone.as_ref(),
    );
    Ok(datetime?.into_any())
}

fn zone(py: Python<'_>, seconds: i32) -> PyResult<Bound<'_, PyTzInfo>> {
    match seconds {
        0 => Ok(PyTzInfo::utc(py)?.to_owned()),
        seconds => PyTzInfo::fixed_offset(py, PyDelta::new(py, 0, seconds, 0, true)?),
    }
}
