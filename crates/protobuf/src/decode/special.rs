//! The messages that stand for one value: points in time, numbers that are integers or floats, values of any type.
//!
//! Their numbers are those of `google/protobuf/timestamp.proto` and `manywire/value.proto`.

use serde::de::value::BytesDeserializer;
use serde::de::{DeserializeSeed, Deserializer, IntoDeserializer as _, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::Source;
use crate::schema::numbers::{self, kind};
use crate::wire::{Payload, Tagged};
use crate::{Error, TIMESTAMP};

/// A point in time, in UTC.
pub(super) struct Time {
    seconds: i64,
    nanos: u32,
    next: u8,
}

pub(super) fn time(source: Source<'_>, mut bytes: &[u8]) -> Result<Time, Error> {
    let mut time = Time { seconds: 0, nanos: 0, next: 0 };
    while !bytes.is_empty() {
        match source.next(&mut bytes)? {
            Tagged { number: numbers::SECONDS, payload: Payload::Varint(seconds), .. } => {
                time.seconds = seconds as i64;
            }
            Tagged { number: numbers::NANOS, payload: Payload::Varint(nanos), .. } => {
                let valid = u32::try_from(nanos).ok().filter(|nanos| *nanos < 1_000_000_000);
                time.nanos = valid.ok_or_else(|| {
                    Error::misfit(format!(
                        "a timestamp has {} nanoseconds; there are 0 to 999999999 in a second",
                        nanos as i64
                    ))
                })?;
            }
            _ => {}
        }
    }
    Ok(time)
}

impl Time {
    /// Shows it to a visitor that takes any type.
    pub(super) fn show<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_map(Marked(Some(self)))
    }
}

impl<'de> SeqAccess<'de> for Time {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        self.next += 1;
        match self.next {
            1 => seed.deserialize(self.seconds.into_deserializer()).map(Some),
            2 => seed.deserialize(self.nanos.into_deserializer()).map(Some),
            3 => seed.deserialize(Utc).map(Some),
            _ => Ok(None),
        }
    }
}

/// An offset of zero.
struct Utc;

impl<'de> Deserializer<'de> for Utc {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(IntoZero)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

struct IntoZero;

impl<'de> Deserializer<'de> for IntoZero {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_i32(0)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// A point in time under the name by which a value of any type knows it.
struct Marked(Option<Time>);

impl<'de> MapAccess<'de> for Marked {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        if self.0.is_none() {
            return Ok(None);
        }
        seed.deserialize(BytesDeserializer::new(TIMESTAMP.as_bytes())).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Error> {
        let time = self.0.take().ok_or_else(|| Error::misfit("a time was asked for twice"))?;
        seed.deserialize(Parts(time))
    }
}

struct Parts(Time);

impl<'de> Deserializer<'de> for Parts {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(self.0)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// A `manywire.Number`; one that says nothing is the integer 0.
pub(super) fn number<'de, V: Visitor<'de>>(
    source: Source<'_>,
    mut bytes: &[u8],
    visitor: V,
) -> Result<V::Value, Error> {
    let mut last = Payload::Varint(0);
    while !bytes.is_empty() {
        match source.next(&mut bytes)? {
            Tagged { number: numbers::INT, payload: payload @ Payload::Varint(_), .. }
            | Tagged { number: numbers::FLOAT, payload: payload @ Payload::Fixed64(_), .. } => last = payload,
            _ => {}
        }
    }
    match last {
        Payload::Fixed64(bits) => visitor.visit_f64(f64::from_bits(bits)),
        Payload::Varint(int) => visitor.visit_i64(int as i64),
        _ => visitor.visit_i64(0),
    }
}

/// A `manywire.Value`; one that says nothing is null.
pub(super) fn value<'de, V: Visitor<'de>>(
    source: Source<'_>,
    mut bytes: &[u8],
    visitor: V,
) -> Result<V::Value, Error> {
    let source = source.deeper()?;
    source.count(1)?;
    let mut last = None;
    while !bytes.is_empty() {
        let tagged = source.next(&mut bytes)?;
        if kind::ALL.contains(&tagged.number) {
            last = Some((tagged.number, tagged.payload));
        }
    }
    match last {
        Some((kind::BOOL, Payload::Varint(bit))) => visitor.visit_bool(bit != 0),
        Some((kind::INT, Payload::Varint(int))) => visitor.visit_i64(int as i64),
        Some((kind::UINT, Payload::Varint(uint))) => visitor.visit_u64(uint),
        Some((kind::FLOAT, Payload::Fixed64(bits))) => visitor.visit_f64(f64::from_bits(bits)),
        Some((kind::TEXT, Payload::Bytes(text))) => visitor.visit_str(source.text(text)?),
        Some((kind::BYTES, Payload::Bytes(bytes))) => visitor.visit_bytes(bytes),
        Some((kind::TIMESTAMP, Payload::Bytes(bytes))) => time(source, bytes)?.show(visitor),
        Some((kind::LIST, Payload::Bytes(bytes))) => visitor.visit_seq(List { source, bytes }),
        Some((kind::MAP, Payload::Bytes(bytes))) => visitor.visit_map(Map { source, bytes, value: &[] }),
        Some((kind::NULL, Payload::Varint(_))) | None => visitor.visit_unit(),
        Some((number, _)) => {
            source.note(Err(Error::malformed(format!("field {number} of a value is of another wire type"))))
        }
    }
}

/// A value of any type, for serde.
struct AnyValue<'s, 'a> {
    source: Source<'s>,
    bytes: &'a [u8],
}

impl<'de> Deserializer<'de> for AnyValue<'_, '_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        value(self.source, self.bytes, visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

struct List<'s, 'a> {
    source: Source<'s>,
    bytes: &'a [u8],
}

impl<'de> SeqAccess<'de> for List<'_, '_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        while !self.bytes.is_empty() {
            if let Tagged { number: numbers::VALUES, payload: Payload::Bytes(bytes), .. } =
                self.source.next(&mut self.bytes)?
            {
                return seed.deserialize(AnyValue { source: self.source, bytes }).map(Some);
            }
        }
        Ok(None)
    }
}

/// The pairs of a map: those whose keys are texts, and the others.
struct Map<'s, 'a> {
    source: Source<'s>,
    bytes: &'a [u8],
    value: &'a [u8],
}

impl<'de> MapAccess<'de> for Map<'_, '_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        while !self.bytes.is_empty() {
            let Tagged { number, payload: Payload::Bytes(entry), .. } = self.source.next(&mut self.bytes)?
            else {
                continue;
            };
            if number != numbers::FIELDS && number != numbers::PAIRS {
                continue;
            }
            let [key, value] = pair(self.source, entry)?;
            self.value = value;
            self.source.count(2)?;
            if number == numbers::PAIRS {
                return seed.deserialize(AnyValue { source: self.source, bytes: key }).map(Some);
            }
            let text = self.source.text(key)?;
            return seed.deserialize(text.into_deserializer()).map(Some);
        }
        Ok(None)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(AnyValue { source: self.source, bytes: self.value })
    }
}

/// The key and the value of an entry.
fn pair<'a>(source: Source<'_>, mut entry: &'a [u8]) -> Result<[&'a [u8]; 2], Error> {
    let mut pair = [&[][..]; 2];
    while !entry.is_empty() {
        match source.next(&mut entry)? {
            Tagged { number: 1, payload: Payload::Bytes(key), .. } => pair[0] = key,
            Tagged { number: 2, payload: Payload::Bytes(value), .. } => pair[1] = value,
            _ => {}
        }
    }
    Ok(pair)
}
