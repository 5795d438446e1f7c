//! One value of a known type.

use serde::de::value::StrDeserializer;
use serde::de::{Deserializer, IntoDeserializer as _, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::Source;
use super::message::MessageReader;
use super::special::{number, time, value};
use crate::schema::Type;
use crate::wire::{Payload, unzigzag};
use crate::{Error, ORIGINAL, TIMESTAMP};

/// A value, as bytes.
pub(super) struct Single<'s, 'a> {
    pub(super) source: Source<'s>,
    pub(super) ty: Type,
    pub(super) payload: Payload<'a>,
}

impl<'s, 'a> Single<'s, 'a> {
    fn varint(&self) -> u64 {
        match self.payload {
            Payload::Varint(value) | Payload::Fixed64(value) => value,
            Payload::Fixed32(value) => value.into(),
            Payload::Bytes(_) | Payload::Group => 0,
        }
    }

    fn bytes(&self) -> &'a [u8] {
        match self.payload {
            Payload::Bytes(bytes) => bytes,
            _ => &[],
        }
    }

    pub(super) fn text(&self) -> Result<&'a str, Error> {
        self.source.text(self.bytes())
    }

    pub(super) fn message(&self) -> Result<MessageReader<'s, 'a>, Error> {
        match self.ty {
            Type::Message(message) => MessageReader::new(self.source, message, self.bytes()),
            _ => Err(Error::misfit("this is no message")),
        }
    }

    /// The name of an enumeration's value; its number, where it has no name.
    fn choice(&self, of: usize) -> Result<&'s str, String> {
        let number = self.varint() as i32;
        let known = self.source.schema.enums.get(of).and_then(|choices| choices.name(number));
        known.ok_or_else(|| number.to_string())
    }
}

impl<'de> Deserializer<'de> for Single<'_, '_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let bits = self.varint();
        match self.ty {
            Type::Double => visitor.visit_f64(f64::from_bits(bits)),
            Type::Float => visitor.visit_f32(f32::from_bits(bits as u32)),
            Type::Int32 | Type::Sfixed32 => visitor.visit_i64((bits as i32).into()),
            Type::Int64 | Type::Sfixed64 => visitor.visit_i64(bits as i64),
            Type::Uint32 | Type::Fixed32 => visitor.visit_u64((bits as u32).into()),
            Type::Uint64 | Type::Fixed64 => visitor.visit_u64(bits),
            Type::Sint32 => visitor.visit_i64((unzigzag((bits as u32).into()) as i32).into()),
            Type::Sint64 => visitor.visit_i64(unzigzag(bits)),
            Type::Bool => visitor.visit_bool(bits != 0),
            Type::String => visitor.visit_str(self.text()?),
            Type::Bytes => visitor.visit_bytes(self.bytes()),
            Type::Enum(of) => match self.choice(of) {
                Ok(name) => visitor.visit_str(name),
                Err(number) => visitor.visit_string(number),
            },
            Type::Message(_) => self.message()?.deserialize_any(visitor),
            Type::Timestamp => time(self.source, self.bytes())?.show(visitor),
            Type::Number => number(self.source, self.bytes(), visitor),
            Type::Value => value(self.source, self.bytes(), visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.ty {
            // A value of any type may be none, and so may what a message stands for.
            Type::Value => value(self.source, self.bytes(), visitor),
            Type::Message(_) => self.message()?.deserialize_option(visitor),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.ty {
            Type::Timestamp if name == TIMESTAMP => visitor.visit_seq(time(self.source, self.bytes())?),
            Type::Message(_) if name == ORIGINAL => self.message()?.deserialize_newtype_struct(name, visitor),
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let number;
        let name = match self.ty {
            Type::Enum(of) => match self.choice(of) {
                Ok(name) => name,
                Err(unnamed) => {
                    number = unnamed;
                    &number
                }
            },
            _ => self.text()?,
        };
        visitor.visit_enum(StrDeserializer::new(name))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.ty {
            Type::Message(_) => self.message()?.deserialize_struct(name, fields, visitor),
            _ => self.deserialize_any(visitor),
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

    /// Bytes may be asked for as a list of numbers.
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.ty {
            Type::Bytes => {
                self.source.count(self.bytes().len())?;
                visitor.visit_seq(Bytes(self.bytes().iter()))
            }
            Type::Message(_) => self.message()?.deserialize_seq(visitor),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.ty {
            Type::Message(_) => self.message()?.deserialize_map(visitor),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Error> {
        match self.ty {
            Type::Message(_) => self.message()?.deserialize_tuple(length, visitor),
            _ => self.deserialize_seq(visitor),
        }
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_tuple(length, visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf identifier
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

struct Bytes<'a>(std::slice::Iter<'a, u8>);

impl<'de> SeqAccess<'de> for Bytes<'_> {
    type Error = Error;

    fn next_element_seed<T: serde::de::DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        self.0.next().map(|byte| seed.deserialize((*byte).into_deserializer())).transpose()
    }
}
