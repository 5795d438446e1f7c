//! A point in time as the wires carry it: with or without an offset from UTC.

use std::fmt;

use jiff::SignedDuration;
use jiff::civil::DateTime;
use jiff::fmt::temporal::Pieces;
use jiff::tz::Offset;
use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

/// A date and time.
///
/// XML-RPC's `dateTime.iso8601` names no time zone; such a time has no `offset`, and `seconds`
/// counts its calendar reading as if it were UTC. Otherwise `seconds` counts from 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp {
    /// Whole seconds since the epoch; negative before it.
    pub seconds: i64,
    /// Nanoseconds after that second, below 1,000,000,000.
    pub nanos: u32,
    /// Seconds east of UTC that the writer's clock showed, where it said so.
    pub offset: Option<i32>,
}

impl Timestamp {
    /// The name under which our own serializers recognise it.
    pub(crate) const NAME: &'static str = "$manywire::Timestamp";

    /// A point in time given in UTC.
    pub fn utc(seconds: i64, nanos: u32) -> Self {
        Self { seconds, nanos, offset: Some(0) }
    }

    /// A calendar reading without a time zone.
    pub fn from_civil(civil: DateTime) -> Self {
        Self { offset: None, ..Self::since_epoch(civil.duration_since(EPOCH).as_nanos()) }
    }

    /// What the calendar and the clock showed to the writer; none beyond the years −9999 to 9999.
    pub fn civil(self) -> Option<DateTime> {
        let local = self.seconds.checked_add(self.offset.unwrap_or(0).into())?;
        let nanos = i32::try_from(self.nanos).ok().filter(|nanos| *nanos < 1_000_000_000)?;
        EPOCH.checked_add(SignedDuration::new(local, nanos)).ok()
    }

    fn since_epoch(nanos: i128) -> Self {
        let (seconds, rest) = (nanos.div_euclid(1_000_000_000), nanos.rem_euclid(1_000_000_000));
        // A calendar of four-digit years is far from the ends of 64 bits.
        Self::utc(i64::try_from(seconds).unwrap_or(i64::MAX), u32::try_from(rest).unwrap_or(0))
    }

    /// Reads RFC 3339, or the same without an offset.
    pub fn parse(text: &str) -> Option<Self> {
        let pieces = Pieces::parse(text).ok()?;
        let local = Self::from_civil(pieces.date().to_datetime(pieces.time()?));
        let Some(offset) = pieces.to_numeric_offset().map(Offset::seconds) else { return Some(local) };
        Some(Self { seconds: local.seconds - i64::from(offset), offset: Some(offset), ..local })
    }
}

/// Where seconds are counted from.
const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// RFC 3339, without an offset where there is none.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(civil) = self.civil() else {
            return write!(f, "@{}.{:09}", self.seconds, self.nanos);
        };
        match self.offset {
            None => write!(f, "{civil}"),
            Some(0) => write!(f, "{civil}Z"),
            Some(offset) => {
                let (sign, minutes) = (if offset < 0 { '-' } else { '+' }, offset.unsigned_abs() / 60);
                write!(f, "{civil}{sign}{:02}:{:02}", minutes / 60, minutes % 60)
            }
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return serializer.collect_str(self);
        }
        serializer.serialize_newtype_struct(Self::NAME, &(self.seconds, self.nanos, self.offset))
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(Self::NAME, TimestampVisitor)
    }
}

struct TimestampVisitor;

impl<'de> Visitor<'de> for TimestampVisitor {
    type Value = Timestamp;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a timestamp such as 2026-01-31T12:00:00Z")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Timestamp, D::Error> {
        deserializer.deserialize_any(TimestampVisitor)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Timestamp, E> {
        Timestamp::parse(text).ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Timestamp, A::Error> {
        let missing = || A::Error::custom("a timestamp is seconds, nanoseconds and an offset");
        Ok(Timestamp {
            seconds: seq.next_element()?.ok_or_else(missing)?,
            nanos: seq.next_element()?.ok_or_else(missing)?,
            offset: seq.next_element()?.ok_or_else(missing)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_forms_round_trip() {
        for text in [
            "2026-01-31T12:00:00Z",
            "1969-12-31T23:59:59.25+05:30",
            "2026-01-31T12:00:00",
            "0001-01-01T00:00:00-00:30",
            "9999-12-31T23:59:59.999999999",
            "9999-12-31T23:59:59+01:00",
        ] {
            assert_eq!(Timestamp::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn time_before_the_epoch_counts_nanos_forward() {
        let stamp = Timestamp::parse("1969-12-31T23:59:59.25Z").unwrap();
        assert_eq!((stamp.seconds, stamp.nanos), (-1, 250_000_000));
    }
}
