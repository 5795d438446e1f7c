//! What went wrong, as the exceptions of `manywire.errors`: the one place that decides which.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use manywire_client::Wire;
use manywire_core::{ErrorKind, Origin, RpcError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;

use crate::convert::from_value;

macro_rules! classes {
    ($($function:ident $name:literal,)*) => {$(
        fn $function(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
            static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
            CLASS.import(py, "manywire.errors", $name)
        }
    )*};
}

classes! {
    error "Error",
    connect_error "ConnectError",
    timeout "Timeout",
    remote_error "RemoteError",
    protocol_error "ProtocolError",
    unsupported_error "UnsupportedError",
    usage_error "UsageError",
}

/// The exception for an error of a call on `wire`, which is none where the URL names none.
pub(crate) fn to_exception(py: Python<'_>, error: &RpcError, wire: impl Into<Option<Wire>>) -> PyErr {
    build(py, error, wire.into()).unwrap_or_else(|raised| raised)
}

fn build(py: Python<'_>, error: &RpcError, wire: Option<Wire>) -> PyResult<PyErr> {
    let class = match error.origin() {
        Origin::Connect | Origin::Lost => connect_error(py)?,
        Origin::Time => timeout(py)?,
        Origin::Usage if error.kind() == ErrorKind::Unsupported => unsupported_error(py)?,
        Origin::Usage => usage_error(py)?,
        Origin::Protocol => protocol_error(py)?,
        _ => return answered(py, error, wire),
    };
    let raised = class.call1((error.message(),))?;
    raised.setattr("kind", error.kind().as_str())?;
    Ok(PyErr::from_value(raised))
}

/// What a server said.
fn answered(py: Python<'_>, error: &RpcError, wire: Option<Wire>) -> PyResult<PyErr> {
    let data = error.data().cloned().map(|data| from_value(py, data)).transpose()?;
    let (kind, name) = (error.kind().as_str(), error.name());
    let fields = (error.message(), error.code(), data, wire.map(Wire::name), kind, name);
    Ok(PyErr::from_value(remote_error(py)?.call1(fields)?))
}

/// A mistake of the caller's, found before anything was sent.
pub(crate) fn usage(message: &str) -> PyErr {
    Python::attach(|py| raise(usage_error(py), message))
}

/// An answer that cannot be read.
pub(crate) fn protocol(message: &str) -> PyErr {
    Python::attach(|py| raise(protocol_error(py), message))
}

/// A fault in the Rust code. As a panic it would be no `Exception`, and pass every `except` of a program.
pub(crate) fn from_panic(panic: &(dyn Any + Send)) -> PyErr {
    fault(&panic_text(panic))
}

/// What a panic said.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(|text| &**text));
    text.unwrap_or("a panic without a message").to_owned()
}

/// Does work of ours; a panic in it is an exception.
pub(crate) fn guarded<T, E: From<PyErr>>(work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(from_panic(&*panic).into()))
}

/// A fault in the Rust code.
pub(crate) fn fault(what: &str) -> PyErr {
    Python::attach(|py| raise(error(py), &format!("a fault inside manywire, please report it: {what}")))
}

fn raise(class: PyResult<&Bound<'_, PyType>>, message: &str) -> PyErr {
    class.map_or_else(|error| error, |class| PyErr::from_type(class.clone(), message.to_owned()))
}
