//! One field: a value, many of them, a map, or what stands for its absence.

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::Source;
use super::message::Seen;
use super::single::Single;
use crate::Error;
use crate::schema::{Field, Label, Type};
use crate::wire::{self, Payload, Tagged, WireType};

/// A field of a message that was looked through.
pub(super) struct FieldReader<'s, 'a> {
    source: Source<'s>,
    field: &'s Field,
    seen: Seen<'a>,
}

impl<'s, 'a> FieldReader<'s, 'a> {
    pub(super) fn new(source: Source<'s>, field: &'s Field, seen: Seen<'a>) -> Self {
        Self { source, field, seen }
    }

    /// The one value of a field that is not repeated: the last that came, or zero.
    fn single(&self) -> Single<'s, 'a> {
        let payload = match (self.seen.times, self.field.ty.wire_type()) {
            (0, WireType::Varint) => Payload::Varint(0),
            (0, WireType::Fixed64) => Payload::Fixed64(0),
            (0, WireType::Fixed32) => Payload::Fixed32(0),
            (0, _) => Payload::Bytes(&[]),
            _ => self.seen.last,
        };
        Single { source: self.source, ty: self.field.ty, payload }
    }

    /// A message that came more than once is all of its occurrences in one, as the format has it.
    fn is_in_pieces(&self) -> bool {
        self.seen.times > 1
            && matches!(self.field.ty, Type::Message(_) | Type::Timestamp | Type::Number | Type::Value)
    }

    fn join(&self) -> Result<Vec<u8>, Error> {
        let (mut joined, mut rest) = (Vec::new(), self.seen.from);
        while !rest.is_empty() {
            if let Tagged { number, payload: Payload::Bytes(bytes), .. } = self.source.next(&mut rest)?
                && number == self.field.number
            {
                joined.extend_from_slice(bytes);
            }
        }
        Ok(joined)
    }

    fn visit<'de, V: Visitor<'de>>(
        self,
        visitor: V,
        typed: impl for<'b> FnOnce(Single<'s, 'b>, V) -> Result<V::Value, Error>,
    ) -> Result<V::Value, Error> {
        match self.field.label {
            Label::Repeated => visitor.visit_seq(Items::new(&self)),
            Label::Map => visitor.visit_map(Entries { items: Items::new(&self), entry: None }),
            _ if self.is_in_pieces() => {
                let joined = self.join()?;
                typed(Single { payload: Payload::Bytes(&joined), ..self.single() }, visitor)
            }
            _ => typed(self.single(), visitor),
        }
    }
}

/// Asks the one value of a field, or shows the many.
macro_rules! one_or_many {
    ($($method:ident($($argument:ident: $ty:ty)?))*) => {$(
        fn $method<V: Visitor<'de>>(self, $($argument: $ty,)? visitor: V) -> Result<V::Value, Error> {
            self.visit(visitor, |single, visitor| single.$method($($argument,)? visitor))
        }
    )*};
}

impl<'de> Deserializer<'de> for FieldReader<'_, '_> {
    type Error = Error;

    one_or_many! {
        deserialize_any() deserialize_bool() deserialize_i8() deserialize_i16() deserialize_i32() deserialize_i64()
        deserialize_i128() deserialize_u8() deserialize_u16() deserialize_u32() deserialize_u64() deserialize_u128()
        deserialize_f32() deserialize_f64() deserialize_char() deserialize_str() deserialize_string()
        deserialize_bytes() deserialize_byte_buf() deserialize_unit() deserialize_seq() deserialize_map()
        deserialize_identifier() deserialize_ignored_any()
        deserialize_unit_struct(name: &'static str) deserialize_newtype_struct(name: &'static str)
        deserialize_tuple(length: usize)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.field.ty {
            _ if self.seen.times == 0 && self.field.is_optional => visitor.visit_none(),
            Type::Value if self.field.label == Label::Implicit => {
                self.visit(visitor, |single, visitor| single.deserialize_option(visitor))
            }
            _ => visitor.visit_some(self),
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

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.visit(visitor, |single, visitor| single.deserialize_struct(name, fields, visitor))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.visit(visitor, |single, visitor| single.deserialize_enum(name, variants, visitor))
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

/// The values of a repeated field, wherever in the message they stand, packed or one by one.
struct Items<'s, 'a> {
    source: Source<'s>,
    number: u32,
    ty: Type,
    /// Occurrences that were not met yet.
    left: u32,
    rest: &'a [u8],
    packed: &'a [u8],
}

impl<'s, 'a> Items<'s, 'a> {
    fn new(of: &FieldReader<'s, 'a>) -> Self {
        let FieldReader { source, field, seen } = of;
        Self {
            source: *source,
            number: field.number,
            ty: field.ty,
            left: seen.times,
            rest: seen.from,
            packed: &[],
        }
    }

    fn next(&mut self) -> Result<Option<Single<'s, 'a>>, Error> {
        let payload = loop {
            if !self.packed.is_empty() {
                break self.source.note(unpack(&mut self.packed, self.ty))?;
            }
            if self.left == 0 {
                return Ok(None);
            }
            let Tagged { number, wire_type, payload } = self.source.next(&mut self.rest)?;
            match payload {
                _ if number != self.number => {}
                Payload::Bytes(packed) if self.ty.is_packable() => {
                    self.left -= 1;
                    self.packed = packed;
                }
                _ if wire_type == self.ty.wire_type() => {
                    self.left -= 1;
                    break payload;
                }
                _ => {}
            }
        };
        // An item in a list takes room for itself and for what it points to.
        self.source.count(1 + usize::from(self.ty.wire_type() == WireType::Length))?;
        Ok(Some(Single { source: self.source, ty: self.ty, payload }))
    }
}

fn unpack<'a>(packed: &mut &[u8], ty: Type) -> Result<Payload<'a>, Error> {
    Ok(match ty.wire_type() {
        WireType::Fixed64 => Payload::Fixed64(wire::fixed64(packed)?),
        WireType::Fixed32 => Payload::Fixed32(wire::fixed32(packed)?),
        _ => Payload::Varint(wire::varint(packed)?),
    })
}

impl<'de> SeqAccess<'de> for Items<'_, '_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        self.next()?.map(|item| seed.deserialize(item)).transpose()
    }
}

/// The entries of a map.
struct Entries<'s, 'a> {
    items: Items<'s, 'a>,
    entry: Option<super::message::MessageReader<'s, 'a>>,
}

impl<'de> MapAccess<'de> for Entries<'_, '_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let Some(entry) = self.items.next()? else { return Ok(None) };
        let key = self.entry.insert(entry.message()?).field(0);
        key.map(|key| seed.deserialize(key)).transpose()
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Error> {
        let value = self.entry.as_ref().and_then(|entry| entry.field(1));
        seed.deserialize(value.ok_or_else(|| Error::misfit("a value was asked for before its key"))?)
    }
}
