//! Reading, within bounds, and without room made on a peer's word alone.

use manywire_core::{Limits, Timestamp, TooManyValues, Value, ValueCount};
use rmp::Marker;

use super::TIMESTAMP;

/// Elements that room is made for at once; lists inside each other could each claim the whole input.
const ROOM: usize = 256;

/// Why bytes are no msgpack value that we take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DecodeError {
    #[error("the msgpack data ends inside a value")]
    Truncated,
    #[error("0xc1 is no msgpack value")]
    Reserved,
    #[error("values are nested more than {0} levels deep")]
    TooDeep(usize),
    #[error(transparent)]
    TooMany(#[from] TooManyValues),
    #[error("msgpack extension {0} is not known here; of extensions, only timestamps are")]
    Extension(i8),
    #[error("a msgpack timestamp is malformed")]
    Timestamp,
}

/// What a value may hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Levels of lists and maps inside each other.
    pub(crate) nesting: usize,
    /// Values in all: a byte of msgpack can be a value of 32 bytes in memory.
    pub(crate) values: usize,
}

impl From<&Limits> for Bounds {
    fn from(limits: &Limits) -> Self {
        Self { nesting: limits.nesting, values: limits.values() }
    }
}

/// Reads values one after the other; what it returns is lent from the input.
#[derive(Debug, Clone)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

/// A value that holds no other, or the start of one that does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Head<'a> {
    Nil,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    Str(&'a [u8]),
    Bin(&'a [u8]),
    Extension(i8, &'a [u8]),
    Array(usize),
    Map(usize),
}

impl Head<'_> {
    /// Whether the value will take more memory than itself.
    fn points_to_more(&self) -> bool {
        match self {
            Head::Str(bytes) | Head::Bin(bytes) => !bytes.is_empty(),
            Head::Array(count) | Head::Map(count) => *count > 0,
            _ => false,
        }
    }
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What is not read yet.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(DecodeError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(DecodeError::Truncated)?;
        self.rest = rest;
        Ok(*taken)
    }

    fn len8(&mut self) -> Result<usize, DecodeError> {
        Ok(u8::from_be_bytes(self.bytes()?).into())
    }

    fn len16(&mut self) -> Result<usize, DecodeError> {
        Ok(u16::from_be_bytes(self.bytes()?).into())
    }

    fn len32(&mut self) -> Result<usize, DecodeError> {
        // Only a length that the input cannot have does not fit a usize.
        usize::try_from(u32::from_be_bytes(self.bytes()?)).map_err(|_| DecodeError::Truncated)
    }

    fn extension(&mut self, length: usize) -> Result<Head<'a>, DecodeError> {
        let kind = i8::from_be_bytes(self.bytes()?);
        Ok(Head::Extension(kind, self.take(length)?))
    }

    /// Every element takes at least a byte, so a count beyond the input is refused before room is made for it.
    fn count(&self, count: usize) -> Result<usize, DecodeError> {
        if count > self.rest.len() { Err(DecodeError::Truncated) } else { Ok(count) }
    }

    /// A list of `count` elements follows.
    fn array(&self, count: usize) -> Result<Head<'a>, DecodeError> {
        Ok(Head::Array(self.count(count)?))
    }

    /// `count` pairs follow.
    fn map(&self, count: usize) -> Result<Head<'a>, DecodeError> {
        self.count(count.saturating_mul(2))?;
        Ok(Head::Map(count))
    }

    /// Reads the next value, but of one that holds others only how many.
    pub(crate) fn head(&mut self) -> Result<Head<'a>, DecodeError> {
        let [marker] = self.bytes()?;
        Ok(match Marker::from_u8(marker) {
            Marker::FixPos(i) => Head::Int(i.into()),
            Marker::FixNeg(i) => Head::Int(i.into()),
            Marker::U8 => Head::Int(u8::from_be_bytes(self.bytes()?).into()),
            Marker::U16 => Head::Int(u16::from_be_bytes(self.bytes()?).into()),
            Marker::U32 => Head::Int(u32::from_be_bytes(self.bytes()?).into()),
            Marker::U64 => unsigned(u64::from_be_bytes(self.bytes()?)),
            Marker::I8 => Head::Int(i8::from_be_bytes(self.bytes()?).into()),
            Marker::I16 => Head::Int(i16::from_be_bytes(self.bytes()?).into()),
            Marker::I32 => Head::Int(i32::from_be_bytes(self.bytes()?).into()),
            Marker::I64 => Head::Int(i64::from_be_bytes(self.bytes()?)),
            Marker::F32 => Head::Float(f32::from_be_bytes(self.bytes()?).into()),
            Marker::F64 => Head::Float(f64::from_be_bytes(self.bytes()?)),
            Marker::Null => Head::Nil,
            Marker::True => Head::Bool(true),
            Marker::False => Head::Bool(false),
            Marker::FixStr(length) => Head::Str(self.take(length.into())?),
            Marker::Str8 => self.len8().and_then(|length| self.take(length)).map(Head::Str)?,
            Marker::Str16 => self.len16().and_then(|length| self.take(length)).map(Head::Str)?,
            Marker::Str32 => self.len32().and_then(|length| self.take(length)).map(Head::Str)?,
            Marker::Bin8 => self.len8().and_then(|length| self.take(length)).map(Head::Bin)?,
            Marker::Bin16 => self.len16().and_then(|length| self.take(length)).map(Head::Bin)?,
            Marker::Bin32 => self.len32().and_then(|length| self.take(length)).map(Head::Bin)?,
            Marker::FixArray(count) => self.array(count.into())?,
            Marker::Array16 => self.len16().and_then(|count| self.array(count))?,
            Marker::Array32 => self.len32().and_then(|count| self.array(count))?,
            Marker::FixMap(count) => self.map(count.into())?,
            Marker::Map16 => self.len16().and_then(|count| self.map(count))?,
            Marker::Map32 => self.len32().and_then(|count| self.map(count))?,
            Marker::FixExt1 => self.extension(1)?,
            Marker::FixExt2 => self.extension(2)?,
            Marker::FixExt4 => self.extension(4)?,
            Marker::FixExt8 => self.extension(8)?,
            Marker::FixExt16 => self.extension(16)?,
            Marker::Ext8 => self.len8().and_then(|length| self.extension(length))?,
            Marker::Ext16 => self.len16().and_then(|length| self.extension(length))?,
            Marker::Ext32 => self.len32().and_then(|length| self.extension(length))?,
            Marker::Reserved => return Err(DecodeError::Reserved),
        })
    }

    /// Reads a whole value, and says how many it consists of.
    pub(crate) fn value(&mut self, bounds: Bounds) -> Result<(Value, usize), DecodeError> {
        let mut tree = Tree::new(self, bounds);
        Ok((tree.value()?, tree.values.counted()))
    }

    /// Reads the values of a list whose head was read, and says how many they are with all that they hold.
    pub(crate) fn values(
        &mut self,
        count: usize,
        bounds: Bounds,
    ) -> Result<(Vec<Value>, usize), DecodeError> {
        let mut tree = Tree::new(self, bounds);
        Ok((tree.items(count)?, tree.values.counted()))
    }

    /// Passes over a value of any depth and returns its bytes.
    pub(crate) fn skip(&mut self) -> Result<&'a [u8], DecodeError> {
        let start = self.rest;
        let mut waiting = 1usize;
        while waiting > 0 {
            waiting -= 1;
            // Each count was checked against the input, so the sum cannot overflow before the input ends.
            waiting = waiting.saturating_add(match self.head()? {
                Head::Array(count) => count,
                Head::Map(count) => count.saturating_mul(2),
                _ => 0,
            });
        }
        Ok(&start[..start.len() - self.rest.len()])
    }
}

/// Builds a value within bounds.
struct Tree<'r, 'a> {
    reader: &'r mut Reader<'a>,
    bounds: Bounds,
    depth: usize,
    values: ValueCount,
}

impl<'r, 'a> Tree<'r, 'a> {
    fn new(reader: &'r mut Reader<'a>, bounds: Bounds) -> Self {
        Self { reader, bounds, depth: 0, values: ValueCount::new(bounds.values) }
    }

    fn value(&mut self) -> Result<Value, DecodeError> {
        let head = self.reader.head()?;
        self.values.add(1 + usize::from(head.points_to_more()))?;
        Ok(match head {
            Head::Nil => Value::Null,
            Head::Bool(b) => Value::Bool(b),
            Head::Int(i) => Value::Int(i),
            Head::Uint(u) => Value::Uint(u),
            Head::Float(f) => Value::Float(f),
            // Python 2 and old packers write bytes as str.
            Head::Str(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => text.into(),
                Err(_) => Value::Bytes(bytes.to_vec()),
            },
            Head::Bin(bytes) => Value::Bytes(bytes.to_vec()),
            Head::Extension(TIMESTAMP, bytes) => decode_timestamp(bytes)?.into(),
            Head::Extension(kind, _) => return Err(DecodeError::Extension(kind)),
            Head::Array(count) => Value::Array(self.inside(|tree| tree.items(count))?),
            Head::Map(count) => Value::Map(self.inside(|tree| tree.pairs(count))?),
        })
    }

    fn inside<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<T, DecodeError> {
        self.depth += 1;
        if self.depth > self.bounds.nesting {
            return Err(DecodeError::TooDeep(self.bounds.nesting));
        }
        let inner = read(self);
        self.depth -= 1;
        inner
    }

    fn items(&mut self, count: usize) -> Result<Vec<Value>, DecodeError> {
        let mut items = Vec::with_capacity(count.min(ROOM));
        for _ in 0..count {
            items.push(self.value()?);
        }
        Ok(items)
    }

    fn pairs(&mut self, count: usize) -> Result<Vec<(Value, Value)>, DecodeError> {
        let mut pairs = Vec::with_capacity(count.min(ROOM));
        for _ in 0..count {
            pairs.push((self.value()?, self.value()?));
        }
        Ok(pairs)
    }
}

fn unsigned<'a>(u: u64) -> Head<'a> {
    i64::try_from(u).map_or(Head::Uint(u), Head::Int)
}

/// The three lengths of a timestamp: 32 bits of seconds, 30 + 34 bits, 32 + 64 bits.
fn decode_timestamp(bytes: &[u8]) -> Result<Timestamp, DecodeError> {
    let malformed = DecodeError::Timestamp;
    let (seconds, nanos) = match bytes.len() {
        4 => (u32::from_be_bytes(bytes.try_into().map_err(|_| malformed.clone())?).into(), 0),
        8 => {
            let both = u64::from_be_bytes(bytes.try_into().map_err(|_| malformed.clone())?);
            ((both & 0x3_ffff_ffff) as i64, (both >> 34) as u32)
        }
        12 => {
            let (nanos, seconds) = bytes.split_first_chunk().ok_or(malformed.clone())?;
            let seconds = i64::from_be_bytes(seconds.try_into().map_err(|_| malformed.clone())?);
            (seconds, u32::from_be_bytes(*nanos))
        }
        _ => return Err(malformed),
    };
    if nanos >= 1_000_000_000 { Err(malformed) } else { Ok(Timestamp::utc(seconds, nanos)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { nesting: 3, values: 10 };

    fn read(bytes: &[u8]) -> Result<Value, DecodeError> {
        Reader::new(bytes).value(BOUNDS).map(|(value, _)| value)
    }

    #[test]
    fn every_width_of_a_number_is_read() {
        for (bytes, value) in [
            (&b"\x7f"[..], Value::Int(127)),
            (b"\xe0", Value::Int(-32)),
            (b"\xcc\xff", Value::Int(255)),
            (b"\xcd\xff\xff", Value::Int(65535)),
            (b"\xce\xff\xff\xff\xff", Value::Int(u32::MAX.into())),
            (b"\xcf\x7f\xff\xff\xff\xff\xff\xff\xff", Value::Int(i64::MAX)),
            (b"\xcf\x80\0\0\0\0\0\0\0", Value::Uint(1 << 63)),
            (b"\xd0\x80", Value::Int(-128)),
            (b"\xd1\x80\0", Value::Int(-32768)),
            (b"\xd2\x80\0\0\0", Value::Int(i32::MIN.into())),
            (b"\xd3\x80\0\0\0\0\0\0\0", Value::Int(i64::MIN)),
            (b"\xca\x3f\xc0\0\0", Value::Float(1.5)),
        ] {
            assert_eq!(read(bytes), Ok(value));
        }
    }

    #[test]
    fn old_raw_strings_that_are_no_text_are_bytes() {
        assert_eq!(read(b"\xa2\xc3\xa9"), Ok("é".into()));
        assert_eq!(read(b"\xa2\xc3\x28"), Ok(Value::Bytes(vec![0xc3, 0x28])));
    }

    #[test]
    fn times_have_three_lengths() {
        assert_eq!(read(b"\xd6\xff\0\0\0\x05"), Ok(Timestamp::utc(5, 0).into()));
        assert_eq!(read(b"\xd7\xff\0\0\0\x1c\0\0\0\x05"), Ok(Timestamp::utc(5, 7).into()));
        let long = b"\xc7\x0c\xff\0\0\0\x07\xff\xff\xff\xff\xff\xff\xff\xfb";
        assert_eq!(read(long), Ok(Timestamp::utc(-5, 7).into()));
        assert_eq!(read(b"\xc7\x0c\xff\x3b\x9a\xca\0\0\0\0\0\0\0\0\0"), Err(DecodeError::Timestamp));
    }

    #[test]
    fn depth_and_number_are_bounded() {
        assert!(read(b"\x91\x91\x90").is_ok());
        assert_eq!(read(b"\x91\x91\x91\x90"), Err(DecodeError::TooDeep(3)));
        let too_many = Err(TooManyValues(10).into());
        assert!(read(b"\x98\0\0\0\0\0\0\0\0").is_ok());
        assert_eq!(read(b"\x99\0\0\0\0\0\0\0\0\0"), too_many);
        assert!(read(b"\x94\xa1a\xa1a\xa1a\xa1a").is_ok());
        assert_eq!(read(b"\x95\xa1a\xa1a\xa1a\xa1a\xa1a"), too_many);
    }

    #[test]
    fn counts_are_believed_only_as_far_as_there_are_bytes() {
        assert_eq!(read(b"\x92\0"), Err(DecodeError::Truncated));
        assert_eq!(read(b"\x82\0\0\0"), Err(DecodeError::Truncated));
        // Lists inside each other, each as long as all that follows, would be gigabytes if room were made for them.
        let mut nested = Vec::new();
        for _ in 0..1000 {
            nested.extend(b"\xdd\0\x01\0\0");
        }
        nested.resize(200_000, 0x90);
        let bounds = Bounds { nesting: 2000, values: usize::MAX };
        assert_eq!(Reader::new(&nested).value(bounds), Err(DecodeError::Truncated));
    }
}
