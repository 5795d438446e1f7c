//! `manywire.Number` and `manywire.Value` as what they stand for: 5 is `{"int": 5}` to a server that takes any number, and 5
//! again in its answer.

use manywire_core::Value;
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

pub(super) const NUMBER: &str = "manywire.Number";
pub(super) const VALUE: &str = "manywire.Value";
pub(super) const LIST: &str = "manywire.List";
pub(super) const MAP: &str = "manywire.Map";

/// Spells out, in a value that is to become this message, the numbers and the values of any type.
pub(super) fn spell(descriptor: &MessageDescriptor, value: Value) -> Value {
    match (descriptor.full_name(), value) {
        (NUMBER, Value::Int(int)) => one("int", int.into()),
        (NUMBER, Value::Float(float)) => one("float", float.into()),
        (VALUE, value) => any(value),
        (_, Value::Map(pairs)) => {
            Value::Map(pairs.into_iter().map(|pair| spell_pair(descriptor, pair)).collect())
        }
        (_, other) => other,
    }
}

fn spell_pair(descriptor: &MessageDescriptor, (name, value): (Value, Value)) -> (Value, Value) {
    let field = name.as_str().and_then(|name| {
        descriptor.get_field_by_json_name(name).or_else(|| descriptor.get_field_by_name(name))
    });
    let value = match field {
        Some(field) => spell_field(&field, value),
        None => value,
    };
    (name, value)
}

fn spell_field(field: &FieldDescriptor, value: Value) -> Value {
    let Kind::Message(message) = field.kind() else { return value };
    match value {
        Value::Map(pairs) if field.is_map() => {
            let Kind::Message(inner) = message.map_entry_value_field().kind() else {
                return Value::Map(pairs);
            };
            Value::Map(pairs.into_iter().map(|(key, value)| (key, spell(&inner, value))).collect())
        }
        Value::Array(items) if field.is_list() => {
            Value::Array(items.into_iter().map(|item| spell(&message, item)).collect())
        }
        single => spell(&message, single),
    }
}

/// Any value as the fields of its message.
fn any(value: Value) -> Value {
    match value {
        Value::Null => Value::Map(Vec::new()),
        Value::Bool(_) => one("bool", value),
        Value::Int(_) => one("int", value),
        Value::Uint(_) => one("uint", value),
        Value::Float(_) => one("float", value),
        Value::String(_) => one("text", value),
        Value::Bytes(_) => one("bytes", value),
        Value::Timestamp(_) => one("timestamp", value),
        Value::Array(items) => one("list", one("values", Value::Array(items.into_iter().map(any).collect()))),
        Value::Map(pairs) => {
            let (named, others): (Vec<_>, Vec<_>) =
                pairs.into_iter().partition(|(key, _)| matches!(key, Value::String(_)));
            let named = named.into_iter().map(|(key, value)| (key, any(value))).collect();
            let pair = |(key, value)| Value::map([("key", any(key)), ("value", any(value))]);
            let others: Vec<Value> = others.into_iter().map(pair).collect();
            one("map", Value::map([("fields", Value::Map(named)), ("pairs", others.into())]))
        }
    }
}

fn one(name: &str, value: Value) -> Value {
    Value::map([(name, value)])
}
