//! What the descriptors tell of a method, as all wires tell it.

use manywire_core::{Description, Kind as Streams, Parameter, RpcError};
use prost_reflect::{FieldDescriptor, Kind};

use super::Client;

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
        let parameter =
            |field: FieldDescriptor| Parameter { name: field.json_name().to_owned(), shape: shape(&field) };
        Ok(Description {
            name: name.to_owned(),
            kind: kind.as_str().to_owned(),
            doc: String::new(),
            parameters: method.input().fields().map(parameter).collect(),
            returns: method.output().full_name().to_owned(),
        })
    }
}

fn shape(field: &FieldDescriptor) -> String {
    match scalar(&field.kind()) {
        _ if field.is_map() => "map".to_owned(),
        name if field.is_list() => format!("[{name}]"),
        name => name.to_owned(),
    }
}

/// Messages and enums have forms of their own, which protobuf's JSON says.
fn scalar(kind: &Kind) -> &'static str {
    match kind {
        Kind::Double | Kind::Float => "float",
        Kind::Bool => "bool",
        Kind::String => "string",
        Kind::Bytes => "bytes",
        Kind::Enum(_) => "any",
        Kind::Message(message) if message.full_name() == "google.protobuf.Timestamp" => "timestamp",
        Kind::Message(_) => "any",
        _ => "int",
    }
}
