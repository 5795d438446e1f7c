//! Numbers, texts and bytes.

use serde::Serialize;

use super::Writer;
use super::accept::{Accept, Never, Via};
use crate::Error;
use crate::schema::Type;
use crate::wire::{put_tag, put_varint, zigzag};

/// Takes one value of a type that is no message.
pub(super) struct Scalar<'w, 's> {
    pub(super) writer: &'w mut Writer<'s>,
    /// None inside a packed field.
    pub(super) number: Option<u32>,
    pub(super) ty: Type,
    /// Whether a zero is written.
    pub(super) is_explicit: bool,
}

impl Scalar<'_, '_> {
    fn out(&mut self) -> &mut Vec<u8> {
        if let Some(number) = self.number {
            put_tag(&mut self.writer.buffer.bytes, number, self.ty.wire_type());
        }
        &mut self.writer.buffer.bytes
    }

    fn is_left_out(&self, is_zero: bool) -> bool {
        is_zero && !self.is_explicit
    }

    fn varint(mut self, value: u64) {
        if !self.is_left_out(value == 0) {
            put_varint(self.out(), value);
        }
    }

    fn four(mut self, bits: u32) {
        if !self.is_left_out(bits == 0) {
            self.out().extend_from_slice(&bits.to_le_bytes());
        }
    }

    fn eight(mut self, bits: u64) {
        if !self.is_left_out(bits == 0) {
            self.out().extend_from_slice(&bits.to_le_bytes());
        }
    }

    fn length(mut self, bytes: &[u8]) {
        if !self.is_left_out(bytes.is_empty()) {
            let out = self.out();
            put_varint(out, bytes.len() as u64);
            out.extend_from_slice(bytes);
        }
    }

    fn beyond<T>(&self, value: impl std::fmt::Display) -> Result<T, Error> {
        Err(Error::misfit(format!("{value} does not fit into {}", self.expected())))
    }
}

impl Accept for Scalar<'_, '_> {
    type Items = Never;
    type Fields = Never;

    fn expected(&self) -> String {
        let name = match self.ty {
            Type::Double => "double",
            Type::Float => "float",
            Type::Int32 => "int32",
            Type::Int64 => "int64",
            Type::Uint32 => "uint32",
            Type::Uint64 => "uint64",
            Type::Sint32 => "sint32",
            Type::Sint64 => "sint64",
            Type::Fixed32 => "fixed32",
            Type::Fixed64 => "fixed64",
            Type::Sfixed32 => "sfixed32",
            Type::Sfixed64 => "sfixed64",
            Type::Bool => "bool",
            Type::String => "string",
            Type::Bytes => "bytes",
            Type::Enum(_) => "enum",
            Type::Message(_) | Type::Timestamp | Type::Number | Type::Value => "message",
        };
        name.to_owned()
    }

    fn bool(self, value: bool) -> Result<(), Error> {
        match self.ty {
            Type::Bool => self.varint(value.into()),
            _ => return self.refuse("bool"),
        }
        Ok(())
    }

    fn int(self, value: i64) -> Result<(), Error> {
        match self.ty {
            Type::Int64 => self.varint(value as u64),
            Type::Sint64 => self.varint(zigzag(value)),
            Type::Sfixed64 => self.eight(value as u64),
            Type::Uint64 | Type::Fixed64 => match u64::try_from(value) {
                Ok(value) => return self.uint(value),
                Err(_) => return self.beyond(value),
            },
            Type::Int32 | Type::Sint32 | Type::Sfixed32 | Type::Enum(_) => match i32::try_from(value) {
                Ok(_) if self.ty == Type::Sint32 => self.varint(zigzag(value)),
                Ok(value) if self.ty == Type::Sfixed32 => self.four(value as u32),
                Ok(_) => self.varint(value as u64),
                Err(_) => return self.beyond(value),
            },
            Type::Uint32 | Type::Fixed32 => match u32::try_from(value) {
                Ok(value) if self.ty == Type::Fixed32 => self.four(value),
                Ok(value) => self.varint(value.into()),
                Err(_) => return self.beyond(value),
            },
            // As far as a float counts without gaps.
            Type::Double | Type::Float if value.unsigned_abs() <= 1 << 53 => return self.float(value as f64),
            Type::Double | Type::Float => return self.beyond(value),
            _ => return self.refuse("int"),
        }
        Ok(())
    }

    fn uint(self, value: u64) -> Result<(), Error> {
        match (self.ty, i64::try_from(value)) {
            (Type::Uint64, _) => self.varint(value),
            (Type::Fixed64, _) => self.eight(value),
            (_, Ok(int)) => return self.int(int),
            (_, Err(_)) => return self.beyond(value),
        }
        Ok(())
    }

    fn float(self, value: f64) -> Result<(), Error> {
        match self.ty {
            Type::Double => self.eight(value.to_bits()),
            Type::Float if value.is_nan() || f64::from(value as f32) == value => {
                self.four((value as f32).to_bits());
            }
            Type::Float => return self.beyond(value),
            _ => return self.refuse("float"),
        }
        Ok(())
    }

    fn text(self, value: &str) -> Result<(), Error> {
        match self.ty {
            Type::String => self.length(value.as_bytes()),
            Type::Enum(of) => {
                let number = self.writer.schema.enums.get(of).and_then(|choices| choices.number(value));
                let Some(number) = number else {
                    return Err(Error::misfit(format!("{value:?} is not among the names of the enum")));
                };
                return self.int(number.into());
            }
            _ => return self.refuse("string"),
        }
        Ok(())
    }

    fn bytes(self, value: &[u8]) -> Result<(), Error> {
        match self.ty {
            Type::Bytes => self.length(value),
            _ => return self.refuse("bytes"),
        }
        Ok(())
    }
}

/// The text of a map's key.
pub(super) fn text_of<T: Serialize + ?Sized>(key: &T) -> Result<String, Error> {
    let mut text = String::new();
    key.serialize(Via(Text(&mut text)))?;
    Ok(text)
}

struct Text<'t>(&'t mut String);

impl Accept for Text<'_> {
    type Items = Never;
    type Fields = Never;

    fn expected(&self) -> String {
        "the name of a field".to_owned()
    }

    fn none(self) -> Result<(), Error> {
        self.refuse("null")
    }

    fn text(self, text: &str) -> Result<(), Error> {
        self.0.push_str(text);
        Ok(())
    }
}
