//! The registry as gRPC has it: each method's path and messages, made from its types or taken from its `.proto`.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use manywire_core::introspect::ProtoFile;
use manywire_core::{Kind, Method, Methods, Shape};
use manywire_protobuf::{Described, Files, Schema, Wanted, identifier};
use prost::Message as _;
use prost_types::{FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto};

use crate::known::Open;
use crate::pb;

/// A method of the registry.
pub(crate) struct Registered {
    /// As the registry has it.
    pub(crate) name: String,
    /// `Greeter/SayHello`.
    pub(crate) path: String,
    pub(crate) kind: Kind,
    pub(crate) request: Schema,
    pub(crate) answer: Schema,
}

/// All methods, and the files that describe them, each behind those that it imports.
pub(crate) struct Catalogue {
    pub(crate) methods: Vec<Arc<Registered>>,
    pub(crate) files: Vec<FileDescriptorProto>,
}

/// Where methods are that no `.proto` names.
#[derive(Debug, Clone)]
pub struct Naming {
    /// The package of their services; none when empty.
    pub package: String,
    /// The service of methods whose name has no dot.
    pub service: String,
}

impl Default for Naming {
    fn default() -> Self {
        Self { package: String::new(), service: "Methods".to_owned() }
    }
}

/// Why methods cannot be served by gRPC, in one line for whoever started the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undescribable(String);

impl Undescribable {
    pub(crate) fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

impl fmt::Display for Undescribable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Undescribable {}

/// Describes all methods.
pub(crate) fn describe(methods: &Methods, naming: &Naming) -> Result<Catalogue, Undescribable> {
    let mut files = Vec::new();
    for set in methods.descriptors() {
        let set = FileDescriptorSet::decode(set)
            .map_err(|error| Undescribable(format!("the descriptors of a .proto cannot be read: {error}")))?;
        join(&mut files, set.file)?;
    }
    keep_served(&mut files, methods);
    let known: Files = files.iter().collect();
    let bound = bound(&known, methods)?;
    let loose: Vec<&Method> = methods
        .iter()
        .filter(|method| bound.iter().all(|(known, ..)| known.name() != method.name()))
        .collect();
    let paths = paths(&loose, naming, &known)?;
    let made = made(&loose, &paths, naming, &known)?;
    add_new(&mut files, values()?);
    files.push(made);
    let known: Files = files.iter().collect();
    let mut all = Vec::with_capacity(methods.iter().len());
    for (method, path, proto) in bound {
        all.push(register(&known, method, path, &proto, true)?);
    }
    let described: HashMap<String, MethodDescriptorProto> = known
        .services()
        .flat_map(|(service, methods)| {
            methods.iter().map(move |m| (format!("{service}/{}", m.name()), m.clone()))
        })
        .collect();
    for (method, [service, name]) in loose.iter().zip(&paths) {
        let path = format!("{}/{name}", full(&naming.package, service));
        let proto = described.get(&path).ok_or_else(|| Undescribable(format!("{path} was not described")))?;
        all.push(register(&known, method, path, proto, false)?);
    }
    Ok(Catalogue { methods: all, files })
}

/// A request and an answer of any type, for methods of which no more is known than that they are called.
pub(crate) fn open(naming: &Naming) -> Result<Open, Undescribable> {
    let mut described = Described::new("", Vec::new());
    let wanted = Wanted {
        service: "Open",
        name: "Call",
        doc: "",
        arguments: &Shape::Any,
        returns: &Shape::Any,
        takes_stream: false,
        answers_stream: false,
    };
    let misfit = |misfit: manywire_protobuf::Misfit| Undescribable(misfit.to_string());
    described.add(wanted).map_err(misfit)?;
    let file = described.file("open.proto");
    let mut known: Files = values()?.iter().collect();
    known.add(&file);
    let call = file.service.iter().flat_map(|service| &service.method).next().cloned().unwrap_or_default();
    Ok(Open {
        request: known.bind(call.input_type(), &Shape::Any).map_err(misfit)?,
        answer: known.bind(call.output_type(), &Shape::Any).map_err(misfit)?,
        service: full(&naming.package, &naming.service),
    })
}

/// The files that describe all methods, but for Google's own, which every compiler has.
pub fn protos(methods: &Methods, naming: &Naming) -> Result<Vec<ProtoFile>, Undescribable> {
    let files = describe(methods, naming)?.files;
    let files = files.iter().filter(|file| !file.name().starts_with("google/protobuf/"));
    let print = |file| manywire_protobuf::print(file);
    Ok(files.map(|file| ProtoFile { name: file.name().to_owned(), text: print(file) }).collect())
}

pub(crate) fn full(package: &str, name: &str) -> String {
    if package.is_empty() { name.to_owned() } else { format!("{package}.{name}") }
}

/// Adds the files of one set to those of others. Two of one name are one file, or nobody could import either.
fn join(files: &mut Vec<FileDescriptorProto>, more: Vec<FileDescriptorProto>) -> Result<(), Undescribable> {
    let differs = more
        .iter()
        .find(|file| files.iter().any(|known| known.name() == file.name() && !is_same(known, file)));
    if let Some(file) = differs {
        let name = file.name();
        return Err(Undescribable(format!(
            "two .proto files are called {name}, and differ: rename one, or give one of the servers that have it a prefix"
        )));
    }
    add_new(files, more);
    Ok(())
}

/// Whether two files say the same, but for comments and the order of their imports.
fn is_same(one: &FileDescriptorProto, other: &FileDescriptorProto) -> bool {
    let bare = |file: &FileDescriptorProto| {
        let mut file = FileDescriptorProto { source_code_info: None, ..file.clone() };
        file.dependency.sort_unstable();
        file
    };
    bare(one) == bare(other)
}

/// Files that are not there yet.
pub(crate) fn add_new(files: &mut Vec<FileDescriptorProto>, more: Vec<FileDescriptorProto>) {
    for file in more {
        if files.iter().all(|known| known.name() != file.name()) {
            files.push(file);
        }
    }
}

/// `manywire/value.proto`, and what methods' messages import.
fn values() -> Result<Vec<FileDescriptorProto>, Undescribable> {
    let set = FileDescriptorSet::decode(pb::VALUES);
    Ok(set.map_err(|error| Undescribable(format!("manywire/value.proto cannot be read: {error}")))?.file)
}

/// Leaves out the services of which no method is registered.
fn keep_served(files: &mut [FileDescriptorProto], methods: &Methods) {
    for file in files {
        let package = file.package().to_owned();
        file.service.retain(|service| methods.has_service(&full(&package, service.name())));
    }
}

type Bound<'m> = (&'m Method, String, MethodDescriptorProto);

/// The methods that a `.proto` names.
fn bound<'m>(known: &Files, methods: &'m Methods) -> Result<Vec<Bound<'m>>, Undescribable> {
    let mut bound = Vec::new();
    for (service, protos) in known.services() {
        for proto in protos {
            let name = format!("{service}.{}", proto.name());
            let Some(method) = methods.get(&name) else {
                return Err(Undescribable(format!(
                    "{name} is in the .proto of {service}, and is not registered: add it, or take it out of the file"
                )));
            };
            bound.push((method, format!("{service}/{}", proto.name()), proto.clone()));
        }
    }
    Ok(bound)
}

/// The service and the name of each method that no `.proto` names.
fn paths(loose: &[&Method], naming: &Naming, known: &Files) -> Result<Vec<[String; 2]>, Undescribable> {
    let mut paths: Vec<[String; 2]> = Vec::with_capacity(loose.len());
    for (at, method) in loose.iter().enumerate() {
        let (service, name) = method.name().rsplit_once('.').unwrap_or((&naming.service, method.name()));
        if known.services().any(|(known, _)| known == service) {
            return Err(Undescribable(format!(
                "{} is registered, and the service {service} of the .proto has no such method: add it there, or rename it",
                method.name()
            )));
        }
        let path = [service, name].map(identifier);
        if let Some(other) = paths.iter().position(|other| *other == path) {
            let [service, name] = &path;
            return Err(Undescribable(format!(
                "{} and {} would both be /{service}/{name} on gRPC: rename one of them",
                loose[other].name(),
                loose[at].name()
            )));
        }
        paths.push(path);
    }
    Ok(paths)
}

/// The file of the methods that no `.proto` names.
fn made(
    loose: &[&Method],
    paths: &[[String; 2]],
    naming: &Naming,
    known: &Files,
) -> Result<FileDescriptorProto, Undescribable> {
    let services =
        paths.iter().map(|[service, _]| service.as_str()).chain(known.services().map(|(name, _)| name));
    let taken: Vec<&str> = known.top_names().chain(services).collect();
    let mut described = Described::new(&naming.package, taken);
    for (method, [service, name]) in loose.iter().zip(paths) {
        let wanted = Wanted {
            service,
            name,
            doc: method.doc(),
            arguments: method.arguments(),
            returns: method.returns(),
            takes_stream: method.kind().takes_stream(),
            answers_stream: method.kind().answers_stream(),
        };
        described.add(wanted).map_err(|misfit| Undescribable(format!("{}: {misfit}", method.name())))?;
    }
    Ok(described.file("manywire/methods.proto"))
}

fn register(
    known: &Files,
    method: &Method,
    path: String,
    proto: &MethodDescriptorProto,
    is_bound: bool,
) -> Result<Arc<Registered>, Undescribable> {
    let name = method.name();
    let kind = match (proto.client_streaming(), proto.server_streaming()) {
        (false, false) => Kind::Unary,
        (false, true) => Kind::ServerStream,
        (true, false) => Kind::ClientStream,
        (true, true) => Kind::TwoWay,
    };
    if kind != method.kind() {
        return Err(Undescribable(format!(
            "{name} is {kind} in its .proto, and {} in the code",
            method.kind()
        )));
    }
    let bind = |what: &str, message: &str, shape| {
        let schema = known.bind(message, shape);
        schema.map_err(|misfit| {
            let file = if is_bound { " of its .proto" } else { "" };
            Undescribable(format!("{name}: its {what}{file} does not fit: {misfit}"))
        })
    };
    Ok(Arc::new(Registered {
        name: name.to_owned(),
        path,
        kind,
        request: bind("request", proto.input_type(), method.arguments())?,
        answer: bind("answer", proto.output_type(), method.returns())?,
    }))
}
