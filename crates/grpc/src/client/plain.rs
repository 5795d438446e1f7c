//! `manywire.Number`, `manywire.Value` and the messages of lone values as what they stand for: 5 is `{"int": 5}` to a server
//! that takes any number, `{"value": 5}` to one that takes an integer and nothing else, and 5 again in their answers.

use manywire_core::Value;
use manywire_protobuf::LONE_VALUE;
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

pub(super) const NUMBER: &str = "manywire.Number";
pub(super) const VALUE: &str = "manywire.Value";
pub(super) const LIST: &str = "manywire.List";
pub(super) const MAP: &str = "manywire.Map";

/// The field of a message that a server of ours has made for a value which is no record. A message of one field is not enough:
/// it has to say so itself. Such messages may be in each other, but a server may not send us round in a circle.
pub(super) fn lone(descriptor: &MessageDescriptor) -> Option<FieldDescriptor> {
    let field = marked(descriptor)?;
    let mut inside = held(&field);
    for _ in 0..DEEPEST {
        let Some(next) = inside.as_ref().and_then(marked) else { return Some(field) };
        inside = held(&next);
    }
    None
}

/// How many messages of lone values may be in each other.
const DEEPEST: usize = 64;

fn marked(descriptor: &MessageDescriptor) -> Option<FieldDescriptor> {
    let mut fields = descriptor.fields();
    let (first, second) = (fields.next(), fields.next());
    first.filter(|_| second.is_none() && descriptor.reserved_names().any(|name| name == LONE_VALUE))
}

/// The message that is in a field, in its list or in its map.
fn held(field: &FieldDescriptor) -> Option<MessageDescriptor> {
    match field.kind() {
        Kind::Message(entry) if entry.is_map_entry() => {
            entry.map_entry_value_field().kind().as_message().cloned()
        }
        Kind::Message(message) => Some(message),
        _ => None,
    }
}

/// Whether a map can be what such a field holds, and so is not its message.
fn takes_map(field: &FieldDescriptor) -> bool {
    field.is_map() || !field.is_list() && matches!(field.kind(), Kind::Message(_))
}

/// Spells out, in a value that is to become this message, lone values, numbers, and values of any type.
pub(super) fn spell(descriptor: &MessageDescriptor, value: Value) -> Value {
    if let Some(field) = lone(descriptor)
        && (takes_map(&field) || !matches!(value, Value::Map(_)))
    {
        return one(field.json_name(), spell_field(&field, value));
    }
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

#[cfg(test)]
mod tests {
    use prost::Message as _;
    use prost_types::field_descriptor_proto::{Label, Type};
    use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto};

    use super::super::codec::to_message;
    use super::super::descriptors::Descriptors;
    use super::super::values::to_value;
    use super::*;
    use crate::weight::Weight;

    /// A message with one field named `value`, an integer or another message.
    fn message(name: &str, of: Option<&str>, label: Label, is_marked: bool) -> DescriptorProto {
        let field = FieldDescriptorProto {
            name: Some("value".into()),
            number: Some(1),
            label: Some(label.into()),
            r#type: Some(if of.is_some() { Type::Message } else { Type::Int64 }.into()),
            type_name: of.map(|of| format!(".{of}")),
            ..FieldDescriptorProto::default()
        };
        DescriptorProto {
            name: Some(name.into()),
            field: vec![field],
            reserved_name: if is_marked {
                vec![LONE_VALUE.into(), "other".into()]
            } else {
                vec!["other".into()]
            },
            ..DescriptorProto::default()
        }
    }

    fn described(message_type: Vec<DescriptorProto>, name: &str) -> MessageDescriptor {
        let file = FileDescriptorProto {
            name: Some("a.proto".into()),
            syntax: Some("proto3".into()),
            message_type,
            ..FileDescriptorProto::default()
        };
        let mut descriptors = Descriptors::new(&manywire_core::Limits::default());
        descriptors.add(&file.encode_to_vec()).unwrap();
        descriptors.pool().unwrap().get_message_by_name(name).unwrap()
    }

    fn told(descriptor: &MessageDescriptor, value: Value) -> Value {
        to_value(&to_message(descriptor, value).unwrap(), Weight::dynamic(1 << 20)).unwrap()
    }

    #[test]
    fn a_message_that_says_so_is_what_is_in_it_and_any_other_is_a_message() {
        let ours = described(vec![message("Ours", None, Label::Optional, true)], "Ours");
        let as_message = Value::map([("value", 3.into())]);
        assert_eq!((told(&ours, 3.into()), told(&ours, as_message.clone())), (3.into(), 3.into()));
        let foreign = described(vec![message("Foreign", None, Label::Optional, false)], "Foreign");
        assert_eq!(told(&foreign, as_message.clone()), as_message);
        to_message(&foreign, 3.into()).unwrap_err();
    }

    #[test]
    fn lists_of_lists_are_lists_again() {
        let inner = message("IntList", None, Label::Repeated, true);
        let outer = described(vec![message("Lists", Some("IntList"), Label::Repeated, true), inner], "Lists");
        let lists = Value::Array(vec![Value::Array(vec![1.into(), 2.into()]), Value::Array(vec![])]);
        assert_eq!(told(&outer, lists.clone()), lists);
    }

    #[test]
    fn a_server_that_goes_round_in_a_circle_is_not_followed() {
        for label in [Label::Optional, Label::Repeated] {
            let circle = [("A", "B"), ("B", "A")].map(|(name, of)| message(name, Some(of), label, true));
            let descriptor = described(circle.to_vec(), "A");
            assert!(lone(&descriptor).is_none());
            to_message(&descriptor, 5.into()).unwrap_err();
        }
    }
}
