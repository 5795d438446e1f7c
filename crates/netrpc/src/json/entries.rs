//! Reading an object as Go reads it into a map: of two equal keys the last one counts.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::de::value::Error;
use serde::de::{DeserializeSeed, Deserializer, IntoDeserializer as _, MapAccess, Visitor};

use super::argument::Argument;

/// Keys up to this many are compared with each other, and more are looked up.
const FEW: usize = 8;

/// The members of an object, each key once.
pub(super) struct Entries<'a, 'p> {
    members: std::vec::IntoIter<(Cow<'a, str>, Argument<'a, 'p>)>,
    value: Option<Argument<'a, 'p>>,
}

impl<'a, 'p> Entries<'a, 'p> {
    pub(super) fn of(mut object: Argument<'a, 'p>) -> Self {
        let mut members: Vec<(Cow<'a, str>, Argument<'a, 'p>)> = Vec::new();
        let mut places: HashMap<Cow<'a, str>, usize> = HashMap::new();
        object.text.enter();
        while object.text.next() {
            let name = object.text.name();
            let value = object;
            object.text.raw();
            let known = if members.len() < FEW {
                members.iter().position(|(known, _)| *known == name)
            } else {
                if places.is_empty() {
                    places.extend(members.iter().enumerate().map(|(at, (known, _))| (known.clone(), at)));
                }
                places.get(&name).copied()
            };
            match known {
                Some(known) => members[known].1 = value,
                None => {
                    if !places.is_empty() {
                        places.insert(name.clone(), members.len());
                    }
                    members.push((name, value));
                }
            }
        }
        Self { members: members.into_iter(), value: None }
    }

    pub(super) fn none() -> Self {
        Self { members: Vec::new().into_iter(), value: None }
    }
}

impl<'a> MapAccess<'a> for Entries<'a, '_> {
    type Error = Error;

    fn next_key_seed<S: DeserializeSeed<'a>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        let Some((name, value)) = self.members.next() else { return Ok(None) };
        self.value = Some(value);
        seed.deserialize(Key { name, value }).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'a>>(&mut self, seed: S) -> Result<S::Value, Error> {
        match self.value.take() {
            Some(value) => seed.deserialize(value),
            None => Err(serde::de::Error::custom("a value was asked for before its key")),
        }
    }
}

/// A key: text, or a number in it.
struct Key<'a, 'p> {
    name: Cow<'a, str>,
    /// For the place in errors.
    value: Argument<'a, 'p>,
}

macro_rules! numbers {
    ($($method:ident $visit:ident $go:literal)*) => {$(
        fn $method<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
            match self.name.parse() {
                Ok(number) => visitor.$visit(number),
                Err(_) => Err(self.value.mismatch(format_args!("number {}", self.name), $go)),
            }
        }
    )*};
}

impl<'a> Deserializer<'a> for Key<'a, '_> {
    type Error = Error;

    numbers! {
        deserialize_i8 visit_i8 "int8"
        deserialize_i16 visit_i16 "int16"
        deserialize_i32 visit_i32 "int32"
        deserialize_i64 visit_i64 "int"
        deserialize_u8 visit_u8 "uint8"
        deserialize_u16 visit_u16 "uint16"
        deserialize_u32 visit_u32 "uint32"
        deserialize_u64 visit_u64 "uint"
    }

    fn deserialize_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.name {
            Cow::Borrowed(name) => visitor.visit_borrowed_str(name),
            Cow::Owned(name) => visitor.visit_string(name),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'a>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'a>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_enum(self.name.into_deserializer())
    }

    serde::forward_to_deserialize_any! {
        <V: Visitor<'a>>
        bool f32 f64 char str string bytes byte_buf option unit unit_struct seq tuple tuple_struct map struct identifier
        ignored_any
    }
}
