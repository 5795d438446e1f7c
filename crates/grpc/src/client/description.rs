//! What the descriptors tell of a method, as all wires tell it.

use manywire_core::{Description, Kind as Streams, Parameter, RpcError};
use prost_reflect::{FieldDescriptor, Kind};

use super::{Client, plain};

impl Client {
    /// What a method takes and returns, by `Greeter/SayHello` or `Greeter.SayHello`.
    pub fn describe(&self, name: &str) -> Result<Description, RpcError> {
        let method = self.schema.find(name)?;
        let kind = match (method.is_client_streaming(), method.is_server_streaming()) {
            (false, false) => Streams::Unary,
            (false, true) => Streams::ServerStream,
            (true, false) => Streams::ClientStream,
            (true, true) => Streams::TwoWay,
        };
        let input = method.input();
        let lone = plain::lone(&input);
        // An argument that is alone in its message has no name.
        let parameter = |field: FieldDescriptor| Parameter {
            name: if lone.is_some() { String::new() } else { field.json_name().to_owned() },
            shape: shape(&field),
            optional: is_optional(&field),
        };
        Ok(Description {
            name: name.to_owned(),
            kind: kind.as_str().to_owned(),
            doc: String::new(),
            parameters: input.fields().map(parameter).collect(),
            returns: single(&Kind::Message(method.output())),
        })
    }
}

/// Whether a list of arguments may end before it. By name every field may be left out: it is zero then.
fn is_optional(field: &FieldDescriptor) -> bool {
    let is_message = matches!(field.kind(), Kind::Message(message) if message.full_name() != plain::NUMBER);
    field.field_descriptor_proto().proto3_optional() || is_message && !field.is_list() && !field.is_map()
}

fn shape(field: &FieldDescriptor) -> String {
    match single(&field.kind()) {
        _ if field.is_map() => "map".to_owned(),
        name if field.is_list() => format!("[{name}]"),
        name if field.field_descriptor_proto().proto3_optional() => format!("{name}?"),
        name => name,
    }
}

/// A type in the words of all wires. Messages and enums have forms of their own, which protobuf's JSON says: they have their
/// names.
fn single(kind: &Kind) -> String {
    let name = match kind {
        Kind::Double | Kind::Float => "float",
        Kind::Bool => "bool",
        Kind::String => "string",
        Kind::Bytes => "bytes",
        Kind::Enum(choices) => choices.full_name(),
        Kind::Message(message) => match (plain::lone(message), message.full_name()) {
            (Some(field), _) => return shape(&field),
            (None, plain::NUMBER) => "number",
            (None, plain::VALUE) => "any",
            (None, "google.protobuf.Timestamp") => "timestamp",
            (None, name) => name,
        },
        _ => "int",
    };
    name.to_owned()
}
