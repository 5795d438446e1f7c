//! One message: its fields as serde hands them over.

use serde::Serialize;

use super::Writer;
use super::accept::{Accept, Fields, Items, Via};
use super::scalar::text_of;
use crate::schema;
use crate::{Error, ORIGINAL};

/// Takes a record as the fields of a message.
pub(super) struct Message<'w, 's> {
    writer: &'w mut Writer<'s>,
    message: &'s schema::Message,
    next: usize,
    key: Option<&'s schema::Field>,
}

impl<'w, 's> Message<'w, 's> {
    pub(super) fn new(writer: &'w mut Writer<'s>, message: &'s schema::Message) -> Self {
        Self { writer, message, next: 0, key: None }
    }

    fn find(&mut self, name: &str) -> Result<&'s schema::Field, Error> {
        let fields = &self.message.fields;
        // They nearly always come in order.
        let at = match fields.get(self.next) {
            Some(field) if *field.name == *name => Some(self.next),
            _ => fields.iter().position(|field| *field.name == *name),
        };
        let found = at.and_then(|at| {
            self.next = at + 1;
            fields.get(at)
        });
        found.ok_or_else(|| Error::misfit(format!("the message has no field `{name}`")))
    }

    fn write<T: Serialize + ?Sized>(&mut self, field: &'s schema::Field, value: &T) -> Result<(), Error> {
        self.writer.field(field, value).map_err(|error| error.inside(&field.name))
    }
}

impl<'w, 's> Accept for Message<'w, 's> {
    type Items = Original<'w, 's>;
    type Fields = Self;

    fn expected(&self) -> String {
        "a record".to_owned()
    }

    fn none(self) -> Result<(), Error> {
        self.writer.is_none = true;
        Ok(())
    }

    fn unit(self) -> Result<(), Error> {
        Ok(())
    }

    fn named<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Result<(), Error> {
        if name == ORIGINAL {
            value.serialize(Via(Original(self.writer)))
        } else {
            value.serialize(Via(self))
        }
    }

    fn fields(self) -> Result<Self, Error> {
        Ok(self)
    }
}

impl Fields for Message<'_, '_> {
    fn key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.key = Some(self.find(&text_of(key)?)?);
        Ok(())
    }

    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        match self.key.take() {
            Some(field) => self.write(field, value),
            None => Err(Error::misfit("a value came before its key")),
        }
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Error> {
        let field = self.find(name)?;
        self.write(field, value)
    }
}

/// Takes the bytes of a message as they came.
pub(super) struct Original<'w, 's>(&'w mut Writer<'s>);

impl<'w, 's> Accept for Original<'w, 's> {
    type Items = Self;
    type Fields = super::accept::Never;

    fn expected(&self) -> String {
        "the bytes of a message".to_owned()
    }

    fn bytes(self, bytes: &[u8]) -> Result<(), Error> {
        self.writer_bytes(bytes);
        Ok(())
    }
}

impl Original<'_, '_> {
    fn writer_bytes(self, bytes: &[u8]) {
        self.0.buffer.bytes.extend_from_slice(bytes);
    }
}

impl Items for Original<'_, '_> {
    fn item<T: Serialize + ?Sized>(&mut self, _: &T) -> Result<(), Error> {
        Err(Error::misfit("the bytes of a message are one text of bytes"))
    }
    fn finish(self) -> Result<(), Error> {
        Ok(())
    }
}
