//! Lists and maps as repeated fields.

use serde::Serialize;

use super::Writer;
use super::accept::{Accept, Fields, Items, Never, Via};
use super::buffer::Begun;
use super::scalar::Scalar;
use crate::Error;
use crate::schema::{Field, Type};

/// Takes a list.
pub(super) struct Repeated<'w, 's> {
    writer: &'w mut Writer<'s>,
    field: &'s Field,
    /// Numbers share one field.
    packed: Option<Begun>,
}

impl<'w, 's> Repeated<'w, 's> {
    pub(super) fn new(writer: &'w mut Writer<'s>, field: &'s Field) -> Self {
        Self { writer, field, packed: None }
    }
}

impl<'w, 's> Accept for Repeated<'w, 's> {
    type Items = Self;
    type Fields = Never;

    fn expected(&self) -> String {
        "a list".to_owned()
    }

    /// Bytes are a list of numbers, where one is wanted.
    fn bytes(self, bytes: &[u8]) -> Result<(), Error> {
        let mut items = self.items()?;
        bytes.iter().try_for_each(|byte| items.item(byte))?;
        items.finish()
    }

    fn items(self) -> Result<Self, Error> {
        Ok(self)
    }
}

impl Items for Repeated<'_, '_> {
    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let Field { number, ty, .. } = *self.field;
        if !ty.is_packable() {
            return self.writer.item(number, ty, value);
        }
        if self.packed.is_none() {
            self.packed = Some(self.writer.buffer.begin(number));
        }
        value.serialize(Via(Scalar { writer: self.writer, number: None, ty, is_explicit: true }))
    }

    fn finish(self) -> Result<(), Error> {
        if let Some(packed) = self.packed {
            self.writer.buffer.end(packed);
        }
        Ok(())
    }
}

/// Takes a map as messages of a key and a value.
pub(super) struct Map<'w, 's> {
    writer: &'w mut Writer<'s>,
    field: &'s Field,
    entry: Option<(Begun, &'s Field)>,
}

impl<'w, 's> Map<'w, 's> {
    pub(super) fn new(writer: &'w mut Writer<'s>, field: &'s Field) -> Self {
        Self { writer, field, entry: None }
    }

    fn entry(&self) -> Option<(&'s Field, &'s Field)> {
        let Type::Message(entry) = self.field.ty else { return None };
        match &self.writer.schema.messages.get(entry)?.fields[..] {
            [key, value] => Some((key, value)),
            _ => None,
        }
    }
}

impl Accept for Map<'_, '_> {
    type Items = Never;
    type Fields = Self;

    fn expected(&self) -> String {
        "a map".to_owned()
    }

    fn fields(self) -> Result<Self, Error> {
        Ok(self)
    }
}

impl Fields for Map<'_, '_> {
    fn key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        let (name, value) = self.entry().ok_or_else(|| Error::misfit("this is no map"))?;
        let begun = self.writer.buffer.begin(self.field.number);
        self.entry = Some((begun, value));
        self.writer.single(name.number, name.ty, true, key)
    }

    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let (begun, field) = self.entry.take().ok_or_else(|| Error::misfit("a value came before its key"))?;
        self.writer.field(field, value)?;
        self.writer.buffer.end(begun);
        Ok(())
    }
}
