//! Messages as the codec knows them: each field of a type with its number and its type on the wire.

mod bind;
pub(crate) mod numbers;
mod shapes;

use crate::wire::WireType;

pub use bind::{Files, Misfit};
pub use shapes::{Described, LONE_VALUE, Wanted, identifier};

/// The messages that one root message is made of, the root first.
#[derive(Debug, Clone, Default)]
pub struct Schema {
    pub(crate) messages: Vec<Message>,
    pub(crate) enums: Vec<Enum>,
}

/// One message.
#[derive(Debug, Clone, Default)]
pub(crate) struct Message {
    /// In the order in which the type declares them.
    pub(crate) fields: Vec<Field>,
    /// Indices of the fields by their numbers.
    pub(crate) by_number: Vec<(u32, usize)>,
    /// Whether it stands for its only field: a lone argument, a list inside a list.
    pub(crate) is_wrapper: bool,
}

/// One field.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    /// As serde has it.
    pub(crate) name: Box<str>,
    pub(crate) number: u32,
    pub(crate) ty: Type,
    pub(crate) label: Label,
    /// Whether it may be absent in the code too; else absent is zero there.
    pub(crate) is_optional: bool,
}

/// How often a field may be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Label {
    /// Absent is zero, and zero is absent.
    Implicit,
    /// Absent is not zero, and zero is written.
    Explicit,
    Repeated,
    /// A repeated message of a key and a value.
    Map,
}

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    Double,
    Float,
    Int32,
    Int64,
    Uint32,
    Uint64,
    Sint32,
    Sint64,
    Fixed32,
    Fixed64,
    Sfixed32,
    Sfixed64,
    Bool,
    String,
    Bytes,
    Enum(usize),
    Message(usize),
    /// `google.protobuf.Timestamp`.
    Timestamp,
    /// `manywire.Number`.
    Number,
    /// `manywire.Value`.
    Value,
}

/// An enumeration.
#[derive(Debug, Clone, Default)]
pub(crate) struct Enum {
    pub(crate) values: Vec<(Box<str>, i32)>,
}

impl Type {
    pub(crate) fn wire_type(self) -> WireType {
        use Type::*;
        match self {
            Int32 | Int64 | Uint32 | Uint64 | Sint32 | Sint64 | Bool | Enum(_) => WireType::Varint,
            Double | Fixed64 | Sfixed64 => WireType::Fixed64,
            Float | Fixed32 | Sfixed32 => WireType::Fixed32,
            String | Bytes | Message(_) | Timestamp | Number | Value => WireType::Length,
        }
    }

    /// Whether many of them share one field.
    pub(crate) fn is_packable(self) -> bool {
        self.wire_type() != WireType::Length
    }
}

impl Message {
    pub(crate) fn new(fields: Vec<Field>, is_wrapper: bool) -> Self {
        let mut by_number: Vec<_> = fields.iter().enumerate().map(|(at, field)| (field.number, at)).collect();
        by_number.sort_unstable();
        Self { fields, by_number, is_wrapper }
    }

    /// The field of this number, whose bytes are delimited in this way.
    pub(crate) fn find(&self, number: u32, wire_type: WireType) -> Option<usize> {
        let guess = (number as usize).wrapping_sub(1);
        let at = match self.by_number.get(guess) {
            Some((known, at)) if *known == number => *at,
            _ => self.by_number[self.by_number.binary_search_by_key(&number, |(known, _)| *known).ok()?].1,
        };
        let field = self.fields.get(at)?;
        let expected = if field.label == Label::Map { WireType::Length } else { field.ty.wire_type() };
        let is_packed = field.label == Label::Repeated && wire_type == WireType::Length;
        (wire_type == expected || is_packed).then_some(at)
    }
}

impl Enum {
    pub(crate) fn name(&self, number: i32) -> Option<&str> {
        self.values.iter().find(|(_, known)| *known == number).map(|(name, _)| &**name)
    }

    pub(crate) fn number(&self, name: &str) -> Option<i32> {
        let known = self.values.iter().find(|(known, _)| &**known == name).map(|(_, number)| *number);
        known.or_else(|| name.parse().ok())
    }
}
