//! Descriptors made from shapes, for types that no `.proto` describes.

use std::collections::BTreeMap;

use manywire_core::{MapShape, RecordShape, Shape};
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileOptions, MessageOptions,
    MethodDescriptorProto, OneofDescriptorProto, ServiceDescriptorProto, SourceCodeInfo,
    source_code_info::Location,
};

use super::bind::Misfit;

const EMPTY: &str = ".google.protobuf.Empty";
const TIMESTAMP: &str = ".google.protobuf.Timestamp";
const NUMBER: &str = ".manywire.Number";
const VALUE: &str = ".manywire.Value";

/// A name that the message of a lone value reserves. Clients of ours know by it that what is in the message stands for all of
/// it; to others it is a name that no field will have.
pub const LONE_VALUE: &str = "manywire_lone_value";

/// Messages have at most this many fields, and services this many methods, that reflection's clients can take.
const FIELDS: usize = 10_000;

/// Services and their messages as they are made, one file in the end.
#[derive(Debug, Default)]
pub struct Described {
    package: String,
    /// Names that may not be used for a message, each with what it is.
    taken: BTreeMap<String, Taken>,
    messages: Vec<DescriptorProto>,
    services: Vec<(ServiceDescriptorProto, Vec<String>)>,
}

#[derive(Debug, Clone, PartialEq)]
enum Taken {
    /// By something else.
    Elsewhere,
    /// By the message of this shape.
    Message(Shape),
}

/// A method that is to be described.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The service's name.
    pub service: &'a str,
    /// The method's name in it.
    pub name: &'a str,
    /// What it does.
    pub doc: &'a str,
    /// What it takes.
    pub arguments: &'a Shape,
    /// What it gives.
    pub returns: &'a Shape,
    /// Whether it takes a stream.
    pub takes_stream: bool,
    /// Whether it answers with one.
    pub answers_stream: bool,
}

impl Described {
    /// Nothing yet, in this package; of messages, `taken` cannot be names.
    pub fn new<'n>(package: &str, taken: impl IntoIterator<Item = &'n str>) -> Self {
        let taken = taken.into_iter().map(|name| (name.to_owned(), Taken::Elsewhere)).collect();
        Self { package: package.to_owned(), taken, ..Self::default() }
    }

    /// Adds a method, with all messages that it needs.
    pub fn add(&mut self, wanted: Wanted<'_>) -> Result<(), Misfit> {
        self.taken.entry(wanted.service.to_owned()).or_insert(Taken::Elsewhere);
        let camel = camel_case(wanted.name);
        let input_type = self.root(wanted.arguments, &format!("{camel}Request"))?;
        let output_type = self.root(wanted.returns, &format!("{camel}Response"))?;
        let method = MethodDescriptorProto {
            name: Some(wanted.name.to_owned()),
            input_type: Some(input_type),
            output_type: Some(output_type),
            client_streaming: wanted.takes_stream.then_some(true),
            server_streaming: wanted.answers_stream.then_some(true),
            ..MethodDescriptorProto::default()
        };
        let known = self.services.iter_mut().find(|(service, _)| service.name() == wanted.service);
        let (service, docs) = match known {
            Some(known) => known,
            None => {
                let name = Some(wanted.service.to_owned());
                self.services.push((ServiceDescriptorProto { name, ..Default::default() }, Vec::new()));
                // The one just pushed.
                self.services.last_mut().ok_or_else(|| Misfit::new("no service"))?
            }
        };
        service.method.push(method);
        docs.push(wanted.doc.to_owned());
        Ok(())
    }

    /// The file.
    pub fn file(self, name: &str) -> FileDescriptorProto {
        let used = |message: &str| {
            let fields = self
                .messages
                .iter()
                .flat_map(|m| m.field.iter().chain(m.nested_type.iter().flat_map(|n| &n.field)));
            let methods = self.services.iter().flat_map(|(service, _)| &service.method);
            fields.into_iter().any(|field| field.type_name() == message)
                || methods
                    .into_iter()
                    .any(|method| method.input_type() == message || method.output_type() == message)
        };
        let imports = [
            ("google/protobuf/empty.proto", &[EMPTY][..]),
            ("google/protobuf/timestamp.proto", &[TIMESTAMP]),
            ("manywire/value.proto", &[NUMBER, VALUE]),
        ];
        let needed = |names: &[&str]| names.iter().any(|name| used(name));
        let dependency =
            imports.iter().filter(|(_, names)| needed(names)).map(|(file, _)| (*file).to_owned()).collect();
        FileDescriptorProto {
            name: Some(name.to_owned()),
            package: Some(self.package).filter(|package| !package.is_empty()),
            dependency,
            source_code_info: Some(comments(&self.services)),
            message_type: self.messages,
            service: self.services.into_iter().map(|(service, _)| service).collect(),
            options: Some(FileOptions {
                go_package: Some("manywire/pb".to_owned()),
                ..FileOptions::default()
            }),
            syntax: Some("proto3".to_owned()),
            ..FileDescriptorProto::default()
        }
    }

    fn full(&self, name: &str) -> String {
        if self.package.is_empty() { format!(".{name}") } else { format!(".{}.{name}", self.package) }
    }

    /// The message of a request or an answer.
    fn root(&mut self, shape: &Shape, name: &str) -> Result<String, Misfit> {
        match shape {
            Shape::Unit => Ok(EMPTY.to_owned()),
            Shape::Record(record) if record.fields.is_empty() => Ok(EMPTY.to_owned()),
            Shape::Record(record) => self.record(record),
            other => self.wrapper(other, name),
        }
    }

    /// A name that nothing else has; none where the message of this very shape is there already.
    fn name(&mut self, wanted: &str, shape: &Shape) -> (String, bool) {
        let wanted = identifier(wanted);
        for number in 1.. {
            let name = if number == 1 { wanted.clone() } else { format!("{wanted}{number}") };
            match self.taken.get(&name) {
                None => {
                    self.taken.insert(name.clone(), Taken::Message(shape.clone()));
                    return (name, true);
                }
                Some(Taken::Message(known)) if known == shape => return (name, false),
                Some(_) => {}
            }
        }
        (wanted, false)
    }

    fn record(&mut self, record: &RecordShape) -> Result<String, Misfit> {
        let (name, is_new) = self.name(record.name, &Shape::Record(record.clone()));
        if is_new {
            let message = self.message(&name, &record.fields, &Some((record.name, name.clone())))?;
            self.messages.push(message);
        }
        Ok(self.full(&name))
    }

    /// A message of one field, for what has to be one.
    fn wrapper(&mut self, shape: &Shape, name: &str) -> Result<String, Misfit> {
        let (name, is_new) =
            self.name(name, &Shape::List(Box::new(Shape::Optional(Box::new(shape.clone())))));
        if is_new {
            let mut message = self.message(&name, &[("value", shape.clone())], &None)?;
            message.reserved_name.push(LONE_VALUE.to_owned());
            self.messages.push(message);
        }
        Ok(self.full(&name))
    }

    fn message(
        &mut self,
        name: &str,
        fields: &[(&'static str, Shape)],
        itself: &Itself,
    ) -> Result<DescriptorProto, Misfit> {
        if fields.len() > FIELDS {
            return Err(Misfit::new(format!("{name} has {} fields, more than {FIELDS}", fields.len())));
        }
        let mut message = DescriptorProto { name: Some(name.to_owned()), ..DescriptorProto::default() };
        for ((field, shape), number) in fields.iter().zip(1..) {
            self.field(&mut message, field, number, shape, itself)
                .map_err(|misfit| misfit.of(name, field))?;
        }
        // Those that a type's optional fields are in stand behind those that a file writes, of which there are none.
        Ok(message)
    }

    fn field(
        &mut self,
        message: &mut DescriptorProto,
        name: &str,
        number: i32,
        shape: &Shape,
        itself: &Itself,
    ) -> Result<(), Misfit> {
        let mut field = FieldDescriptorProto {
            name: Some(identifier(name)),
            json_name: Some(name.to_owned()),
            number: Some(number),
            label: Some(Label::Optional.into()),
            ..FieldDescriptorProto::default()
        };
        match shape {
            Shape::Optional(inner) => {
                self.set_single(&mut field, inner, itself)?;
                if field.r#type() != Type::Message {
                    field.proto3_optional = Some(true);
                    field.oneof_index = i32::try_from(message.oneof_decl.len()).ok();
                    let name = Some(format!("_{}", field.name()));
                    message.oneof_decl.push(OneofDescriptorProto { name, ..OneofDescriptorProto::default() });
                }
            }
            Shape::List(inner) => {
                field.label = Some(Label::Repeated.into());
                self.set_single(&mut field, inner, itself)?;
            }
            Shape::Map(map) => {
                let entry = self.entry(name, map, itself)?;
                field.label = Some(Label::Repeated.into());
                field.r#type = Some(Type::Message.into());
                let outer = self.full(message.name());
                field.type_name = Some(format!("{outer}.{}", entry.name()));
                message.nested_type.push(entry);
            }
            single => self.set_single(&mut field, single, itself)?,
        }
        message.field.push(field);
        Ok(())
    }

    fn entry(&mut self, field: &str, map: &MapShape, itself: &Itself) -> Result<DescriptorProto, Misfit> {
        if !matches!(map.key, Shape::String | Shape::Choice(_) | Shape::Int | Shape::Bool) {
            return Err(Misfit::new(format!(
                "the keys of the map are of type {}; gRPC has maps with keys that are texts, integers or bools",
                map.key
            )));
        }
        let name = format!("{}Entry", camel_case(&identifier(field)));
        let mut entry = DescriptorProto { name: Some(name), ..DescriptorProto::default() };
        for (part, number, shape) in [("key", 1, &map.key), ("value", 2, &map.value)] {
            let mut field = FieldDescriptorProto {
                name: Some(part.to_owned()),
                json_name: Some(part.to_owned()),
                number: Some(number),
                label: Some(Label::Optional.into()),
                ..FieldDescriptorProto::default()
            };
            self.set_single(&mut field, shape, itself)?;
            entry.field.push(field);
        }
        entry.options = Some(MessageOptions { map_entry: Some(true), ..MessageOptions::default() });
        Ok(entry)
    }

    /// The type of a field that holds one value of this shape.
    fn set_single(
        &mut self,
        field: &mut FieldDescriptorProto,
        shape: &Shape,
        itself: &Itself,
    ) -> Result<(), Misfit> {
        let (ty, name) = match shape {
            Shape::Bool => (Type::Bool, None),
            Shape::Int => (Type::Int64, None),
            Shape::Float => (Type::Double, None),
            Shape::String | Shape::Choice(_) => (Type::String, None),
            Shape::Bytes => (Type::Bytes, None),
            Shape::Unit => (Type::Message, Some(EMPTY.to_owned())),
            Shape::Number => (Type::Message, Some(NUMBER.to_owned())),
            Shape::Timestamp => (Type::Message, Some(TIMESTAMP.to_owned())),
            Shape::Any => (Type::Message, Some(VALUE.to_owned())),
            Shape::Record(record) => (Type::Message, Some(self.record(record)?)),
            Shape::Outer(name) => match itself {
                Some((known, message)) if known == name => (Type::Message, Some(self.full(message))),
                _ => (Type::Message, Some(self.outer(name)?)),
            },
            Shape::Optional(_) | Shape::List(_) | Shape::Map(_) => {
                (Type::Message, Some(self.wrapper(shape, &spoken(shape))?))
            }
        };
        field.r#type = Some(ty.into());
        field.type_name = name;
        Ok(())
    }

    /// The message of a record that stands around another.
    fn outer(&self, name: &str) -> Result<String, Misfit> {
        let is_it = |(_, taken): &(&String, &Taken)| matches!(taken, Taken::Message(Shape::Record(r)) if r.name == name);
        let found = self.taken.iter().find(is_it).map(|(message, _)| self.full(message));
        found.ok_or_else(|| Misfit::new(format!("{name} is inside itself, and cannot be found around it")))
    }
}

/// The record that is being described: its type's name, and its message's.
type Itself = Option<(&'static str, String)>;

/// `IntList`, `OptionalText`: a name for what has none.
fn spoken(shape: &Shape) -> String {
    match shape {
        Shape::Unit => "Nothing".to_owned(),
        Shape::Bool => "Bool".to_owned(),
        Shape::Int => "Int".to_owned(),
        Shape::Float => "Float".to_owned(),
        Shape::Number => "Number".to_owned(),
        Shape::String => "Text".to_owned(),
        Shape::Choice(choice) => choice.name.to_owned(),
        Shape::Bytes => "Bytes".to_owned(),
        Shape::Timestamp => "Timestamp".to_owned(),
        Shape::Any => "Value".to_owned(),
        Shape::Optional(inner) => format!("Optional{}", spoken(inner)),
        Shape::List(inner) => format!("{}List", spoken(inner)),
        Shape::Map(map) => format!("{}Map", spoken(&map.value)),
        Shape::Record(record) => record.name.to_owned(),
        Shape::Outer(name) => (*name).to_owned(),
    }
}

/// What is no letter, digit or underscore becomes an underscore.
pub fn identifier(name: &str) -> String {
    let mut text: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if !text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        text.insert(0, '_');
    }
    text
}

/// `streaming_range` as `StreamingRange`.
fn camel_case(name: &str) -> String {
    let words = name.split('_').map(|word| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
    });
    words.collect()
}

/// What each method does, where tools look for it.
fn comments(services: &[(ServiceDescriptorProto, Vec<String>)]) -> SourceCodeInfo {
    let docs = services.iter().zip(0..).flat_map(|((_, docs), service)| {
        docs.iter().zip(0..).map(move |(doc, method)| Location {
            // The service, then the method in it, by the numbers of their fields in the descriptors.
            path: vec![6, service, 2, method],
            span: vec![0, 0, 0],
            leading_comments: Some(format!(" {doc}\n")),
            ..Location::default()
        })
    });
    SourceCodeInfo { location: docs.collect() }
}
