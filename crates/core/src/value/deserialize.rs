//! Reading typed values out of a [`Value`].

use serde::de::{
    self, Deserialize, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::misfit::DecodeError;
use super::{Timestamp, Value};

/// Reads a typed value.
pub fn from_value<T: de::DeserializeOwned>(value: Value) -> Result<T, DecodeError> {
    T::deserialize(value)
}

/// Numbers and texts that are asked for by type get errors in our words; all else goes by what the value is.
macro_rules! wanting {
    ($($method:ident $wanted:literal => $($pattern:pat_param)|+,)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
            match self {
                $($pattern)|+ => self.deserialize_any(visitor),
                other => Err(DecodeError::expected($wanted, &other)),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Value {
    type Error = DecodeError;

    fn is_human_readable(&self) -> bool {
        false
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self {
            Value::Null => visitor.visit_unit(),
            Value::Bool(b) => visitor.visit_bool(b),
            Value::Int(i) => visitor.visit_i64(i),
            Value::Uint(u) => visitor.visit_u64(u),
            Value::Float(f) => visitor.visit_f64(f),
            Value::String(text) => visitor.visit_string(text),
            Value::Bytes(bytes) => visitor.visit_byte_buf(bytes),
            Value::Timestamp(time) => visitor.visit_map(TimestampAccess(Some(time))),
            Value::Array(items) => visit_items(items, visitor),
            Value::Map(pairs) => visit_pairs(pairs, visitor),
        }
    }

    wanting! {
        deserialize_bool "bool" => Value::Bool(_),
        deserialize_i8 "int" => Value::Int(_),
        deserialize_i16 "int" => Value::Int(_),
        deserialize_i32 "int" => Value::Int(_),
        deserialize_i64 "int" => Value::Int(_),
        deserialize_u8 "int" => Value::Int(_) | Value::Uint(_),
        deserialize_u16 "int" => Value::Int(_) | Value::Uint(_),
        deserialize_u32 "int" => Value::Int(_) | Value::Uint(_),
        deserialize_u64 "int" => Value::Int(_) | Value::Uint(_),
        deserialize_f32 "float" => Value::Float(_) | Value::Int(_) | Value::Uint(_),
        deserialize_f64 "float" => Value::Float(_) | Value::Int(_) | Value::Uint(_),
        deserialize_char "string" => Value::String(_),
        deserialize_str "string" => Value::String(_),
        deserialize_string "string" => Value::String(_),
        deserialize_seq "array" => Value::Array(_) | Value::Bytes(_),
        deserialize_map "map" => Value::Map(_),
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_any(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_any(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self {
            Value::Null => visitor.visit_none(),
            value => visitor.visit_some(value),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        match (name, self) {
            (Timestamp::NAME, Value::Timestamp(time)) => visit_timestamp(time, visitor),
            (_, value) => visitor.visit_newtype_struct(value),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        match self {
            Value::Array(items) => visit_named_items(items, fields, visitor),
            value => value.deserialize_map(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        match self {
            Value::String(name) => visitor.visit_enum(name.into_deserializer()),
            Value::Map(mut pairs) if pairs.len() == 1 => {
                let (name, value) = pairs.remove(0);
                visitor.visit_enum(Variant { name, value })
            }
            other => Err(DecodeError::expected("a variant's name, or a map from it", &other)),
        }
    }

    forward_to_deserialize_any! { unit unit_struct tuple tuple_struct identifier ignored_any }
}

impl IntoDeserializer<'_, DecodeError> for Value {
    type Deserializer = Self;
    fn into_deserializer(self) -> Self {
        self
    }
}

fn visit_timestamp<'de, V: Visitor<'de>>(time: Timestamp, visitor: V) -> Result<V::Value, DecodeError> {
    let offset = time.offset.map_or(Value::Null, |offset| Value::Int(offset.into()));
    let parts = Value::Array(vec![Value::Int(time.seconds), Value::Int(time.nanos.into()), offset]);
    visitor.visit_newtype_struct(parts)
}

fn visit_items<'de, V: Visitor<'de>>(items: Vec<Value>, visitor: V) -> Result<V::Value, DecodeError> {
    visit_named_items(items, &[], visitor)
}

/// Visits a list; where its items stand for named fields, errors name them.
fn visit_named_items<'de, V: Visitor<'de>>(
    items: Vec<Value>,
    names: &'static [&'static str],
    visitor: V,
) -> Result<V::Value, DecodeError> {
    let mut access = ItemAccess { items: items.into_iter(), names, index: 0 };
    let result = visitor.visit_seq(&mut access)?;
    match access.items.len() {
        0 => Ok(result),
        left => Err(de::Error::custom(format_args!("{left} more items than expected"))),
    }
}

fn visit_pairs<'de, V: Visitor<'de>>(
    pairs: Vec<(Value, Value)>,
    visitor: V,
) -> Result<V::Value, DecodeError> {
    visitor.visit_map(PairAccess { pairs: pairs.into_iter(), next: None })
}

struct ItemAccess {
    items: std::vec::IntoIter<Value>,
    names: &'static [&'static str],
    index: usize,
}

impl<'de> SeqAccess<'de> for ItemAccess {
    type Error = DecodeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, DecodeError> {
        let Some(item) = self.items.next() else {
            return Ok(None);
        };
        let index = self.index;
        self.index += 1;
        let element = seed.deserialize(item).map_err(|e| match self.names.get(index) {
            Some(name) => e.within(name),
            None => e.within(&format!("[{index}]")),
        })?;
        Ok(Some(element))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

struct PairAccess {
    pairs: std::vec::IntoIter<(Value, Value)>,
    next: Option<(Option<String>, Value)>,
}

impl<'de> MapAccess<'de> for PairAccess {
    type Error = DecodeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, DecodeError> {
        let Some((key, value)) = self.pairs.next() else {
            return Ok(None);
        };
        self.next = Some((key.as_str().map(str::to_owned), value));
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, DecodeError> {
        let (key, value) =
            self.next.take().ok_or_else(|| de::Error::custom("a value was asked for before its key"))?;
        seed.deserialize(value).map_err(|e| e.within(key.as_deref().unwrap_or("[key]")))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.pairs.len())
    }
}

/// A time, shown to a visitor of any value as a map with one entry. Its key is bytes, which no text format can send.
struct TimestampAccess(Option<Timestamp>);

impl<'de> MapAccess<'de> for TimestampAccess {
    type Error = DecodeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, DecodeError> {
        match self.0 {
            None => Ok(None),
            Some(_) => seed.deserialize(Value::Bytes(Timestamp::NAME.into())).map(Some),
        }
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, DecodeError> {
        let time = self.0.take().unwrap_or_default();
        seed.deserialize(Value::Timestamp(time))
    }
}

struct Variant {
    name: Value,
    value: Value,
}

impl<'de> EnumAccess<'de> for Variant {
    type Error = DecodeError;
    type Variant = Value;

    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Value), DecodeError> {
        Ok((seed.deserialize(self.name)?, self.value))
    }
}

impl<'de> VariantAccess<'de> for Value {
    type Error = DecodeError;

    fn unit_variant(self) -> Result<(), DecodeError> {
        <()>::deserialize(self)
    }
    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, DecodeError> {
        seed.deserialize(self)
    }
    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_seq(visitor)
    }
    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.deserialize_struct("", fields, visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::to_value;

    #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    struct Outer {
        time: Timestamp,
        inner: Option<Inner>,
        any: Value,
    }

    #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    enum Inner {
        Empty,
        Pair(i64, String),
        Named { x: f64 },
    }

    #[test]
    fn typed_values_round_trip() {
        for inner in
            [None, Some(Inner::Empty), Some(Inner::Pair(-1, "é".into())), Some(Inner::Named { x: 0.5 })]
        {
            let any = Value::Array(vec![
                Value::Bytes(vec![0, 255]),
                Timestamp::utc(1, 2).into(),
                Value::Uint(u64::MAX),
            ]);
            let outer = Outer { time: Timestamp { seconds: 3, nanos: 4, offset: None }, inner, any };
            assert_eq!(from_value::<Outer>(to_value(&outer).unwrap()).unwrap(), outer);
        }
    }

    #[test]
    fn errors_say_where() {
        let value = Value::map([
            ("time", Timestamp::default().into()),
            ("inner", Value::map([("Named", Value::map([("x", "no".into())]))])),
        ]);
        assert_eq!(
            from_value::<Outer>(value).unwrap_err().to_string(),
            "`inner.x`: expected float, got string"
        );
    }
}
