//! Which field of a type is which of a `.proto`, and whether it fits.

use std::collections::HashMap;
use std::fmt;

use manywire_core::Shape;
use prost_types::field_descriptor_proto::{Label as ProtoLabel, Type as ProtoType};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto, MethodDescriptorProto,
};

use super::{Enum, Field, Label, Message, Schema, Type};

/// Why a type and its message do not go together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    place: Option<String>,
    why: String,
}

impl Misfit {
    pub(crate) fn new(why: impl Into<String>) -> Self {
        Self { place: None, why: why.into() }
    }

    /// The same, in this field, unless it is known to be further in.
    pub(crate) fn of(mut self, message: &str, field: &str) -> Self {
        self.place.get_or_insert_with(|| format!("field `{field}` of {message}"));
        self
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        f.write_str(&self.why)
    }
}

impl std::error::Error for Misfit {}

/// Descriptors by name.
#[derive(Debug, Default)]
pub struct Files {
    messages: HashMap<String, DescriptorProto>,
    enums: HashMap<String, EnumDescriptorProto>,
    services: Vec<(String, Vec<MethodDescriptorProto>)>,
}

impl<'f> FromIterator<&'f FileDescriptorProto> for Files {
    fn from_iter<I: IntoIterator<Item = &'f FileDescriptorProto>>(files: I) -> Self {
        let mut all = Self::default();
        files.into_iter().for_each(|file| all.add(file));
        all
    }
}

impl Files {
    /// Adds all that is in a file.
    pub fn add(&mut self, file: &FileDescriptorProto) {
        let scope = if file.package().is_empty() { String::new() } else { format!(".{}", file.package()) };
        file.message_type.iter().for_each(|message| self.add_message(&scope, message));
        file.enum_type.iter().for_each(|choices| self.add_enum(&scope, choices));
        for service in &file.service {
            let name = format!("{scope}.{}", service.name());
            self.services.push((name.trim_start_matches('.').to_owned(), service.method.clone()));
        }
    }

    fn add_message(&mut self, scope: &str, message: &DescriptorProto) {
        let name = format!("{scope}.{}", message.name());
        message.nested_type.iter().for_each(|nested| self.add_message(&name, nested));
        message.enum_type.iter().for_each(|choices| self.add_enum(&name, choices));
        self.messages.insert(name, message.clone());
    }

    fn add_enum(&mut self, scope: &str, choices: &EnumDescriptorProto) {
        self.enums.insert(format!("{scope}.{}", choices.name()), choices.clone());
    }

    /// Every service by its full name, with its methods.
    pub fn services(&self) -> impl Iterator<Item = (&str, &[MethodDescriptorProto])> {
        self.services.iter().map(|(name, methods)| (&**name, &methods[..]))
    }

    /// The names of all messages and enumerations outside of packages.
    pub fn top_names(&self) -> impl Iterator<Item = &str> {
        let all = self.messages.keys().chain(self.enums.keys());
        all.filter_map(|name| name.strip_prefix('.')).filter(|name| !name.contains('.'))
    }

    /// The message of this full name (`.Greeter`), as the codec reads it into a type of this shape.
    pub fn bind(&self, message: &str, shape: &Shape) -> Result<Schema, Misfit> {
        let mut binder = Binder { files: self, schema: Schema::default(), open: Vec::new() };
        binder.message(message, shape)?;
        Ok(binder.schema)
    }
}

struct Binder<'f> {
    files: &'f Files,
    schema: Schema,
    /// The records around the one that is bound: the type's name (none for any type), the message's, and its place.
    open: Vec<(Option<&'static str>, String, usize)>,
}

impl Binder<'_> {
    fn message(&mut self, name: &str, shape: &Shape) -> Result<usize, Misfit> {
        let found = self.files.messages.get(name);
        let message = found.ok_or_else(|| Misfit::new(format!("the file has no message {}", bare(name))))?;
        let known = match shape {
            Shape::Outer(record) => Some(Some(*record)),
            Shape::Any => Some(None),
            _ => None,
        };
        if let Some(known) = known
            && let Some((.., place)) =
                self.open.iter().rev().find(|(record, outer, _)| *record == known && outer == name)
        {
            return Ok(*place);
        }
        let place = self.schema.messages.len();
        self.schema.messages.push(Message::default());
        self.schema.messages[place] = match shape {
            Shape::Record(record) => {
                self.open.push((Some(record.name), name.to_owned(), place));
                self.record(message, name, record.fields.iter().map(|(field, shape)| (*field, shape)))?
            }
            Shape::Unit => Message::new(Vec::new(), false),
            Shape::Any if message.field.len() == 1 && message.field[0].type_name() == ".manywire.Value" => {
                Message::new(vec![self.field(&message.field[0], "value", shape)?], true)
            }
            Shape::Any => {
                self.open.push((None, name.to_owned(), place));
                self.record(message, name, message.field.iter().map(|field| (field.name(), &Shape::Any)))?
            }
            Shape::Outer(record) => {
                return Err(Misfit::new(format!(
                    "{record} stands inside itself, and {} does not",
                    bare(name)
                )));
            }
            other => match &message.field[..] {
                [only] => Message::new(vec![self.field(only, "value", other)?], true),
                _ => {
                    return Err(Misfit::new(format!("{} is a message, and {other} in the code", bare(name))));
                }
            },
        };
        self.open.pop_if(|(.., open)| *open == place);
        Ok(place)
    }

    fn record<'a>(
        &mut self,
        message: &DescriptorProto,
        name: &str,
        fields: impl Iterator<Item = (&'a str, &'a Shape)>,
    ) -> Result<Message, Misfit> {
        let mut bound = Vec::new();
        for (field, shape) in fields {
            let is_it = |known: &&FieldDescriptorProto| known.name() == field || known.json_name() == field;
            let found = message.field.iter().find(is_it);
            let misfit = |misfit: Misfit| misfit.of(&bare(name), field);
            let proto = found.ok_or_else(|| misfit(Misfit::new("the file has no such field")))?;
            bound.push(self.field(proto, field, shape).map_err(misfit)?);
        }
        Ok(Message::new(bound, false))
    }

    fn field(&mut self, proto: &FieldDescriptorProto, name: &str, shape: &Shape) -> Result<Field, Misfit> {
        let is_repeated = proto.label() == ProtoLabel::Repeated;
        let is_explicit = proto.proto3_optional() || proto.oneof_index.is_some();
        let has_presence = is_explicit || proto.r#type() == ProtoType::Message;
        let (label, is_optional, inner) = match shape {
            Shape::Map(_) if is_repeated => return self.map(proto, name, shape),
            Shape::Any if is_repeated && self.is_entry(proto) => return self.map(proto, name, shape),
            Shape::List(inner) if is_repeated => (Label::Repeated, false, &**inner),
            Shape::Any if is_repeated => (Label::Repeated, false, shape),
            _ if is_repeated => return Err(other_type("a list", shape)),
            Shape::Optional(inner) if has_presence => (Label::Explicit, true, &**inner),
            Shape::Optional(_) => {
                let why = "it may be absent in the code, and the file does not tell absent from zero: write `optional` there";
                return Err(Misfit::new(why));
            }
            Shape::Any if has_presence => (Label::Explicit, true, shape),
            _ if is_explicit => (Label::Explicit, false, shape),
            _ => (Label::Implicit, false, shape),
        };
        let ty = self.ty(proto, inner)?;
        Ok(Field { name: name.into(), number: number(proto)?, ty, label, is_optional })
    }

    fn is_entry(&self, proto: &FieldDescriptorProto) -> bool {
        let entry = self.files.messages.get(proto.type_name());
        entry.and_then(|entry| entry.options.as_ref()).is_some_and(prost_types::MessageOptions::map_entry)
    }

    fn map(&mut self, proto: &FieldDescriptorProto, name: &str, shape: &Shape) -> Result<Field, Misfit> {
        let entry = self.files.messages.get(proto.type_name()).filter(|_| self.is_entry(proto));
        let Some([key, value]) = entry.map(|entry| &entry.field[..]) else {
            return Err(other_type("a list", shape));
        };
        let any = manywire_core::MapShape { key: Shape::Any, value: Shape::Any };
        let shapes = if let Shape::Map(map) = shape { map } else { &any };
        let place = self.schema.messages.len();
        self.schema.messages.push(Message::default());
        let mut fields =
            vec![self.field(key, "key", &shapes.key)?, self.field(value, "value", &shapes.value)?];
        // An entry has both, whether it says so or not.
        fields.iter_mut().for_each(|field| field.is_optional = false);
        self.schema.messages[place] = Message::new(fields, false);
        let (number, ty) = (number(proto)?, Type::Message(place));
        Ok(Field { name: name.into(), number, ty, label: Label::Map, is_optional: false })
    }

    fn ty(&mut self, proto: &FieldDescriptorProto, shape: &Shape) -> Result<Type, Misfit> {
        use ProtoType as P;
        let scalar = |ty, spoken: &str, fits: &[Shape]| {
            if *shape == Shape::Any || fits.contains(shape) { Ok(ty) } else { Err(other_type(spoken, shape)) }
        };
        let (int, float) = (&[Shape::Int][..], &[Shape::Float, Shape::Number][..]);
        let text = if let Shape::Choice(_) = shape { shape.clone() } else { Shape::String };
        match proto.r#type() {
            P::Double => scalar(Type::Double, "double", float),
            P::Float => scalar(Type::Float, "float", float),
            P::Int32 => scalar(Type::Int32, "int32", int),
            P::Int64 => scalar(Type::Int64, "int64", int),
            P::Uint32 => scalar(Type::Uint32, "uint32", int),
            P::Uint64 => scalar(Type::Uint64, "uint64", int),
            P::Sint32 => scalar(Type::Sint32, "sint32", int),
            P::Sint64 => scalar(Type::Sint64, "sint64", int),
            P::Fixed32 => scalar(Type::Fixed32, "fixed32", int),
            P::Fixed64 => scalar(Type::Fixed64, "fixed64", int),
            P::Sfixed32 => scalar(Type::Sfixed32, "sfixed32", int),
            P::Sfixed64 => scalar(Type::Sfixed64, "sfixed64", int),
            P::Bool => scalar(Type::Bool, "bool", &[Shape::Bool]),
            P::String => scalar(Type::String, "string", &[text]),
            P::Bytes => scalar(Type::Bytes, "bytes", &[Shape::Bytes]),
            P::Enum => scalar(Type::Enum(self.choices(proto)?), "an enum", &[text, Shape::Int]),
            P::Group => Err(Misfit::new("it is a group, which proto3 has not")),
            P::Message => match proto.type_name() {
                ".google.protobuf.Timestamp" => scalar(Type::Timestamp, "a timestamp", &[Shape::Timestamp]),
                ".manywire.Number" => scalar(Type::Number, "a number", &[Shape::Number]),
                ".manywire.Value" => scalar(Type::Value, "a value of any type", &[]),
                name => self.message(name, shape).map(Type::Message),
            },
        }
    }

    fn choices(&mut self, proto: &FieldDescriptorProto) -> Result<usize, Misfit> {
        let found = self.files.enums.get(proto.type_name());
        let choices =
            found.ok_or_else(|| Misfit::new(format!("the file has no enum {}", bare(proto.type_name()))))?;
        let values = choices.value.iter().map(|value| (value.name().into(), value.number())).collect();
        self.schema.enums.push(Enum { values });
        Ok(self.schema.enums.len() - 1)
    }
}

fn number(proto: &FieldDescriptorProto) -> Result<u32, Misfit> {
    let number = u32::try_from(proto.number()).ok().filter(|number| (1..1 << 29).contains(number));
    number
        .ok_or_else(|| Misfit::new(format!("it has the number {}, which no field can have", proto.number())))
}

fn other_type(in_the_file: &str, shape: &Shape) -> Misfit {
    Misfit::new(format!("it is {in_the_file} in the file, and {shape} in the code"))
}

fn bare(name: &str) -> String {
    name.trim_start_matches('.').to_owned()
}
