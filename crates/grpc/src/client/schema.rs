//! What a server serves, for calls and for people.

use std::fmt::Write as _;

use manywire_core::introspect::ProtoFile;
use manywire_core::{ErrorKind, Origin, RpcError};
use manywire_protobuf::identifier;
use prost_reflect::{
    Cardinality, DescriptorPool, FieldDescriptor, Kind, MessageDescriptor, MethodDescriptor,
    ServiceDescriptor,
};

/// The services that a server lists.
pub(super) struct Schema {
    pool: DescriptorPool,
    services: Vec<String>,
    /// Who says that there is no such method: the server, or files of the caller's.
    origin: Origin,
}

/// What a method is called, and what it takes and returns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MethodInfo {
    /// `Greeter/SayHello`.
    pub name: String,
    /// `rpc SayHello(HelloRequest) returns (HelloReply)`.
    pub signature: String,
    /// Whether it takes a stream of requests.
    pub takes_stream: bool,
    /// Whether it answers with a stream.
    pub returns_stream: bool,
    /// The request and the answer, as a proto file has them.
    pub messages: String,
}

impl MethodInfo {
    pub(super) fn new(method: &MethodDescriptor) -> Self {
        let stream = |is_stream| if is_stream { "stream " } else { "" };
        let (input, output) = (method.input(), method.output());
        Self {
            name: format!("{}/{}", method.parent_service().full_name(), method.name()),
            signature: format!(
                "rpc {}({}{}) returns ({}{})",
                method.name(),
                stream(method.is_client_streaming()),
                input.full_name(),
                stream(method.is_server_streaming()),
                output.full_name(),
            ),
            takes_stream: method.is_client_streaming(),
            returns_stream: method.is_server_streaming(),
            messages: if input == output { message(&input) } else { message(&input) + &message(&output) },
        }
    }
}

impl Schema {
    pub(super) fn new(pool: DescriptorPool, services: Vec<String>) -> Self {
        Self { pool, services, origin: Origin::Server }
    }

    /// What files of the caller's say.
    pub(super) fn of_files(pool: DescriptorPool, services: Vec<String>) -> Self {
        Self { pool, services, origin: Origin::Usage }
    }

    pub(super) fn methods(&self) -> Vec<MethodInfo> {
        self.descriptors().map(|method| MethodInfo::new(&method)).collect()
    }

    pub(super) fn protos(&self) -> Vec<ProtoFile> {
        let print = |file: &prost_types::FileDescriptorProto| {
            let mut file = file.clone();
            file.dependency.sort_unstable();
            ProtoFile { name: file.name().to_owned(), text: manywire_protobuf::print(&file) }
        };
        let files = self.pool.file_descriptor_protos();
        files.filter(|file| !file.name().starts_with("google/protobuf/")).map(print).collect()
    }

    pub(super) fn files(&self) -> impl Iterator<Item = &prost_types::FileDescriptorProto> {
        self.pool.file_descriptor_protos()
    }

    pub(super) fn descriptors(&self) -> impl Iterator<Item = MethodDescriptor> {
        let services = self.services.iter().filter_map(|name| self.pool.get_service_by_name(name));
        services.flat_map(|service| service.methods().collect::<Vec<_>>())
    }

    /// A method by `Greeter/SayHello` or `Greeter.SayHello`, with or without a slash in front; by `SayHello` where one service
    /// alone has it, as the other wires know a method without a service.
    pub(super) fn find(&self, name: &str) -> Result<MethodDescriptor, RpcError> {
        let bare = name.trim_start_matches('/');
        let Some((service, method)) = bare.rsplit_once('/').or_else(|| bare.rsplit_once('.')) else {
            return self.find_bare(bare);
        };
        let found = self.pool.get_service_by_name(service);
        let Some(service) = found.or_else(|| self.renamed_service(bare)) else {
            return Err(self.unknown(format!("no service {service}; there are {}", self.services.join(", "))));
        };
        // Where the service was renamed, the method's name begins at its last dot.
        let method = identifier(method.rsplit_once('.').map_or(method, |(_, method)| method));
        let found = service.methods().find(|known| known.name() == method);
        found.ok_or_else(|| {
            let names: Vec<_> = service.methods().map(|known| known.name().to_owned()).collect();
            self.unknown(format!(
                "{} has no method {method}; it has {}",
                service.full_name(),
                names.join(", ")
            ))
        })
    }
}

impl Schema {
    fn unknown(&self, why: String) -> RpcError {
        RpcError::new(ErrorKind::UnknownMethod, why).with_origin(self.origin)
    }

    /// The service of a method whose name has letters that gRPC has not: `handler_js` for `handler/js.J`.
    fn renamed_service(&self, name: &str) -> Option<ServiceDescriptor> {
        let (service, _) = name.rsplit_once('.')?;
        self.pool.get_service_by_name(&identifier(service))
    }

    /// The method of this name, in whichever service.
    fn find_bare(&self, name: &str) -> Result<MethodDescriptor, RpcError> {
        let name = &*identifier(name);
        let mut found = self.descriptors().filter(|method| method.name() == name);
        match (found.next(), found.next()) {
            (Some(method), None) => Ok(method),
            (Some(one), Some(other)) => {
                let (one, other) = (one.parent_service(), other.parent_service());
                let (one, other) = (one.full_name(), other.full_name());
                Err(self.unknown(format!("{name} is a method of {one} and of {other}: write {one}/{name}")))
            }
            (None, _) => {
                Err(self
                    .unknown(format!("no method {name:?}; with its service, write it as Greeter/SayHello")))
            }
        }
    }
}

fn message(descriptor: &MessageDescriptor) -> String {
    let mut text = format!("message {} {{\n", descriptor.full_name());
    for field in descriptor.fields() {
        let _ = writeln!(text, "  {} {} = {};", type_name(&field), field.name(), field.number());
    }
    text + "}\n"
}

fn type_name(field: &FieldDescriptor) -> String {
    if let Kind::Message(entry) = field.kind()
        && entry.is_map_entry()
    {
        let (key, value) = (entry.map_entry_key_field(), entry.map_entry_value_field());
        return format!("map<{}, {}>", kind_name(&key.kind()), kind_name(&value.kind()));
    }
    let name = kind_name(&field.kind());
    let is_optional = field.field_descriptor_proto().proto3_optional();
    match (field.cardinality(), field.containing_oneof()) {
        (Cardinality::Repeated, _) => format!("repeated {name}"),
        (_, Some(oneof)) if !is_optional => format!("/* oneof {} */ {name}", oneof.name()),
        _ if is_optional => format!("optional {name}"),
        _ => name,
    }
}

fn kind_name(kind: &Kind) -> String {
    match kind {
        Kind::Message(message) => message.full_name().to_owned(),
        Kind::Enum(values) => values.full_name().to_owned(),
        scalar => format!("{scalar:?}").to_lowercase(),
    }
}
