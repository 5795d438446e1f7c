//! What a Python object is on the wire.

use jiff::civil::DateTime;
use manywire_client::Wire;
use manywire_core::{Timestamp, Value};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{
    PyBool, PyByteArray, PyBytes, PyDateAccess, PyDateTime, PyDelta, PyDeltaAccess, PyDict, PyFloat, PyInt,
    PyList, PyMapping, PyMemoryView, PyString, PyTimeAccess, PyTuple, PyType,
};

use super::misfit::Misfit;

/// As deep as the wires' own limit; it also ends a list that contains itself.
const NESTING: usize = 128;

/// Turns an object into what a wire carries.
pub(super) fn to_value(object: &Bound<'_, PyAny>, wire: Wire) -> Result<Value, Misfit> {
    convert(object, Place { depth: NESTING, wire })
}

/// Where an object is on its way.
#[derive(Clone, Copy)]
struct Place {
    /// How much deeper it may be nested.
    depth: usize,
    wire: Wire,
}

impl Place {
    fn is_json(self) -> bool {
        matches!(self.wire, Wire::Jsonrpc | Wire::Jsonrpc1)
    }

    fn deeper(self) -> Result<Self, Misfit> {
        let depth = self.depth.checked_sub(1);
        let depth = depth.ok_or_else(|| Misfit::Value(format!("nested deeper than {NESTING} levels")))?;
        Ok(Self { depth, ..self })
    }
}

fn convert(object: &Bound<'_, PyAny>, place: Place) -> Result<Value, Misfit> {
    if let Ok(text) = object.cast_exact::<PyString>() {
        Ok(Value::String(text.extract()?))
    } else if let Ok(int) = object.cast_exact::<PyInt>() {
        integer(int)
    } else if let Ok(dict) = object.cast_exact::<PyDict>() {
        Ok(Value::Map(pairs(dict, place)?))
    } else if let Ok(list) = object.cast_exact::<PyList>() {
        items(list.iter(), place)
    } else if let Ok(float) = object.cast_exact::<PyFloat>() {
        finite(float.extract()?, place)
    } else if object.is_none() {
        Ok(Value::Null)
    } else {
        convert_rarer(object, place)
    }
}

/// Types that are met less often, and subclasses.
fn convert_rarer(object: &Bound<'_, PyAny>, place: Place) -> Result<Value, Misfit> {
    if let Ok(flag) = object.cast::<PyBool>() {
        Ok(Value::Bool(flag.is_true()))
    } else if let Ok(bytes) = object.cast::<PyBytes>() {
        Ok(Value::Bytes(bytes.as_bytes().to_vec()))
    } else if let Ok(tuple) = object.cast::<PyTuple>() {
        items(tuple.iter(), place)
    } else if let Ok(time) = object.cast::<PyDateTime>() {
        timestamp(time)
    } else if let Ok(text) = object.cast::<PyString>() {
        Ok(Value::String(text.extract()?))
    } else if let Ok(int) = object.cast::<PyInt>() {
        subclassed_integer(int, place)
    } else if let Ok(float) = object.cast::<PyFloat>() {
        finite(float.extract()?, place)
    } else if let Ok(dict) = object.cast::<PyDict>() {
        subclassed_dict(dict, place)
    } else if let Ok(list) = object.cast::<PyList>() {
        items(list.iter(), place)
    } else if object.is_instance_of::<PyByteArray>() || object.is_instance_of::<PyMemoryView>() {
        let bytes = object.py().get_type::<PyBytes>().call1((object,))?;
        Ok(Value::Bytes(bytes.extract()?))
    } else {
        convert_foreign(object, place)
    }
}

/// Objects of classes that are not Python's own.
fn convert_foreign(object: &Bound<'_, PyAny>, place: Place) -> Result<Value, Misfit> {
    let py = object.py();
    if let Ok(fields) = object.get_type().getattr("__dataclass_fields__")
        && !object.is_instance_of::<PyType>()
    {
        return dataclass(object, fields.cast::<PyDict>().map_err(PyErr::from)?, place);
    }
    if let Ok(mapping) = object.cast::<PyMapping>() {
        let dict = PyDict::new(py);
        dict.update(mapping)?;
        return Ok(Value::Map(pairs(&dict, place)?));
    }
    // Integers of other libraries, such as numpy's.
    if let Ok(index) = object.call_method0("__index__") {
        return integer(index.cast::<PyInt>().map_err(PyErr::from)?);
    }
    let name = object.get_type().fully_qualified_name()?;
    Err(Misfit::Type(format!(
        "a {name} cannot be sent; the wires carry None, bool, int, float, str, bytes, datetime, list, tuple, dict and dataclasses"
    )))
}

/// JSON has no word for the others; a text in their place would be another value.
fn finite(float: f64, place: Place) -> Result<Value, Misfit> {
    if place.is_json() && !float.is_finite() {
        return Err(Misfit::Value(format!("JSON carries no {}", if float.is_nan() { "nan" } else { "inf" })));
    }
    Ok(Value::Float(float))
}

fn integer(int: &Bound<'_, PyInt>) -> Result<Value, Misfit> {
    if let Ok(i) = int.extract::<i64>() {
        return Ok(Value::Int(i));
    }
    let beyond = |_| {
        Misfit::Overflow(format!("{} does not fit into 64 bits, which is what the wires carry", shown(int)))
    };
    int.extract::<u64>().map(Value::from).map_err(beyond)
}

/// A number that Go has as an unsigned one, whatever its size.
fn unsigned(int: &Bound<'_, PyInt>) -> Result<Value, Misfit> {
    let beyond = |_| Misfit::Overflow(format!("{} is no unsigned integer of 64 bits", shown(int)));
    int.extract::<u64>().map(Value::Uint).map_err(beyond)
}

/// A number for an error: one of a million digits is not worth reading.
fn shown(int: &Bound<'_, PyInt>) -> String {
    let bits: usize = int.call_method0("bit_length").and_then(|bits| bits.extract()).unwrap_or(0);
    if bits > 256 { format!("an int of {bits} bits") } else { int.to_string() }
}

fn items<'py>(items: impl Iterator<Item = Bound<'py, PyAny>>, place: Place) -> Result<Value, Misfit> {
    let place = place.deeper()?;
    let convert =
        |(index, item)| convert(&item, place).map_err(|misfit| misfit.within(&format!("[{index}]")));
    Ok(Value::Array(items.enumerate().map(convert).collect::<Result<_, _>>()?))
}

fn pairs(dict: &Bound<'_, PyDict>, place: Place) -> Result<Vec<(Value, Value)>, Misfit> {
    let place = place.deeper()?;
    // A copy, since what runs meanwhile (an `__index__`, another thread) may change the dict.
    dict.items().iter().map(|item| pair(&item.get_item(0)?, &item.get_item(1)?, place)).collect()
}

fn pair(key: &Bound<'_, PyAny>, item: &Bound<'_, PyAny>, place: Place) -> Result<(Value, Value), Misfit> {
    let at_key = |misfit: Misfit| misfit.within(&format!("[{}]", repr(key)));
    let name = convert(key, place).map_err(at_key)?;
    if place.is_json() && matches!(name, Value::Null | Value::Array(_) | Value::Map(_)) {
        let class = key.get_type().name()?;
        return Err(Misfit::Type(format!("JSON's keys are text, and {} is a {class}", repr(key))));
    }
    Ok((name, convert(item, place).map_err(at_key)?))
}

fn repr(object: &Bound<'_, PyAny>) -> String {
    object.repr().map_or_else(|_| "?".into(), |text| text.to_string())
}

fn dataclass(object: &Bound<'_, PyAny>, fields: &Bound<'_, PyDict>, place: Place) -> Result<Value, Misfit> {
    let place = place.deeper()?;
    let mut pairs = Vec::with_capacity(fields.len());
    for (name, field) in fields.items().extract::<Vec<(Bound<'_, PyAny>, Bound<'_, PyAny>)>>()? {
        // Class variables are listed too.
        if field.getattr("_field_type")?.getattr("name")?.extract::<String>()? != "_FIELD" {
            continue;
        }
        let text: String = name.extract()?;
        let item = object.getattr(name.cast::<PyString>().map_err(PyErr::from)?)?;
        let value = convert(&item, place).map_err(|misfit| misfit.within(&format!("[{text:?}]")))?;
        pairs.push((Value::String(text), value));
    }
    Ok(Value::Map(pairs))
}

fn timestamp(time: &Bound<'_, PyDateTime>) -> Result<Value, Misfit> {
    let small = |part: u8| i8::try_from(part).unwrap_or(i8::MAX);
    let civil = DateTime::new(
        i16::try_from(time.get_year()).unwrap_or(i16::MAX),
        small(time.get_month()),
        small(time.get_day()),
        small(time.get_hour()),
        small(time.get_minute()),
        small(time.get_second()),
        i32::try_from(time.get_microsecond()).unwrap_or(0) * 1_000,
    );
    let local = Timestamp::from_civil(civil.map_err(|error| Misfit::Value(error.to_string()))?);
    let offset = time.call_method0("utcoffset")?;
    if offset.is_none() {
        return Ok(local.into());
    }
    let offset = offset.cast::<PyDelta>().map_err(PyErr::from)?;
    // Python's offsets are less than a day.
    let seconds = offset.get_days() * 86_400 + offset.get_seconds();
    if offset.get_microseconds() != 0 {
        return Err(Misfit::Value(format!(
            "the zone of {} is not a whole number of seconds from UTC",
            repr(time)
        )));
    }
    Ok(Timestamp { seconds: local.seconds - i64::from(seconds), offset: Some(seconds), ..local }.into())
}

fn subclassed_integer(int: &Bound<'_, PyInt>, place: Place) -> Result<Value, Misfit> {
    if place.wire == Wire::Gob && int.is_instance(gob_class(int.py(), &UINT, "uint")?)? {
        unsigned(int)
    } else {
        integer(int)
    }
}

/// On gob a map with text for keys is a struct; keys of bytes, which Go has not, tell that it is a map of Go's.
fn subclassed_dict(dict: &Bound<'_, PyDict>, place: Place) -> Result<Value, Misfit> {
    let pairs = pairs(dict, place)?;
    if place.wire != Wire::Gob || !dict.is_instance(gob_class(dict.py(), &MAP, "map")?)? {
        return Ok(Value::Map(pairs));
    }
    if pairs.is_empty() {
        // Of what type it would be is not known; to Go an empty map is one that is left out.
        return Ok(Value::Null);
    }
    let as_go = |(key, item)| match key {
        Value::String(text) => (Value::Bytes(text.into_bytes()), item),
        other => (other, item),
    };
    Ok(Value::Map(pairs.into_iter().map(as_go).collect()))
}

static MAP: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static UINT: PyOnceLock<Py<PyType>> = PyOnceLock::new();

/// A class of `manywire.gob`.
fn gob_class<'py>(
    py: Python<'py>,
    class: &'static PyOnceLock<Py<PyType>>,
    name: &str,
) -> PyResult<&'py Bound<'py, PyType>> {
    class.import(py, "manywire.gob", name)
}
