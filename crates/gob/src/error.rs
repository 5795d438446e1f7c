//! What can go wrong, in Go's words where it has some.

use std::borrow::Cow;
use std::fmt;

/// Why a value could not be read or written. The text begins with `gob: `, as Go's does.
#[derive(Clone, PartialEq, Eq)]
pub struct Error(Box<Inner>);

/// What kind of error it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The bytes are no gob.
    Malformed,
    /// They ask for more than the limits allow.
    OverLimit,
    /// The value is well-formed, and not of the type that was expected.
    Mismatch,
    /// The value cannot be written in gob.
    Unwritable,
}

#[derive(Clone, PartialEq, Eq)]
struct Inner {
    problem: Problem,
    /// The struct and the field that the value was for, where it was for one.
    field: Option<(&'static str, Cow<'static, str>)>,
}

#[derive(Clone, PartialEq, Eq)]
enum Problem {
    Malformed(Cow<'static, str>),
    OverLimit(String),
    /// The type here, and the sender's.
    WrongType(String, String),
    /// A number that the type of this name has no room for.
    OutOfRange(&'static str),
    /// What serde or a type of the caller's said.
    Misfit(String),
    Unwritable(String),
}

impl Error {
    pub(crate) fn malformed(what: impl Into<Cow<'static, str>>) -> Self {
        Problem::Malformed(what.into()).into()
    }

    pub(crate) fn over_limit(what: String) -> Self {
        Problem::OverLimit(what).into()
    }

    pub(crate) fn wrong_type(wanted: &str, received: String) -> Self {
        Problem::WrongType(wanted.to_owned(), received).into()
    }

    pub(crate) fn out_of_range(go_type: &'static str) -> Self {
        Problem::OutOfRange(go_type).into()
    }

    pub(crate) fn misfit(what: String) -> Self {
        Problem::Misfit(what).into()
    }

    pub(crate) fn unwritable(what: impl Into<String>) -> Self {
        Problem::Unwritable(what.into()).into()
    }

    /// The same error, of a value that was for this field; the innermost field stays.
    pub(crate) fn in_field(mut self, of: &'static str, field: impl Into<Cow<'static, str>>) -> Self {
        self.0.field.get_or_insert_with(|| (of, field.into()));
        self
    }

    /// The same error, where the value of a wrong type was an item of a list or a map whose type is `received`.
    pub(crate) fn in_items(mut self, before: &str, received: impl FnOnce() -> String) -> Self {
        if let (Problem::WrongType(wanted, of_item), None) = (&mut self.0.problem, &self.0.field) {
            wanted.insert_str(0, before);
            *of_item = received();
        }
        self
    }

    /// What kind of error it is.
    pub fn kind(&self) -> ErrorKind {
        match self.0.problem {
            Problem::Malformed(_) => ErrorKind::Malformed,
            Problem::OverLimit(_) => ErrorKind::OverLimit,
            Problem::WrongType(..) | Problem::OutOfRange(_) | Problem::Misfit(_) => ErrorKind::Mismatch,
            Problem::Unwritable(_) => ErrorKind::Unwritable,
        }
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self(Box::new(Inner { problem, field: None }))
    }
}

/// Go names a type at the top by its pointer, unless it has a name of its own.
const BASIC: [&str; 12] = [
    "bool", "int", "int8", "int16", "int32", "uint", "uint8", "uint16", "uint32", "float32", "float64",
    "string",
];

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("gob: ")?;
        match (&self.0.problem, &self.0.field) {
            (Problem::WrongType(wanted, received), Some((of, field))) => {
                write!(f, "wrong type ({wanted}) for received field {of}.{field}; received {received}")
            }
            (Problem::WrongType(wanted, received), None) => {
                let star = if BASIC.contains(&&**wanted) { "*" } else { "" };
                write!(f, "decoding into local type {star}{wanted}, received remote type {received}")
            }
            (Problem::OutOfRange(_), Some((_, field))) => write!(f, "value for \"{field}\" out of range"),
            (Problem::OutOfRange(go_type), None) => write!(f, "value for \"{go_type}\" out of range"),
            (Problem::Malformed(what), _) => f.write_str(what),
            (Problem::OverLimit(what) | Problem::Misfit(what) | Problem::Unwritable(what), None) => {
                f.write_str(what)
            }
            (
                Problem::OverLimit(what) | Problem::Misfit(what) | Problem::Unwritable(what),
                Some((of, field)),
            ) => {
                write!(f, "field {of}.{field}: {what}")
            }
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {}

impl serde::de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Error::misfit(without_prefix(message.to_string()))
    }
}

impl serde::ser::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Error::unwritable(without_prefix(message.to_string()))
    }
}

/// An error of ours that went through someone else's hands comes back as text.
fn without_prefix(text: String) -> String {
    match text.strip_prefix("gob: ") {
        Some(rest) => rest.to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_named_as_in_go() {
        let wrong = || Error::wrong_type("int", "string".into());
        assert_eq!(
            wrong().in_field("Args", "A").in_field("Outer", "Args").to_string(),
            "gob: wrong type (int) for received field Args.A; received string"
        );
        assert_eq!(
            wrong().in_items("[]", || "[]string".into()).in_field("Args", "L").to_string(),
            "gob: wrong type ([]int) for received field Args.L; received []string"
        );
        assert_eq!(wrong().to_string(), "gob: decoding into local type *int, received remote type string");
        let args = Error::wrong_type("Args", "[]int".into()).to_string();
        assert_eq!(args, "gob: decoding into local type Args, received remote type []int");
        assert_eq!(Error::out_of_range("int8").to_string(), "gob: value for \"int8\" out of range");
    }
}
