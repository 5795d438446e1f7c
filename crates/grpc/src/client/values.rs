//! Messages to values, by the schema: names as protobuf's JSON form has them, fields that have their default too, bytes as
//! bytes, times as times.

use manywire_core::{Timestamp, Value};
use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MapKey, ReflectMessage as _, SerializeOptions, Value as Field,
};
use serde::{Serialize, Serializer};

use super::plain;
use crate::weight::Weight;

/// Makes a value of a message. The weight is what messages within an `Any` may yet take.
pub(super) fn to_value(message: &DynamicMessage, weight: Weight) -> Result<Value, String> {
    Reading { weight, levels: LEVELS }.message(message)
}

struct Reading {
    weight: Weight,
    /// Levels of messages that may yet be gone down. Decoders have such a bound too, but each `Any` begins anew.
    levels: usize,
}

/// Levels of messages in each other.
const LEVELS: usize = 100;

/// Types whose JSON form says more than their fields do.
const BY_JSON: &[&str] = &[
    "Duration",
    "Struct",
    "Value",
    "ListValue",
    "FieldMask",
    "Empty",
    "DoubleValue",
    "FloatValue",
    "Int64Value",
    "UInt64Value",
    "Int32Value",
    "UInt32Value",
    "BoolValue",
    "StringValue",
    "BytesValue",
];

impl Reading {
    fn message(&mut self, message: &DynamicMessage) -> Result<Value, String> {
        self.levels = self.levels.checked_sub(1).ok_or("it is nested too deep")?;
        let value = self.value(message);
        self.levels += 1;
        value
    }

    fn value(&mut self, message: &DynamicMessage) -> Result<Value, String> {
        let descriptor = message.descriptor();
        match descriptor.full_name() {
            plain::NUMBER | plain::VALUE => return self.kind_of(message),
            plain::LIST => return self.part(message, "values"),
            plain::MAP => return self.map(message),
            _ => {}
        }
        if let Some(field) = plain::lone(&descriptor) {
            return self.lone(message, &field);
        }
        match descriptor.full_name().strip_prefix("google.protobuf.") {
            Some("Timestamp") => Ok(to_time(message).into()),
            Some("Any") => self.any(message),
            Some(name) if BY_JSON.contains(&name) => {
                manywire_core::to_value(&Json(message)).map_err(|error| error.to_string())
            }
            _ => self.fields(message).map(Value::Map),
        }
    }

    /// What is set of a number, or of a value of any type; null where nothing is.
    fn kind_of(&mut self, message: &DynamicMessage) -> Result<Value, String> {
        let set = message.descriptor().fields().find(|field| message.has_field(field));
        match set.filter(|field| field.name() != "null") {
            Some(field) => self.field(&field.kind(), &message.get_field(&field)),
            None => Ok(Value::Null),
        }
    }

    /// What a message of a lone value holds; null where that may be left out, and was.
    fn lone(&mut self, message: &DynamicMessage, field: &FieldDescriptor) -> Result<Value, String> {
        if field.supports_presence() && !message.has_field(field) {
            return Ok(Value::Null);
        }
        self.field(&field.kind(), &message.get_field(field))
    }

    fn part(&mut self, message: &DynamicMessage, name: &str) -> Result<Value, String> {
        match message.descriptor().get_field_by_name(name) {
            Some(field) => self.field(&field.kind(), &message.get_field(&field)),
            None => Ok(Value::Null),
        }
    }

    /// The pairs of a map: those with texts for keys, then the others.
    fn map(&mut self, message: &DynamicMessage) -> Result<Value, String> {
        let mut pairs = match self.part(message, "fields")? {
            Value::Map(pairs) => pairs,
            _ => Vec::new(),
        };
        if let Value::Array(others) = self.part(message, "pairs")? {
            for other in others {
                let part = |name| other.get(name).cloned().unwrap_or_default();
                pairs.push((part("key"), part("value")));
            }
        }
        Ok(Value::Map(pairs))
    }

    fn fields(&mut self, message: &DynamicMessage) -> Result<Vec<(Value, Value)>, String> {
        let descriptor = message.descriptor();
        // Of messages there may be many, so none has more room than it needs.
        let mut pairs = Vec::with_capacity(descriptor.fields().len());
        for field in descriptor.fields() {
            if !field.supports_presence() || message.has_field(&field) {
                let value = self.field(&field.kind(), &message.get_field(&field))?;
                pairs.push((Value::from(field.json_name()), value));
            }
        }
        Ok(pairs)
    }

    /// A message of a type that it names itself: its fields beside the name, or under `value` what is no record.
    fn any(&mut self, message: &DynamicMessage) -> Result<Value, String> {
        let field = |name| message.get_field_by_name(name);
        let (Some(url), Some(packed)) = (field("type_url"), field("value")) else {
            return self.fields(message).map(Value::Map);
        };
        let (Field::String(url), Field::Bytes(packed)) = (&*url, &*packed) else {
            return self.fields(message).map(Value::Map);
        };
        let mut pairs = vec![(Value::from("@type"), Value::from(url.as_str()))];
        let name = url.rsplit('/').next().unwrap_or_default();
        let Some(descriptor) = message.descriptor().parent_pool().get_message_by_name(name) else {
            // Its bytes are all that can be said of it.
            pairs.push((Value::from("value"), Value::Bytes(packed.to_vec())));
            return Ok(Value::Map(pairs));
        };
        self.weight.add(packed, &descriptor).map_err(|error| error.to_string())?;
        let inner = DynamicMessage::decode(descriptor, packed.clone()).map_err(|error| error.to_string())?;
        match self.message(&inner)? {
            Value::Map(fields) if !name.starts_with("google.protobuf.") => pairs.extend(fields),
            other => pairs.push((Value::from("value"), other)),
        }
        Ok(Value::Map(pairs))
    }

    fn field(&mut self, kind: &Kind, field: &Field) -> Result<Value, String> {
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
            Field::Message(message) => self.message(message)?,
            Field::List(items) => {
                let mut values = Vec::with_capacity(items.len());
                for item in items {
                    values.push(self.field(kind, item)?);
                }
                Value::Array(values)
            }
            Field::Map(entries) => {
                let entry = kind.as_message().ok_or("a map without an entry type")?;
                let kind = entry.map_entry_value_field().kind();
                let pair = |(key, item)| Ok((to_key(key), self.field(&kind, item)?));
                let mut pairs = entries.iter().map(pair).collect::<Result<Vec<_>, String>>()?;
                pairs.sort_by(|(a, _), (b, _)| order(a, b));
                Value::Map(pairs)
            }
        })
    }
}

fn to_time(message: &DynamicMessage) -> Timestamp {
    let number = |name| message.get_field_by_name(name).and_then(|field| field.as_i64());
    let nanos = message.get_field_by_name("nanos").and_then(|field| field.as_i32());
    Timestamp::utc(number("seconds").unwrap_or(0), nanos.and_then(|nanos| nanos.try_into().ok()).unwrap_or(0))
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
