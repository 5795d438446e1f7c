//! A self-describing value, for callers and wires without static types.
//!
//! XML-RPC and zerorpc decode into it, and typed arguments are read from it; it carries everything that any wire can say.

use std::borrow::Cow;

mod any;
mod blob;
mod deserialize;
mod misfit;
mod number;
mod serialize;
mod timestamp;

pub use blob::Blob;
pub use deserialize::from_value;
pub use misfit::{DecodeError, Misfit};
pub use number::Number;
pub use serialize::{EncodeError, to_value};
pub use timestamp::Timestamp;

/// Any value of any wire.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value {
    /// No value.
    #[default]
    Null,
    /// True or false.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// An integer beyond [`i64::MAX`]; smaller ones are always [`Value::Int`].
    Uint(u64),
    /// A floating-point number.
    Float(f64),
    /// Text.
    String(String),
    /// Bytes that are no text.
    Bytes(Vec<u8>),
    /// A date and time.
    Timestamp(Timestamp),
    /// A list of values.
    Array(Vec<Value>),
    /// Pairs in the order in which they came; keys need not be strings on every wire. In gob string keys make a struct,
    /// and keys of bytes a map with string keys.
    Map(Vec<(Value, Value)>),
}

impl Value {
    /// The name under which serde sees a float that is no number, in text formats. One that must not write its name in the
    /// place of a number knows it by this.
    pub const NO_NUMBER: &'static str = "$manywire::NoNumber";

    /// What kind of value this is, in the words of our error messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "bool",
            Value::Int(_) | Value::Uint(_) => "int",
            Value::Float(_) => "float",
            Value::String(_) => "string",
            Value::Bytes(_) => "bytes",
            Value::Timestamp(_) => "timestamp",
            Value::Array(_) => "array",
            Value::Map(_) => "map",
        }
    }

    /// What kind of value this is, and which one where that may be what is wrong with it.
    pub fn shown(&self) -> Cow<'static, str> {
        match self {
            Value::Float(f) => format!("float {f}").into(),
            Value::Uint(u) => format!("int {u}, which is beyond 64-bit signed integers").into(),
            other => other.kind().into(),
        }
    }

    /// The value under a string key of a map.
    pub fn get(&self, key: &str) -> Option<&Value> {
        let Value::Map(pairs) = self else { return None };
        pairs.iter().find(|(k, _)| k.as_str() == Some(key)).map(|(_, v)| v)
    }

    /// The text, if this is a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The integer, if this is one that fits.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Value::Int(i) => Some(*i),
            _ => None,
        }
    }

    /// A map with string keys.
    pub fn map<K: Into<String>>(pairs: impl IntoIterator<Item = (K, Value)>) -> Value {
        Value::Map(pairs.into_iter().map(|(k, v)| (Value::String(k.into()), v)).collect())
    }
}

impl From<bool> for Value {
    fn from(b: bool) -> Self {
        Value::Bool(b)
    }
}

impl From<i64> for Value {
    fn from(i: i64) -> Self {
        Value::Int(i)
    }
}

impl From<i32> for Value {
    fn from(i: i32) -> Self {
        Value::Int(i.into())
    }
}

impl From<u64> for Value {
    fn from(u: u64) -> Self {
        i64::try_from(u).map_or(Value::Uint(u), Value::Int)
    }
}

impl From<f64> for Value {
    fn from(f: f64) -> Self {
        Value::Float(f)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::String(text)
    }
}

impl From<Vec<Value>> for Value {
    fn from(items: Vec<Value>) -> Self {
        Value::Array(items)
    }
}

impl From<Timestamp> for Value {
    fn from(time: Timestamp) -> Self {
        Value::Timestamp(time)
    }
}
