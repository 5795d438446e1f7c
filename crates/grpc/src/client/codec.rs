//! Values to messages and back, by the schema.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as STANDARD;
use manywire_core::{RpcError, Timestamp, Value, to_value};
use prost::Message as _;
use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, ReflectMessage as _, SerializeOptions,
    Value as Field,
};
use serde::{Serialize, Serializer};
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};

/// A request on its way, or why the requests end before they are complete.
pub(super) type Outgoing = Result<DynamicMessage, Status>;

/// Reads a value as a message; the error says where it does not fit.
pub(super) fn to_message(
    descriptor: &MessageDescriptor,
    mut value: Value,
) -> Result<DynamicMessage, RpcError> {
    // The bytes of a piece of a file, say, need not travel through base64.
    let bytes = take_bytes(descriptor, &mut value);
    let mut message = DynamicMessage::deserialize(descriptor.clone(), json_form(value))
        .map_err(|error| RpcError::invalid_params(format!("{}: {error}", descriptor.full_name())))?;
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

/// A message as a value: names as protobuf's JSON form has them, fields that have their default too, bytes as bytes,
/// times as times.
fn to_map(message: &DynamicMessage) -> Result<Value, String> {
    let descriptor = message.descriptor();
    if descriptor.full_name() == "google.protobuf.Timestamp" {
        return Ok(to_time(message).into());
    }
    if descriptor.package_name() == "google.protobuf" {
        return to_value(&Json(message)).map_err(|error| error.to_string());
    }
    let fields = descriptor.fields().filter(|field| !field.supports_presence() || message.has_field(field));
    let pairs = fields.map(|field| {
        let value = to_field(&field.kind(), &message.get_field(&field))?;
        Ok((Value::from(field.json_name()), value))
    });
    pairs.collect::<Result<_, String>>().map(Value::Map)
}

fn to_time(message: &DynamicMessage) -> Timestamp {
    let number = |name| message.get_field_by_name(name).and_then(|field| field.as_i64());
    let nanos = message.get_field_by_name("nanos").and_then(|field| field.as_i32());
    Timestamp::utc(number("seconds").unwrap_or(0), nanos.and_then(|nanos| nanos.try_into().ok()).unwrap_or(0))
}

fn to_field(kind: &Kind, field: &Field) -> Result<Value, String> {
    Ok(match field {
        Field::Bool(b) => Value::Bool(*b),
        Field::I32(i) => Value::Int((*i).into()),
        Field::I64(i) => Value::Int(*i),
        Field::U32(u) => Value::Int((*u).into()),
        Field::U64(u) => Value::from(*u),
        Field::F32(f) => Value::Float((*f).into()),
        Field::F64(f) => Value::Float(*f),
        Field::String(text) => Value::from(text.as_str()),
        Field::Bytes(bytes) => Value::Bytes(bytes.to_vec()),
        Field::EnumNumber(number) => enum_name(kind, *number),
        Field::Message(message) => to_map(message)?,
        Field::List(items) => {
            Value::Array(items.iter().map(|item| to_field(kind, item)).collect::<Result<_, _>>()?)
        }
        Field::Map(entries) => {
            let entry = kind.as_message().ok_or("a map without an entry type")?;
            let kind = entry.map_entry_value_field().kind();
            let pair = |(key, item)| Ok((to_key(key), to_field(&kind, item)?));
            let mut pairs = entries.iter().map(pair).collect::<Result<Vec<_>, String>>()?;
            pairs.sort_by(|(a, _), (b, _)| order(a, b));
            Value::Map(pairs)
        }
    })
}

/// A map of protobuf has no order; by its keys it prints the same each time.
fn order(a: &Value, b: &Value) -> std::cmp::Ordering {
    match (a, b) {
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::Int(a), Value::Int(b)) => a.cmp(b),
        (Value::Uint(a), Value::Uint(b)) => a.cmp(b),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Int(_), _) => std::cmp::Ordering::Less,
        _ => std::cmp::Ordering::Greater,
    }
}

/// A value of an enum by its name, or by its number where the schema has no name for it.
fn enum_name(kind: &Kind, number: i32) -> Value {
    let known = kind.as_enum().and_then(|values| values.get_value(number));
    known.map_or(Value::Int(number.into()), |value| Value::from(value.name()))
}

fn to_key(key: &MapKey) -> Value {
    match key {
        MapKey::Bool(b) => Value::Bool(*b),
        MapKey::I32(i) => Value::Int((*i).into()),
        MapKey::I64(i) => Value::Int(*i),
        MapKey::U32(u) => Value::Int((*u).into()),
        MapKey::U64(u) => Value::from(*u),
        MapKey::String(text) => Value::from(text.as_str()),
    }
}

/// A message of protobuf's own types, such as a duration, in protobuf's JSON form, but with integers as numbers.
struct Json<'a>(&'a DynamicMessage);

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let options = SerializeOptions::new().stringify_64_bit_integers(false).skip_default_fields(false);
        self.0.serialize_with_options(serializer, &options)
    }
}

/// Encodes requests and decodes answers of one type.
pub(super) struct DynamicCodec {
    pub(super) output: MessageDescriptor,
}

pub(super) struct Requests;

pub(super) struct Replies(MessageDescriptor);

impl Codec for DynamicCodec {
    type Encode = Outgoing;
    type Decode = Value;
    type Encoder = Requests;
    type Decoder = Replies;

    fn encoder(&mut self) -> Requests {
        Requests
    }

    fn decoder(&mut self) -> Replies {
        Replies(self.output.clone())
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
        let undecodable =
            |why: String| Status::internal(format!("the answer is no {}: {why}", self.0.full_name()));
        let message =
            DynamicMessage::decode(self.0.clone(), buf).map_err(|error| undecodable(error.to_string()))?;
        to_map(&message).map(Some).map_err(undecodable)
    }
}
