//! One message: which fields are there, then each of them in the order in which the type declares them.

use serde::de::value::{BytesDeserializer, StrDeserializer};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};

use super::Source;
use super::field::FieldReader;
use crate::Error;
use crate::schema::{Field, Message};
use crate::wire::{Payload, Tagged};

/// A message that was looked through once.
pub(super) struct MessageReader<'s, 'a> {
    source: Source<'s>,
    message: &'s Message,
    bytes: &'a [u8],
    seen: Places<'a>,
}

/// What was found of one field.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    /// The rest of the message from its first occurrence on.
    pub(super) from: &'a [u8],
    /// Its last occurrence.
    pub(super) last: Payload<'a>,
    /// How often it is there.
    pub(super) times: u32,
}

const ABSENT: Seen<'static> = Seen { from: &[], last: Payload::Group, times: 0 };

/// Most messages have few fields.
const FEW: usize = 4;

enum Places<'a> {
    Few([Seen<'a>; FEW]),
    Many(Vec<Seen<'a>>),
}

impl<'a> Places<'a> {
    fn get(&self, at: usize) -> Seen<'a> {
        let seen = match self {
            Places::Few(few) => few.get(at),
            Places::Many(many) => many.get(at),
        };
        seen.copied().unwrap_or(ABSENT)
    }

    fn get_mut(&mut self, at: usize) -> Option<&mut Seen<'a>> {
        match self {
            Places::Few(few) => few.get_mut(at),
            Places::Many(many) => many.get_mut(at),
        }
    }
}

impl<'s, 'a> MessageReader<'s, 'a> {
    pub(super) fn new(source: Source<'s>, message: usize, bytes: &'a [u8]) -> Result<Self, Error> {
        let source = source.deeper()?;
        let message =
            source.schema.messages.get(message).ok_or_else(|| Error::misfit("there is no such message"))?;
        let many = message.fields.len();
        let mut seen =
            if many <= FEW { Places::Few([ABSENT; FEW]) } else { Places::Many(vec![ABSENT; many]) };
        let mut rest = bytes;
        while !rest.is_empty() {
            let from = rest;
            let Tagged { number, wire_type, payload } = source.next(&mut rest)?;
            if let Some(place) = message.find(number, wire_type).and_then(|at| seen.get_mut(at)) {
                if place.times == 0 {
                    place.from = from;
                }
                place.last = payload;
                place.times += 1;
            }
        }
        Ok(Self { source, message, bytes, seen })
    }

    pub(super) fn field(&self, at: usize) -> Option<FieldReader<'s, 'a>> {
        let field = self.message.fields.get(at)?;
        Some(FieldReader::new(self.source, field, self.seen.get(at)))
    }

    /// The only field of a message that stands for it.
    fn wrapped(&self) -> Option<FieldReader<'s, 'a>> {
        self.field(0).filter(|_| self.message.is_wrapper)
    }

    fn fields<'v, V: Visitor<'v>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_map(Fields { next: 0, message: self })
    }
}

/// Asks the only field where there is one, else shows the message as a map.
macro_rules! wrapped_or_fields {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            match self.wrapped() {
                Some(field) => field.$method(visitor),
                None => self.fields(visitor),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for MessageReader<'_, '_> {
    type Error = Error;

    wrapped_or_fields! {
        deserialize_any deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_i128 deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_f32 deserialize_f64 deserialize_char deserialize_str deserialize_string deserialize_bytes
        deserialize_byte_buf deserialize_seq deserialize_map deserialize_identifier
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.wrapped() {
            Some(field) => field.deserialize_option(visitor),
            None => visitor.visit_some(self),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        if name == crate::ORIGINAL {
            return visitor.visit_seq(WithOriginal { original: Some(self.bytes), message: Some(self) });
        }
        match self.wrapped() {
            Some(field) => field.deserialize_newtype_struct(name, visitor),
            None => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Error> {
        match self.wrapped() {
            Some(field) => field.deserialize_tuple(length, visitor),
            None => self.fields(visitor),
        }
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.wrapped() {
            Some(field) => field.deserialize_tuple_struct(name, length, visitor),
            None => self.fields(visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.wrapped() {
            Some(field) => field.deserialize_struct(name, fields, visitor),
            None => self.fields(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.wrapped() {
            Some(field) => field.deserialize_enum(name, variants, visitor),
            None => Err(Error::misfit("a message is no choice among names")),
        }
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

/// The fields of a message as pairs of name and value.
struct Fields<'s, 'a> {
    message: MessageReader<'s, 'a>,
    next: usize,
}

impl<'s> Fields<'s, '_> {
    fn is_told(field: &Field, times: u32) -> bool {
        times > 0 || !field.is_optional
    }

    fn at(&self, at: usize) -> Option<&'s Field> {
        self.message.message.fields.get(at)
    }
}

impl<'de> MapAccess<'de> for Fields<'_, '_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        while let Some(field) = self.at(self.next) {
            self.next += 1;
            if Self::is_told(field, self.message.seen.get(self.next - 1).times) {
                return seed.deserialize(StrDeserializer::new(&field.name)).map(Some);
            }
        }
        Ok(None)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Error> {
        let at = self.next.wrapping_sub(1);
        let (Some(reader), Some(field)) = (self.message.field(at), self.at(at)) else {
            return Err(Error::misfit("a value was asked for before its name"));
        };
        seed.deserialize(reader).map_err(|error| error.inside(&field.name))
    }
}

/// A message and the bytes that it came as.
struct WithOriginal<'s, 'a> {
    message: Option<MessageReader<'s, 'a>>,
    original: Option<&'a [u8]>,
}

impl<'de> serde::de::SeqAccess<'de> for WithOriginal<'_, '_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        if let Some(message) = self.message.take() {
            return seed.deserialize(message).map(Some);
        }
        let Some(original) = self.original.take() else { return Ok(None) };
        seed.deserialize(BytesDeserializer::new(original)).map(Some)
    }
}
