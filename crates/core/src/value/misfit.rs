//! Why a value does not fit a type.

use std::fmt;

use serde::de;

use super::Value;

/// Why a value does not fit a type, and where in the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeError {
    path: String,
    message: String,
}

impl DecodeError {
    pub(super) fn expected(wanted: &str, got: &Value) -> Self {
        let shown = match got {
            Value::Float(f) => format!("float {f}"),
            Value::Uint(u) => format!("int {u}, which is beyond 64-bit signed integers"),
            other => other.kind().to_owned(),
        };
        Self { path: String::new(), message: format!("expected {wanted}, got {shown}") }
    }

    /// The same error, one level further out.
    pub(super) fn within(mut self, step: &str) -> Self {
        let dot = if self.path.is_empty() { "" } else { "." };
        self.path = format!("{step}{dot}{}", self.path);
        self
    }

    /// The names that lead to the value, such as `params.A`; empty for the value itself.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What was wrong there.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            return f.write_str(&self.message);
        }
        write!(f, "`{}`: {}", self.path, self.message)
    }
}

impl std::error::Error for DecodeError {}

impl de::Error for DecodeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { path: String::new(), message: message.to_string() }
    }
}
