//! What reflection tells, in the words that our servers have for it on other wires.

use std::collections::{HashSet, VecDeque};

use manywire_core::Kind;
use manywire_core::introspect::{Field, MethodSchema, RecordSchema, Schema, Type, TypeKind};
use prost_reflect::{FieldDescriptor, Kind as Proto, MessageDescriptor, MethodDescriptor};

use super::plain;

/// The schema of these methods.
pub(super) fn schema(methods: impl Iterator<Item = MethodDescriptor>) -> Schema {
    let mut records = Records::default();
    let methods = methods.map(|method| records.method(&method)).collect();
    Schema { methods, records: records.list() }
}

/// The messages that were named, those first that are yet to be looked into.
#[derive(Default)]
struct Records {
    open: VecDeque<MessageDescriptor>,
    known: HashSet<String>,
}

impl Records {
    fn method(&mut self, method: &MethodDescriptor) -> MethodSchema {
        let (input, output) = (method.input(), method.output());
        let name = format!("{}.{}", method.parent_service().full_name(), method.name());
        let stream_if = |is_stream| if is_stream { "stream of " } else { "" };
        let signature = format!(
            "{name}({}{}) -> {}{}",
            stream_if(method.is_client_streaming()),
            input.name(),
            stream_if(method.is_server_streaming()),
            output.name(),
        );
        MethodSchema {
            name,
            doc: String::new(),
            kind: Kind::of(method.is_client_streaming(), method.is_server_streaming()),
            safe: false,
            signature,
            parameters: self.parameters(&input),
            takes: self.message(&input),
            returns: self.message(&output),
        }
    }

    /// The fields of a request, or the argument that is alone in it.
    fn parameters(&mut self, input: &MessageDescriptor) -> Vec<Field> {
        match plain::lone(input) {
            Some(field) => vec![Field { name: "arg".to_owned(), ty: self.field(&field), required: false }],
            None => self.fields(input),
        }
    }

    fn fields(&mut self, message: &MessageDescriptor) -> Vec<Field> {
        let field = |field: FieldDescriptor| Field {
            // As values have it.
            name: field.json_name().to_owned(),
            ty: self.field(&field),
            // What is left out is zero.
            required: false,
        };
        message.fields().map(field).collect()
    }

    fn field(&mut self, field: &FieldDescriptor) -> Type {
        if let (true, Proto::Message(entry)) = (field.is_map(), field.kind()) {
            let (key, value) = (entry.map_entry_key_field(), entry.map_entry_value_field());
            return Type::map(self.single(&key.kind()), self.single(&value.kind()));
        }
        let single = self.single(&field.kind());
        match field {
            field if field.is_list() => Type::around(TypeKind::List, single),
            field if field.supports_presence() => Type::around(TypeKind::Optional, single),
            _ => single,
        }
    }

    fn single(&mut self, kind: &Proto) -> Type {
        Type::plain(match kind {
            Proto::Bool => TypeKind::Bool,
            Proto::Double | Proto::Float => TypeKind::Float,
            Proto::String => TypeKind::String,
            Proto::Bytes => TypeKind::Bytes,
            Proto::Enum(choices) => {
                return Type::choice(choices.values().map(|value| value.name().to_owned()).collect());
            }
            Proto::Message(message) => return self.message(message),
            _ => TypeKind::Int,
        })
    }

    fn message(&mut self, message: &MessageDescriptor) -> Type {
        if let Some(field) = plain::lone(message) {
            return self.field(&field);
        }
        match message.full_name() {
            "google.protobuf.Timestamp" => Type::plain(TypeKind::Timestamp),
            "manywire.Number" => Type::plain(TypeKind::Number),
            "manywire.Value" => Type::plain(TypeKind::Any),
            // What has a form of its own in protobuf's JSON has that as a value, too.
            name if name.starts_with("google.protobuf.") && name != "google.protobuf.Empty" => {
                Type::plain(TypeKind::Any)
            }
            name => {
                if self.known.insert(name.to_owned()) {
                    self.open.push_back(message.clone());
                }
                Type::record(name)
            }
        }
    }

    /// All that were named, and what these name.
    fn list(mut self) -> Vec<RecordSchema> {
        let mut list = Vec::new();
        while let Some(message) = self.open.pop_front() {
            let fields = self.fields(&message);
            list.push(RecordSchema { name: message.full_name().to_owned(), fields });
        }
        list
    }
}
