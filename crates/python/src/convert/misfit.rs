//! Why an object cannot be sent, and where in the argument it is.

use pyo3::PyErr;
use pyo3::exceptions::{PyOverflowError, PyTypeError, PyValueError};

/// An object that no wire can carry.
pub(crate) enum Misfit {
    /// It has a type that no wire knows.
    Type(String),
    /// Its type would do.
    Value(String),
    /// A number beyond 64 bits.
    Overflow(String),
    /// Python's own error while it was looked at.
    Raised(PyErr),
}

impl Misfit {
    /// The same, found inside something; the outermost place is told last and stands first.
    pub(crate) fn within(self, place: &str) -> Self {
        let joined = |text: String| {
            if text.starts_with('[') { format!("{place}{text}") } else { format!("{place}: {text}") }
        };
        match self {
            Misfit::Type(text) => Misfit::Type(joined(text)),
            Misfit::Value(text) => Misfit::Value(joined(text)),
            Misfit::Overflow(text) => Misfit::Overflow(joined(text)),
            Misfit::Raised(error) => Misfit::Raised(error),
        }
    }
}

impl From<PyErr> for Misfit {
    fn from(error: PyErr) -> Self {
        Misfit::Raised(error)
    }
}

impl From<Misfit> for PyErr {
    fn from(misfit: Misfit) -> Self {
        match misfit {
            Misfit::Type(text) => PyTypeError::new_err(text),
            Misfit::Value(text) => PyValueError::new_err(text),
            Misfit::Overflow(text) => PyOverflowError::new_err(text),
            Misfit::Raised(error) => error,
        }
    }
}
