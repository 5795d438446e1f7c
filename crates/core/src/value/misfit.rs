//! Why a value does not fit a type.

use std::fmt;

use serde::de::{self, Expected, Unexpected};

use super::Value;

/// Why a value does not fit a type, and where in the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeError {
    path: String,
    message: String,
    misfit: Option<Box<Misfit>>,
}

/// A value of one type where another was wanted, taken apart so that a wire may tell it in its own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// Where the value is, with a colon at the end; empty for the value itself.
    place: String,
    wanted: String,
    got: &'static str,
    /// The value itself and what is wrong with it, where the type alone does not say it.
    more: String,
}

impl Misfit {
    /// The error in a wire's words: `word` is given the names of types as they are here, such as "map" and "null".
    pub fn told(&self, word: impl Fn(&str) -> &str) -> String {
        let Self { place, wanted, got, more } = self;
        format!("{place}expected {}, got {}{more}", word(wanted), word(got))
    }

    /// The same, at this place.
    #[must_use]
    pub(crate) fn at(self, place: String) -> Self {
        Self { place, ..self }
    }
}

impl DecodeError {
    fn of(misfit: Misfit) -> Self {
        let message = misfit.told(|word| word);
        Self { path: String::new(), message, misfit: Some(Box::new(misfit)) }
    }

    pub(super) fn expected(wanted: &str, got: &Value) -> Self {
        let more = match got {
            Value::Float(f) => format!(" {f}"),
            Value::Uint(u) => format!(" {u}, which is beyond 64-bit signed integers"),
            _ => String::new(),
        };
        Self::of(Misfit { place: String::new(), wanted: wanted.to_owned(), got: got.kind(), more })
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

    /// The types, if it is they that do not fit.
    pub fn misfit(&self) -> Option<&Misfit> {
        self.misfit.as_deref()
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
        Self { path: String::new(), message: message.to_string(), misfit: None }
    }

    fn invalid_type(got: Unexpected<'_>, wanted: &dyn Expected) -> Self {
        let got = match got {
            Unexpected::Bool(_) => "bool",
            Unexpected::Unsigned(_) | Unexpected::Signed(_) => "int",
            Unexpected::Float(_) => "float",
            Unexpected::Char(_) | Unexpected::Str(_) => "string",
            Unexpected::Bytes(_) => "bytes",
            Unexpected::Unit | Unexpected::Option => "null",
            Unexpected::Seq => "array",
            Unexpected::Map => "map",
            other => return Self::custom(format_args!("expected {wanted}, got {other}")),
        };
        Self::of(Misfit { place: String::new(), wanted: wanted.to_string(), got, more: String::new() })
    }
}
