//! What is wrong with a message.

use std::fmt;

/// Why a message cannot be read or written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    /// The fields on the way to it, the innermost first.
    path: Vec<String>,
}

/// What a program may want to tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The bytes are no message.
    Malformed,
    /// The message is well-formed, and no value of its type.
    Misfit,
    /// It holds more values than it may, or holds them deeper.
    TooMuch,
}

impl Error {
    pub(crate) fn malformed(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Malformed, message: message.into(), path: Vec::new() }
    }

    pub(crate) fn misfit(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Misfit, message: message.into(), path: Vec::new() }
    }

    pub(crate) fn too_much(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::TooMuch, message: message.into(), path: Vec::new() }
    }

    /// The same error, of something in this field.
    pub(crate) fn inside(mut self, field: &str) -> Self {
        self.path.push(field.to_owned());
        self
    }

    /// What kind of error it is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            let path: Vec<&str> = self.path.iter().rev().map(String::as_str).collect();
            write!(f, "field `{}`: ", path.join("."))?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl serde::de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::misfit(message.to_string())
    }
}

impl serde::ser::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::misfit(message.to_string())
    }
}
