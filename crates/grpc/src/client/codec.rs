//! Requests out of values, and answers as values.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as STANDARD;
use bytes::{Buf as _, BufMut as _, Bytes};
use manywire_core::{ErrorKind, Origin, RpcError, Value};
use prost::Message as _;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value as Field};
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};

use super::Unreadable;
use super::plain::spell;
use super::values::to_value;
use crate::weight::Weight;

/// A request on its way, or why the requests end before they are complete.
pub(super) type Outgoing = Result<DynamicMessage, Status>;

/// Reads a value as a message; the error says where it does not fit.
pub(super) fn to_message(descriptor: &MessageDescriptor, value: Value) -> Result<DynamicMessage, RpcError> {
    let mut value = spell(descriptor, value);
    // The bytes of a piece of a file, say, need not travel through base64.
    let bytes = take_bytes(descriptor, &mut value);
    let mut message = DynamicMessage::deserialize(descriptor.clone(), json_form(value)).map_err(|error| {
        let message = format!("{}: {error}", descriptor.full_name());
        RpcError::arose(Origin::Usage, message).with_kind(ErrorKind::InvalidParams)
    })?;
    for (field, bytes) in bytes {
        message.set_field(&field, Field::Bytes(bytes.into()));
    }
    Ok(message)
}

/// Takes out the bytes that are fields of the message itself.
fn take_bytes(descriptor: &MessageDescriptor, value: &mut Value) -> Vec<(FieldDescriptor, Vec<u8>)> {
    let Value::Map(pairs) = value else { return Vec::new() };
    let bytes_field = |name: &str| {
        let field = descriptor.get_field_by_json_name(name).or_else(|| descriptor.get_field_by_name(name))?;
        (field.kind() == Kind::Bytes && !field.is_list() && field.containing_oneof().is_none())
            .then_some(field)
    };
    let taken = pairs.extract_if(.., |(name, value)| {
        matches!(value, Value::Bytes(_)) && name.as_str().is_some_and(|name| bytes_field(name).is_some())
    });
    let pair = |(name, value): (Value, Value)| match value {
        Value::Bytes(bytes) => Some((bytes_field(name.as_str()?)?, bytes)),
        _ => None,
    };
    taken.filter_map(pair).collect()
}

/// Bytes, times and floats that are no numbers as protobuf's JSON form has them: in base64, in RFC 3339, by name.
fn json_form(value: Value) -> Value {
    match value {
        Value::Bytes(bytes) => Value::String(STANDARD.encode(bytes)),
        Value::Timestamp(time) => Value::String(time.to_string()),
        Value::Float(float) if float.is_nan() => "NaN".into(),
        Value::Float(f64::INFINITY) => "Infinity".into(),
        Value::Float(f64::NEG_INFINITY) => "-Infinity".into(),
        Value::Array(items) => Value::Array(items.into_iter().map(json_form).collect()),
        Value::Map(pairs) => {
            Value::Map(pairs.into_iter().map(|(key, item)| (key, json_form(item))).collect())
        }
        other => other,
    }
}

/// Encodes requests and decodes answers of one type, which take so many bytes of memory at most.
pub(super) struct DynamicCodec {
    pub(super) output: MessageDescriptor,
    pub(super) most: usize,
}

/// Hands messages of one type through as they are.
pub(super) struct Verbatim;

impl Codec for Verbatim {
    type Encode = Result<Bytes, Status>;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Verbatim
    }

    fn decoder(&mut self) -> Self {
        Verbatim
    }
}

impl Encoder for Verbatim {
    type Item = Result<Bytes, Status>;
    type Error = Status;

    fn encode(&mut self, request: Self::Item, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        out.put(request?);
        Ok(())
    }
}

impl Decoder for Verbatim {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buf: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buf.copy_to_bytes(buf.remaining())))
    }
}

pub(super) struct Requests;

pub(super) struct Replies {
    output: MessageDescriptor,
    most: usize,
}

impl Codec for DynamicCodec {
    type Encode = Outgoing;
    type Decode = Value;
    type Encoder = Requests;
    type Decoder = Replies;

    fn encoder(&mut self) -> Requests {
        Requests
    }

    fn decoder(&mut self) -> Replies {
        Replies { output: self.output.clone(), most: self.most }
    }
}

impl Encoder for Requests {
    type Item = Outgoing;
    type Error = Status;

    fn encode(&mut self, request: Outgoing, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        request?.encode(out).map_err(|error| Status::internal(error.to_string()))
    }
}

impl Decoder for Replies {
    type Item = Value;
    type Error = Status;

    fn decode(&mut self, buf: &mut DecodeBuf<'_>) -> Result<Option<Value>, Status> {
        let answer = buf.copy_to_bytes(buf.remaining());
        let name = self.output.full_name();
        let undecodable = |why: String| Unreadable(format!("the answer is no {name}: {why}"));
        let mut weight = Weight::dynamic(self.most);
        let counted = weight.add(&answer, &self.output);
        counted.map_err(|error| Unreadable(format!("the answer is too large: {error}")))?;
        let message = DynamicMessage::decode(self.output.clone(), answer)
            .map_err(|error| undecodable(error.to_string()))?;
        Ok(Some(to_value(&message, weight).map_err(undecodable)?))
    }
}
