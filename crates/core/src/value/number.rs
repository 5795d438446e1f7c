//! A number that is an integer or a float, as Python and JSON have it.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::ser::{Serialize, Serializer};

use super::Value;

/// An integer or a float: what a method takes that works on both.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// An integer.
    Int(i64),
    /// A floating-point number.
    Float(f64),
}

impl Number {
    /// The name under which serde sees it, so that introspection can say "number".
    pub(crate) const NAME: &'static str = "$manywire::Number";

    /// The number as a float, rounded where an integer is too long for one.
    pub fn as_f64(self) -> f64 {
        match self {
            Number::Int(i) => i as f64,
            Number::Float(f) => f,
        }
    }
}

impl Default for Number {
    fn default() -> Self {
        Number::Int(0)
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Number::Int(i) => serializer.serialize_i64(*i),
            // JSON has no infinities, and the form that a value gives them.
            Number::Float(f) => Value::Float(*f).serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(Number::NAME, NumberVisitor)
    }
}

struct NumberVisitor;

impl<'de> Visitor<'de> for NumberVisitor {
    type Value = Number;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Number, D::Error> {
        deserializer.deserialize_any(NumberVisitor)
    }

    fn visit_i64<E: Error>(self, i: i64) -> Result<Number, E> {
        Ok(Number::Int(i))
    }

    fn visit_u64<E: Error>(self, u: u64) -> Result<Number, E> {
        i64::try_from(u)
            .map(Number::Int)
            .map_err(|_| E::custom(format_args!("{u} is beyond 64-bit integers")))
    }

    fn visit_f64<E: Error>(self, f: f64) -> Result<Number, E> {
        Ok(Number::Float(f))
    }
}
