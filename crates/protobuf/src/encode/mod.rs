//! From values to bytes, by serde.

mod accept;
mod any;
mod buffer;
mod compound;
mod message;
mod scalar;
mod special;

use serde::Serialize;

use crate::Error;
use crate::schema::{Field, Label, Schema, Type};
use accept::Via;
use any::Any;
use buffer::Buffer;
use compound::{Map, Repeated};
use message::Message;
use scalar::Scalar;
use special::{Number, Time};

/// Messages inside each other that are written.
const NESTING: usize = 160;

/// Appends a value as the schema's message.
pub fn encode<T: Serialize + ?Sized>(schema: &Schema, value: &T, out: &mut Vec<u8>) -> Result<(), Error> {
    let start = out.len();
    let mut writer =
        Writer { schema, buffer: Buffer::new(std::mem::take(out)), depth: NESTING, is_none: false };
    let written = manywire_core::with_originals(|| writer.message(0, value));
    *out = writer.buffer.finish();
    if written.is_err() {
        out.truncate(start);
    }
    written
}

/// What all that write one message share.
struct Writer<'s> {
    schema: &'s Schema,
    buffer: Buffer,
    /// Messages inside each other that may still come.
    depth: usize,
    /// Whether the message just written was none at all.
    is_none: bool,
}

impl<'s> Writer<'s> {
    /// Writes what is inside a message.
    fn message<T: Serialize + ?Sized>(&mut self, message: usize, value: &T) -> Result<(), Error> {
        let schema = self.schema;
        let message =
            schema.messages.get(message).ok_or_else(|| Error::misfit("there is no such message"))?;
        match message.fields.first() {
            Some(field) if message.is_wrapper => self.field(field, value),
            _ => value.serialize(Via(Message::new(self, message))),
        }
    }

    /// Writes a field, tag and all, or nothing where its value is what an absent field means.
    fn field<T: Serialize + ?Sized>(&mut self, field: &'s Field, value: &T) -> Result<(), Error> {
        match field.label {
            Label::Repeated => value.serialize(Via(Repeated::new(self, field))),
            Label::Map => value.serialize(Via(Map::new(self, field))),
            Label::Implicit | Label::Explicit => {
                self.single(field.number, field.ty, field.label == Label::Explicit, value)
            }
        }
    }

    /// Writes one value with its tag; a zero too, where it is explicit.
    fn single<T: Serialize + ?Sized>(
        &mut self,
        number: u32,
        ty: Type,
        is_explicit: bool,
        value: &T,
    ) -> Result<(), Error> {
        match ty {
            Type::Message(message) => self.nested(number, |writer| writer.message(message, value)),
            Type::Timestamp => self.nested(number, |writer| value.serialize(Via(Time::new(writer)))),
            Type::Number => self.nested(number, |writer| value.serialize(Via(Number(writer)))),
            Type::Value => self.nested(number, |writer| value.serialize(Via(Any(writer)))),
            _ => value.serialize(Via(Scalar { writer: self, number: Some(number), ty, is_explicit })),
        }
    }

    /// Writes one value of a list; none has the place of an empty message there.
    fn item<T: Serialize + ?Sized>(&mut self, number: u32, ty: Type, value: &T) -> Result<(), Error> {
        let place = self.buffer.bytes.len();
        self.single(number, ty, true, value)?;
        if self.buffer.bytes.len() == place {
            let begun = self.buffer.begin(number);
            self.buffer.end(begun);
        }
        Ok(())
    }

    /// Writes a field whose length is known behind it.
    fn nested(
        &mut self,
        number: u32,
        write: impl FnOnce(&mut Self) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.go_deeper()?;
        let begun = self.buffer.begin(number);
        write(self)?;
        self.depth += 1;
        if std::mem::take(&mut self.is_none) {
            self.buffer.take_back(begun);
        } else {
            self.buffer.end(begun);
        }
        Ok(())
    }

    fn go_deeper(&mut self) -> Result<(), Error> {
        let left = self.depth.checked_sub(1);
        self.depth = left.ok_or_else(|| Error::too_much(format!("values more than {NESTING} deep")))?;
        Ok(())
    }
}
