//! Typed values and [`Value`] into each other's hands: `Value` as a serde source, and a serializer that builds one.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::ser::{self, Error as _, Serialize, SerializeMap, Serializer};

use super::{Timestamp, Value};

/// Turns any serializable value into a [`Value`].
pub fn to_value<T: Serialize + ?Sized>(value: &T) -> Result<Value, EncodeError> {
    value.serialize(ToValue)
}

/// Why a typed value could not be turned into a [`Value`].
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct EncodeError(String);

impl ser::Error for EncodeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

/// In text formats bytes are base64, times are RFC 3339, and floats that are no numbers are their names, as protobuf's JSON
/// has them.
impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(b) => serializer.serialize_bool(*b),
            Value::Int(i) => serializer.serialize_i64(*i),
            Value::Uint(u) => serializer.serialize_u64(*u),
            Value::Float(f) if !f.is_finite() && serializer.is_human_readable() => {
                let name = match f {
                    f if f.is_nan() => "NaN",
                    f if f.is_sign_negative() => "-Infinity",
                    _ => "Infinity",
                };
                serializer.serialize_newtype_struct(Value::NO_NUMBER, name)
            }
            Value::Float(f) => serializer.serialize_f64(*f),
            Value::String(text) => serializer.serialize_str(text),
            Value::Bytes(bytes) if serializer.is_human_readable() => {
                serializer.serialize_str(&BASE64.encode(bytes))
            }
            Value::Bytes(bytes) => serializer.serialize_bytes(bytes),
            Value::Timestamp(time) => time.serialize(serializer),
            Value::Array(items) => serializer.collect_seq(items),
            Value::Map(pairs) => {
                let mut map = serializer.serialize_map(Some(pairs.len()))?;
                for (key, value) in pairs {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

struct ToValue;

/// Builds an array, and wraps it under a variant's name where it belongs to an enum.
struct Items {
    items: Vec<Value>,
    variant: Option<&'static str>,
}

/// Builds a map, likewise.
struct Pairs {
    pairs: Vec<(Value, Value)>,
    key: Option<Value>,
    variant: Option<&'static str>,
}

fn under(variant: Option<&'static str>, value: Value) -> Value {
    match variant {
        None => value,
        Some(name) => Value::map([(name, value)]),
    }
}

impl Items {
    fn with(variant: Option<&'static str>, len: Option<usize>) -> Self {
        Self { items: Vec::with_capacity(len.unwrap_or(0).min(4096)), variant }
    }

    fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.items.push(to_value(value)?);
        Ok(())
    }

    fn finish(self) -> Result<Value, EncodeError> {
        Ok(under(self.variant, Value::Array(self.items)))
    }
}

impl Pairs {
    fn with(variant: Option<&'static str>) -> Self {
        Self { pairs: Vec::new(), key: None, variant }
    }

    fn push<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), EncodeError> {
        self.pairs.push((key.into(), to_value(value)?));
        Ok(())
    }

    fn finish(self) -> Result<Value, EncodeError> {
        Ok(under(self.variant, Value::Map(self.pairs)))
    }
}

impl Serializer for ToValue {
    type Ok = Value;
    type Error = EncodeError;
    type SerializeSeq = Items;
    type SerializeTuple = Items;
    type SerializeTupleStruct = Items;
    type SerializeTupleVariant = Items;
    type SerializeMap = Pairs;
    type SerializeStruct = Pairs;
    type SerializeStructVariant = Pairs;

    fn is_human_readable(&self) -> bool {
        false
    }
    fn serialize_bool(self, v: bool) -> Result<Value, EncodeError> {
        Ok(v.into())
    }
    fn serialize_i8(self, v: i8) -> Result<Value, EncodeError> {
        Ok(Value::Int(v.into()))
    }
    fn serialize_i16(self, v: i16) -> Result<Value, EncodeError> {
        Ok(Value::Int(v.into()))
    }
    fn serialize_i32(self, v: i32) -> Result<Value, EncodeError> {
        Ok(Value::Int(v.into()))
    }
    fn serialize_i64(self, v: i64) -> Result<Value, EncodeError> {
        Ok(Value::Int(v))
    }
    fn serialize_u8(self, v: u8) -> Result<Value, EncodeError> {
        Ok(Value::Int(v.into()))
    }
    fn serialize_u16(self, v: u16) -> Result<Value, EncodeError> {
        Ok(Value::Int(v.into()))
    }
    fn serialize_u32(self, v: u32) -> Result<Value, EncodeError> {
        Ok(Value::Int(v.into()))
    }
    fn serialize_u64(self, v: u64) -> Result<Value, EncodeError> {
        Ok(v.into())
    }
    fn serialize_f32(self, v: f32) -> Result<Value, EncodeError> {
        Ok(Value::Float(v.into()))
    }
    fn serialize_f64(self, v: f64) -> Result<Value, EncodeError> {
        Ok(Value::Float(v))
    }
    fn serialize_char(self, v: char) -> Result<Value, EncodeError> {
        Ok(Value::String(v.into()))
    }
    fn serialize_str(self, v: &str) -> Result<Value, EncodeError> {
        Ok(v.into())
    }
    fn serialize_bytes(self, v: &[u8]) -> Result<Value, EncodeError> {
        Ok(Value::Bytes(v.to_vec()))
    }
    fn serialize_none(self) -> Result<Value, EncodeError> {
        Ok(Value::Null)
    }
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Value, EncodeError> {
        value.serialize(self)
    }
    fn serialize_unit(self) -> Result<Value, EncodeError> {
        Ok(Value::Null)
    }
    fn serialize_unit_struct(self, _: &'static str) -> Result<Value, EncodeError> {
        Ok(Value::Null)
    }
    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<Value, EncodeError> {
        Ok(variant.into())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<Value, EncodeError> {
        let inner = value.serialize(ToValue)?;
        if name != Timestamp::NAME {
            return Ok(inner);
        }
        let time = super::from_value::<(i64, u32, Option<i32>)>(inner).map_err(EncodeError::custom)?;
        Ok(Value::Timestamp(Timestamp { seconds: time.0, nanos: time.1, offset: time.2 }))
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Value, EncodeError> {
        Ok(under(Some(variant), to_value(value)?))
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Items, EncodeError> {
        Ok(Items::with(None, len))
    }
    fn serialize_tuple(self, len: usize) -> Result<Items, EncodeError> {
        Ok(Items::with(None, Some(len)))
    }
    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Result<Items, EncodeError> {
        Ok(Items::with(None, Some(len)))
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Items, EncodeError> {
        Ok(Items::with(Some(variant), Some(len)))
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Pairs, EncodeError> {
        Ok(Pairs::with(None))
    }
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Pairs, EncodeError> {
        Ok(Pairs::with(None))
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Pairs, EncodeError> {
        Ok(Pairs::with(Some(variant)))
    }
}

/// serde has one trait for each kind of sequence and struct; ours are built alike.
macro_rules! building {
    ($($trait:ident for $target:ty { $method:ident($($key:ident: $kt:ty)?) })*) => {$(
        impl ser::$trait for $target {
            type Ok = Value;
            type Error = EncodeError;
            fn $method<T: Serialize + ?Sized>(&mut self, $($key: $kt,)? value: &T) -> Result<(), EncodeError> {
                self.push($($key,)? value)
            }
            fn end(self) -> Result<Value, EncodeError> {
                self.finish()
            }
        }
    )*};
}

building! {
    SerializeSeq for Items { serialize_element() }
    SerializeTuple for Items { serialize_element() }
    SerializeTupleStruct for Items { serialize_field() }
    SerializeTupleVariant for Items { serialize_field() }
    SerializeStruct for Pairs { serialize_field(key: &'static str) }
    SerializeStructVariant for Pairs { serialize_field(key: &'static str) }
}

impl SerializeMap for Pairs {
    type Ok = Value;
    type Error = EncodeError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), EncodeError> {
        self.key = Some(to_value(key)?);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        let key = self.key.take().ok_or_else(|| EncodeError::custom("a map value came without its key"))?;
        self.pairs.push((key, to_value(value)?));
        Ok(())
    }

    fn end(self) -> Result<Value, EncodeError> {
        self.finish()
    }
}
