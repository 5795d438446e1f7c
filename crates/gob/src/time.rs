//! Go's `time.Time`, which gob sends as the bytes that its `MarshalBinary` makes: a version, seconds since the year 1,
//! nanoseconds, and minutes east of UTC; in version 2 seconds besides.

use serde::de::value::{BorrowedBytesDeserializer, SeqDeserializer};
use serde::de::{DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, Visitor};
use serde::forward_to_deserialize_any;

use crate::Error;
use crate::names::TIMESTAMP;

/// The name that Go's definition of the type has.
pub(crate) const GO_NAME: &str = "Time";

/// Seconds from the beginning of the year 1 to that of 1970, in UTC.
const YEAR_1: i64 = 62_135_596_800;

/// Minutes east of UTC that stand for UTC itself.
const UTC: i16 = -1;

/// A point in time as [`TIMESTAMP`] has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Time {
    pub(crate) seconds: i64,
    pub(crate) nanos: u32,
    pub(crate) offset: Option<i32>,
}

impl Time {
    /// What Go leaves out: the beginning of the year 1.
    pub(crate) const ZERO: Self = Self { seconds: -YEAR_1, nanos: 0, offset: Some(0) };

    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let (&version, rest) = bytes.split_first()?;
        let (seconds, rest) = rest.split_first_chunk::<8>()?;
        let (nanos, rest) = rest.split_first_chunk::<4>()?;
        let (minutes, rest) = rest.split_first_chunk::<2>()?;
        let beyond = match (version, rest) {
            (1, []) => 0,
            (2, [seconds]) => i32::from(*seconds as i8),
            _ => return None,
        };
        let offset = match i16::from_be_bytes(*minutes) {
            UTC => 0,
            minutes => i32::from(minutes) * 60 + beyond,
        };
        Some(Self {
            seconds: i64::from_be_bytes(*seconds).saturating_sub(YEAR_1),
            nanos: u32::from_be_bytes(*nanos),
            offset: Some(offset),
        })
    }

    /// The bytes that Go would make. A zone that Go cannot say becomes UTC, which leaves the moment the same.
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        let seconds = self.offset.unwrap_or(0);
        let (minutes, beyond) = (seconds / 60, seconds % 60);
        let minutes = i16::try_from(minutes).ok().filter(|minutes| seconds != 0 && *minutes != UTC);
        let (minutes, beyond) = minutes.map_or((UTC, 0), |minutes| (minutes, beyond as i8));
        let mut bytes = vec![if beyond == 0 { 1 } else { 2 }];
        bytes.extend(self.seconds.saturating_add(YEAR_1).to_be_bytes());
        bytes.extend(self.nanos.to_be_bytes());
        bytes.extend(minutes.to_be_bytes());
        if beyond != 0 {
            bytes.push(beyond as u8);
        }
        bytes
    }

    /// Shows it to the visitor of a [`TIMESTAMP`].
    pub(crate) fn visit<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(Parts(self))
    }

    /// Shows it to a visitor of any value, as a map of one entry.
    pub(crate) fn visit_any<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_map(Entry(Some(self)))
    }
}

/// The parts of a time, as a list.
struct Parts(Time);

impl<'de> Deserializer<'de> for Parts {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let Time { seconds, nanos, offset } = self.0;
        let parts = [Some(seconds), Some(nanos.into()), offset.map(i64::from)];
        visitor.visit_seq(SeqDeserializer::new(parts.into_iter().map(Part)))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct newtype_struct
        seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

struct Part(Option<i64>);

impl<'de> Deserializer<'de> for Part {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Some(number) => visitor.visit_i64(number),
            None => visitor.visit_unit(),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Some(_) => visitor.visit_some(self),
            None => visitor.visit_none(),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf unit unit_struct newtype_struct
        seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl IntoDeserializer<'_, Error> for Part {
    type Deserializer = Self;
    fn into_deserializer(self) -> Self {
        self
    }
}

struct Entry(Option<Time>);

impl<'de> MapAccess<'de> for Entry {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let key = || seed.deserialize(BorrowedBytesDeserializer::new(TIMESTAMP.as_bytes()));
        self.0.map(|_| key()).transpose()
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(Whole(self.0.take().unwrap_or_default()))
    }
}

/// A time, which knows that it is one.
struct Whole(Time);

impl<'de> Deserializer<'de> for Whole {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.0.visit(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct newtype_struct
        seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_come_back_with_their_zones() {
        for (offset, bytes, back) in [
            (0, 15, 0),
            (19_800, 15, 19_800),
            (-3_600, 15, -3_600),
            (3_601, 16, 3_601),
            (-60, 15, 0),
            (i32::MAX, 15, 0),
        ] {
            let time = Time { seconds: -1, nanos: 5, offset: Some(offset) };
            assert_eq!(time.to_bytes().len(), bytes, "{offset}");
            assert_eq!(Time::parse(&time.to_bytes()), Some(Time { offset: Some(back), ..time }));
        }
        assert_eq!(Time::parse(&[1; 14]), None);
        assert_eq!(Time::ZERO.to_bytes()[1..13], [0; 12]);
    }
}
