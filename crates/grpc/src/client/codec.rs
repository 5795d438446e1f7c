//! Values to messages and back, by the schema.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as STANDARD;
use manywire_core::{RpcError, Value, to_value};
use prost::Message as _;
use prost_reflect::{DynamicMessage, MessageDescriptor, SerializeOptions};
use serde::{Serialize, Serializer};
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};

/// Whether a value fits a message; the error says where it does not.
pub(super) fn check(descriptor: &MessageDescriptor, value: &Value) -> Result<(), RpcError> {
    to_message(descriptor, value.clone()).map(|_| ())
}

fn to_message(descriptor: &MessageDescriptor, value: Value) -> Result<DynamicMessage, RpcError> {
    DynamicMessage::deserialize(descriptor.clone(), bytes_as_text(value))
        .map_err(|error| RpcError::invalid_params(format!("{}: {error}", descriptor.full_name())))
}

/// Bytes as protobuf's JSON form has them, in base64.
fn bytes_as_text(value: Value) -> Value {
    match value {
        Value::Bytes(bytes) => Value::String(STANDARD.encode(bytes)),
        Value::Array(items) => Value::Array(items.into_iter().map(bytes_as_text).collect()),
        Value::Map(pairs) => {
            Value::Map(pairs.into_iter().map(|(key, item)| (key, bytes_as_text(item))).collect())
        }
        other => other,
    }
}

/// A message in protobuf's JSON form, but with all integers as numbers and with fields that have their default.
struct Json<'a>(&'a DynamicMessage);

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let options = SerializeOptions::new().stringify_64_bit_integers(false).skip_default_fields(false);
        self.0.serialize_with_options(serializer, &options)
    }
}

/// Encodes requests of one type and decodes answers of another.
pub(super) struct DynamicCodec {
    pub(super) input: MessageDescriptor,
    pub(super) output: MessageDescriptor,
}

pub(super) struct Requests(MessageDescriptor);

pub(super) struct Replies(MessageDescriptor);

impl Codec for DynamicCodec {
    type Encode = Result<Value, Status>;
    type Decode = Value;
    type Encoder = Requests;
    type Decoder = Replies;

    fn encoder(&mut self) -> Requests {
        Requests(self.input.clone())
    }

    fn decoder(&mut self) -> Replies {
        Replies(self.output.clone())
    }
}

impl Encoder for Requests {
    type Item = Result<Value, Status>;
    type Error = Status;

    fn encode(&mut self, request: Result<Value, Status>, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        let message = to_message(&self.0, request?).map_err(crate::error::to_status)?;
        message.encode(out).map_err(|error| Status::internal(error.to_string()))
    }
}

impl Decoder for Replies {
    type Item = Value;
    type Error = Status;

    fn decode(&mut self, buf: &mut DecodeBuf<'_>) -> Result<Option<Value>, Status> {
        let undecodable =
            |why: String| Status::internal(format!("the answer is no {}: {why}", self.0.full_name()));
        let message =
            DynamicMessage::decode(self.0.clone(), buf).map_err(|error| undecodable(error.to_string()))?;
        to_value(&Json(&message)).map(Some).map_err(|error| undecodable(error.to_string()))
    }
}
