//! Events: `[headers, name, args]` in msgpack, the payload of every message.
//!
//! Headers are `message_id` (32 hexadecimal digits as bin), `v` (3) and, in every event but the one that opens a channel,
//! `response_to`, the id of that first event; further ones (a tracer's, say) are the call's metadata. Without a `v` it is 1: such
//! a peer knows errors of one text only.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use manywire_core::{RpcError, Value};

use crate::header::{Header, TIMEOUT};
use crate::msgpack::{self, Bounds, DecodeError, Head, Keys, Reader, put};
use crate::zmtp::frame::{self, Kind};

/// An id longer than this is refused, since open channels keep theirs.
const LONGEST_ID: usize = 256;
/// What precedes the payload of a message that no broker passed on: one empty frame.
const NO_ENVELOPE: &[u8] = &[0x01, 0x00];
const VERSION: u8 = 3;

pub(crate) const OK: &str = "OK";
pub(crate) const ERR: &str = "ERR";
pub(crate) const STREAM: &str = "STREAM";
pub(crate) const STREAM_DONE: &str = "STREAM_DONE";
pub(crate) const HEARTBEAT: &str = "_zpc_hb";
pub(crate) const MORE: &str = "_zpc_more";

/// Bytes that a value takes in memory, whatever it points to not counted.
const VALUE_BYTES: usize = 32;

/// A received event; its ids are the msgpack values as they came, so that their type is kept.
#[derive(Debug)]
pub(crate) struct Event<'a> {
    pub(crate) message_id: Option<&'a [u8]>,
    pub(crate) response_to: Option<&'a [u8]>,
    pub(crate) peer: Peer,
    pub(crate) name: &'a str,
    pub(crate) header: Header<'a>,
    args: Reader<'a>,
    length: usize,
}

/// Why a payload is no event, and the id under which its sender waits, where that could be read.
#[derive(Debug)]
pub(crate) struct EventError<'a> {
    pub(crate) message_id: Option<&'a [u8]>,
    pub(crate) peer: Peer,
    pub(crate) reason: String,
}

/// What the sender of an event understands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Peer {
    pub(crate) version: Version,
    /// Of Python 3 the ids are bin. Packers whose ids are text, Node's among them, read maps with integer keys.
    pub(crate) keys: Keys,
}

/// The protocol that a peer speaks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Version {
    /// Of 2012: its errors are one text, and it is sent no heartbeat before it sent one.
    First,
    /// Any later one.
    #[default]
    Current,
}

#[derive(Debug, Default)]
struct Headers<'a> {
    message_id: Option<&'a [u8]>,
    response_to: Option<&'a [u8]>,
    peer: Peer,
    header: Header<'a>,
}

/// What was read, and the bytes that it takes in memory.
#[derive(Debug)]
pub(crate) struct Weighed<T> {
    pub(crate) value: T,
    pub(crate) bytes: usize,
}

/// Reads an event up to its arguments.
pub(crate) fn decode(payload: &[u8]) -> Result<Event<'_>, EventError<'_>> {
    let mut reader = Reader::new(payload);
    let mut headers = Headers::default();
    let name = decode_start(&mut reader, &mut headers);
    let Headers { message_id, response_to, peer, header } = headers;
    match name {
        Ok(name) => {
            Ok(Event { message_id, response_to, peer, name, header, args: reader, length: payload.len() })
        }
        Err(reason) => Err(EventError { message_id, peer, reason }),
    }
}

fn decode_start<'a>(reader: &mut Reader<'a>, headers: &mut Headers<'a>) -> Result<&'a str, String> {
    match head(reader)? {
        Head::Array(3) => {}
        _ => return Err("an event is a list of headers, name and arguments".into()),
    }
    match head(reader)? {
        Head::Map(count) => decode_headers(reader, count, headers)?,
        _ => return Err("the headers of an event are a map".into()),
    }
    let (Head::Str(name) | Head::Bin(name)) = head(reader)? else {
        return Err("the name of an event is a string".into());
    };
    std::str::from_utf8(name).map_err(|_| "the name of an event is not UTF-8".into())
}

fn decode_headers<'a>(
    reader: &mut Reader<'a>,
    count: usize,
    headers: &mut Headers<'a>,
) -> Result<(), String> {
    let mut spoken = Version::First;
    let start = reader.rest();
    for _ in 0..count {
        let key = reader.skip().map_err(|error| error.to_string())?;
        let value = reader.skip().map_err(|error| error.to_string())?;
        // Old packers write keys as raw, which is str today; bin keys are taken as well.
        match Reader::new(key).head() {
            Ok(Head::Str(b"message_id") | Head::Bin(b"message_id")) => {
                headers.message_id = Some(id(value)?);
                headers.peer.keys = keys(value);
            }
            Ok(Head::Str(b"response_to") | Head::Bin(b"response_to")) => {
                headers.response_to = Some(id(value)?);
            }
            Ok(Head::Str(b"v") | Head::Bin(b"v")) => spoken = version(value),
            Ok(Head::Str(b"timeout") | Head::Bin(b"timeout")) => headers.header.timeout = Some(value),
            _ => {}
        }
    }
    headers.header.entries = &start[..start.len() - reader.rest().len()];
    headers.peer.version = spoken;
    Ok(())
}

fn head<'a>(reader: &mut Reader<'a>) -> Result<Head<'a>, String> {
    reader.head().map_err(|error| error.to_string())
}

fn keys(id: &[u8]) -> Keys {
    match Reader::new(id).head() {
        Ok(Head::Str(_)) => Keys::Integers,
        _ => Keys::Texts,
    }
}

fn version(value: &[u8]) -> Version {
    match Reader::new(value).head() {
        Ok(Head::Int(2..) | Head::Uint(_)) => Version::Current,
        _ => Version::First,
    }
}

fn id(bytes: &[u8]) -> Result<&[u8], String> {
    match bytes.len() {
        0..=LONGEST_ID => Ok(bytes),
        length => Err(format!("an id of {length} bytes is too long; at most {LONGEST_ID} are taken")),
    }
}

impl Event<'_> {
    /// The arguments of a call.
    pub(crate) fn args(mut self, bounds: Bounds) -> Result<Weighed<Vec<Value>>, RpcError> {
        let decoded = match self.args.head() {
            Ok(Head::Array(count)) => self.args.values(count, bounds),
            Ok(_) => return Err(RpcError::invalid_params("the arguments of a call are a list")),
            Err(error) => Err(error),
        };
        let (value, count) = decoded.map_err(|error| RpcError::invalid_params(error.to_string()))?;
        Ok(Weighed { value, bytes: self.length + count * VALUE_BYTES })
    }

    /// The arguments, whatever they are: the item of a stream.
    pub(crate) fn value(mut self, bounds: Bounds) -> Result<Weighed<Value>, DecodeError> {
        let (value, count) = self.args.value(bounds)?;
        Ok(Weighed { value, bytes: self.length + count * VALUE_BYTES })
    }

    /// The one number of a heartbeat or a grant; none where it is something else.
    pub(crate) fn number(&self) -> Option<u64> {
        let mut args = self.args.clone();
        match (args.head(), args.head()) {
            (Ok(Head::Array(1..)), Ok(Head::Int(number))) => u64::try_from(number).ok(),
            (Ok(Head::Array(1..)), Ok(Head::Uint(number))) => Some(number),
            _ => None,
        }
    }
}

/// Where an event goes: through which brokers, and into which channel.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Route<'a> {
    /// The frames before the payload, headers included; empty where none came.
    pub(crate) envelope: &'a [u8],
    /// The id of the channel's first event, as msgpack.
    pub(crate) response_to: Option<&'a [u8]>,
    pub(crate) peer: Peer,
}

impl<'a> Route<'a> {
    /// To a server, into this channel or a new one.
    pub(crate) fn to_server(response_to: Option<&'a [u8]>) -> Self {
        Self { envelope: &[], response_to, peer: Peer::default() }
    }
}

/// The id of an event: 32 hexadecimal digits.
pub(crate) type MessageId = [u8; 32];

/// Makes ids that no other process makes: a random base and a counter, as Python's do.
#[derive(Debug)]
pub(crate) struct Ids {
    next: AtomicU32,
    base: [u8; 24],
}

impl Ids {
    pub(crate) fn new() -> Self {
        let random = || RandomState::new().build_hasher().finish();
        let mut base = [0; 24];
        base.copy_from_slice(&format!("{:016x}{:016x}", random(), random()).as_bytes()[..24]);
        Self { next: AtomicU32::new(random() as u32), base }
    }

    pub(crate) fn next(&self) -> MessageId {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let mut id = [0; 32];
        for (digit, shift) in id.iter_mut().zip((0..32).step_by(4).rev()) {
            *digit = b"0123456789abcdef"[(number >> shift) as usize & 0xf];
        }
        id[8..].copy_from_slice(&self.base);
        id
    }
}

/// Writes events, each with an id of its own.
#[derive(Debug, Clone)]
pub(crate) struct Writer {
    ids: Arc<Ids>,
}

impl Writer {
    pub(crate) fn new() -> Self {
        Self { ids: Arc::new(Ids::new()) }
    }

    /// Appends a message with an event; where its arguments cannot be written, nothing is appended.
    pub(crate) fn write(
        &self,
        out: &mut Vec<u8>,
        route: Route<'_>,
        name: &str,
        args: impl FnOnce(&mut Vec<u8>) -> Result<(), RpcError>,
    ) -> Result<MessageId, RpcError> {
        self.write_within(out, route, None, name, args)
    }

    /// The same, of a caller who waits for so long.
    pub(crate) fn write_within(
        &self,
        out: &mut Vec<u8>,
        route: Route<'_>,
        timeout: Option<Duration>,
        name: &str,
        args: impl FnOnce(&mut Vec<u8>) -> Result<(), RpcError>,
    ) -> Result<MessageId, RpcError> {
        let (start, id) = (out.len(), self.ids.next());
        out.extend_from_slice(if route.envelope.is_empty() { NO_ENVELOPE } else { route.envelope });
        let result = frame::encode(out, Kind::Last, |out| {
            encode(out, &id, route.response_to, timeout, name);
            args(out)
        });
        if result.is_err() {
            out.truncate(start);
        }
        result.map(|()| id)
    }

    /// Appends a heartbeat or a grant.
    pub(crate) fn write_number(&self, out: &mut Vec<u8>, route: Route<'_>, name: &str, number: u32) {
        // A number can always be written.
        let _ = self.write(out, route, name, |out| {
            msgpack::encode_array(out, &[Value::Int(number.into())], Keys::Texts)
        });
    }

    /// The payload of an event that opens no channel, as publishers send it.
    pub(crate) fn payload(&self, name: &str, args: &[Value]) -> Result<Vec<u8>, RpcError> {
        let mut out = Vec::with_capacity(128);
        encode(&mut out, &self.ids.next(), None, None, name);
        msgpack::encode_array(&mut out, args, Keys::Texts)?;
        Ok(out)
    }
}

/// Appends an event up to its arguments.
fn encode(out: &mut Vec<u8>, id: &[u8], response_to: Option<&[u8]>, timeout: Option<Duration>, name: &str) {
    put!(write_array_len, out, 3);
    put!(write_map_len, out, 2 + u32::from(response_to.is_some()) + u32::from(timeout.is_some()));
    put!(write_str, out, "message_id");
    put!(write_bin, out, id);
    put!(write_str, out, "v");
    put!(write_pfix, out, VERSION);
    if let Some(channel) = response_to {
        put!(write_str, out, "response_to");
        out.extend_from_slice(channel);
    }
    if let Some(timeout) = timeout {
        put!(write_str, out, TIMEOUT);
        put!(write_f64, out, timeout.as_secs_f64());
    }
    put!(write_str, out, name);
}
