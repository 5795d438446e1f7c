//! msgpack as Python's `msgpack` 1.x writes and reads it: text as str, bytes as bin, times as extension −1.
//!
//! Specification: <https://github.com/msgpack/msgpack/blob/master/spec.md>

use manywire_core::{ErrorKind, RpcError, Timestamp, Value};
use rmp::Marker;

const TIMESTAMP: i8 = -1;
/// Elements that room is made for on a peer's word alone; lists inside each other could each claim the whole input.
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
    #[error("msgpack extension {0} is not known here; of extensions, only timestamps are")]
    Extension(i8),
    #[error("a msgpack timestamp is malformed")]
    Timestamp,
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

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
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

    /// Reads a whole value of at most `nesting` levels.
    pub(crate) fn value(&mut self, nesting: usize) -> Result<Value, DecodeError> {
        let head = self.head()?;
        self.rest_of(head, nesting, nesting)
    }

    /// Reads the values of a list whose head was read.
    pub(crate) fn values(&mut self, count: usize, nesting: usize) -> Result<Vec<Value>, DecodeError> {
        self.items(count, nesting, nesting)
    }

    fn rest_of(&mut self, head: Head<'a>, left: usize, nesting: usize) -> Result<Value, DecodeError> {
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
            Head::Array(count) => Value::Array(self.items(count, inner(left, nesting)?, nesting)?),
            Head::Map(count) => Value::Map(self.pairs(count, inner(left, nesting)?, nesting)?),
        })
    }

    fn items(&mut self, count: usize, left: usize, nesting: usize) -> Result<Vec<Value>, DecodeError> {
        let mut items = Vec::with_capacity(count.min(ROOM));
        for _ in 0..count {
            let head = self.head()?;
            items.push(self.rest_of(head, left, nesting)?);
        }
        Ok(items)
    }

    fn pairs(
        &mut self,
        count: usize,
        left: usize,
        nesting: usize,
    ) -> Result<Vec<(Value, Value)>, DecodeError> {
        let mut pairs = Vec::with_capacity(count.min(ROOM));
        for _ in 0..count {
            let head = self.head()?;
            let key = self.rest_of(head, left, nesting)?;
            let head = self.head()?;
            pairs.push((key, self.rest_of(head, left, nesting)?));
        }
        Ok(pairs)
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

fn unsigned<'a>(u: u64) -> Head<'a> {
    i64::try_from(u).map_or(Head::Uint(u), Head::Int)
}

fn inner(left: usize, nesting: usize) -> Result<usize, DecodeError> {
    left.checked_sub(1).ok_or(DecodeError::TooDeep(nesting))
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

/// Writing to a `Vec` cannot fail, so there is no result to look at.
macro_rules! put {
    ($method:ident, $out:expr $(, $value:expr)*) => {{
        let _ = rmp::encode::$method($out $(, $value)*);
    }};
}
pub(crate) use put;

/// Appends a value.
pub(crate) fn encode_value(out: &mut Vec<u8>, value: &Value) -> Result<(), RpcError> {
    match value {
        Value::Null => put!(write_nil, out),
        Value::Bool(b) => put!(write_bool, out, *b),
        Value::Int(i) => put!(write_sint, out, *i),
        Value::Uint(u) => put!(write_uint, out, *u),
        Value::Float(f) => put!(write_f64, out, *f),
        Value::String(text) => {
            length(text.len())?;
            put!(write_str, out, text);
        }
        Value::Bytes(bytes) => {
            length(bytes.len())?;
            put!(write_bin, out, bytes);
        }
        Value::Timestamp(time) => encode_timestamp(out, *time),
        Value::Array(items) => encode_array(out, items)?,
        Value::Map(pairs) => {
            put!(write_map_len, out, length(pairs.len())?);
            for (key, value) in pairs {
                check_key(key)?;
                encode_value(out, key)?;
                encode_value(out, value)?;
            }
        }
    }
    Ok(())
}

/// Appends a list.
pub(crate) fn encode_array(out: &mut Vec<u8>, items: &[Value]) -> Result<(), RpcError> {
    put!(write_array_len, out, length(items.len())?);
    items.iter().try_for_each(|item| encode_value(out, item))
}

fn length(length: usize) -> Result<u32, RpcError> {
    u32::try_from(length)
        .map_err(|_| RpcError::new(ErrorKind::ResourceExhausted, "msgpack has no values beyond 4 GiB"))
}

/// Python's msgpack 1.x drops a whole message for one other key, and its caller would wait in vain.
fn check_key(key: &Value) -> Result<(), RpcError> {
    if matches!(key, Value::String(_) | Value::Bytes(_)) {
        return Ok(());
    }
    let message = format!("a map key is {}; zerorpc's map keys are strings or bytes", key.kind());
    Err(RpcError::invalid_params(message))
}

/// The shortest form, as Python's packer chooses it.
fn encode_timestamp(out: &mut Vec<u8>, time: Timestamp) {
    let (seconds, nanos) = (time.seconds, time.nanos);
    match u64::try_from(seconds).ok().filter(|seconds| seconds >> 34 == 0) {
        Some(seconds) if nanos == 0 && seconds >> 32 == 0 => {
            put!(write_ext_meta, out, 4, TIMESTAMP);
            out.extend_from_slice(&(seconds as u32).to_be_bytes());
        }
        Some(seconds) => {
            put!(write_ext_meta, out, 8, TIMESTAMP);
            out.extend_from_slice(&(u64::from(nanos) << 34 | seconds).to_be_bytes());
        }
        None => {
            put!(write_ext_meta, out, 12, TIMESTAMP);
            out.extend_from_slice(&nanos.to_be_bytes());
            out.extend_from_slice(&seconds.to_be_bytes());
        }
    }
}
