//! From bytes to values, for serde.

mod field;
mod message;
mod single;
mod special;

use std::cell::Cell;

use serde::de::{Deserializer, Visitor};

use crate::schema::Schema;
use crate::wire::{self, Tagged};
use crate::{Error, ErrorKind};
use message::MessageReader;

/// What a message may cost whoever reads it.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Messages inside each other.
    pub nesting: usize,
    /// Values, of which a byte can be one in a packed field.
    pub values: usize,
}

/// One message, for serde to read.
pub struct Reader<'a> {
    schema: &'a Schema,
    bytes: &'a [u8],
    account: Account,
}

/// What is left of the limits.
pub(crate) struct Account {
    limits: Limits,
    values: Cell<usize>,
    /// What was wrong, kept here: serde's erased forms carry no more of an error than its text.
    failure: Cell<Option<ErrorKind>>,
}

/// What all that read one message share.
#[derive(Clone, Copy)]
pub(crate) struct Source<'s> {
    schema: &'s Schema,
    account: &'s Account,
    /// Messages inside each other that may still come.
    depth: usize,
}

impl<'s> Source<'s> {
    /// Remembers what is wrong with the bytes.
    fn note<T>(self, read: Result<T, Error>) -> Result<T, Error> {
        read.inspect_err(|error| self.account.failure.set(Some(error.kind())))
    }

    /// Counts values, or refuses them.
    fn count(self, values: usize) -> Result<(), Error> {
        let Account { limits, values: left, .. } = self.account;
        let too_many = || Error::too_much(format!("more than {} values in one message", limits.values));
        left.set(self.note(left.get().checked_sub(values).ok_or_else(too_many))?);
        Ok(())
    }

    fn deeper(self) -> Result<Source<'s>, Error> {
        let too_deep =
            || Error::malformed(format!("messages more than {} deep", self.account.limits.nesting));
        let depth = self.note(self.depth.checked_sub(1).ok_or_else(too_deep))?;
        Ok(Self { depth, ..self })
    }

    /// Takes the next field off a message.
    fn next<'de>(self, bytes: &mut &'de [u8]) -> Result<Tagged<'de>, Error> {
        self.note(wire::next(bytes))
    }

    fn text(self, bytes: &[u8]) -> Result<&str, Error> {
        self.note(std::str::from_utf8(bytes).map_err(|_| Error::malformed("a text is not in UTF-8")))
    }
}

impl<'a> Reader<'a> {
    /// Reads these bytes as the schema's message.
    pub fn new(schema: &'a Schema, bytes: &'a [u8], limits: Limits) -> Self {
        Self {
            schema,
            bytes,
            account: Account { limits, values: Cell::new(limits.values), failure: Cell::new(None) },
        }
    }

    /// What kind of error reading ended with, for who sees no more of it than its text.
    pub fn failure(&self) -> Option<ErrorKind> {
        self.account.failure.get()
    }

    fn read<T>(&self, read: impl FnOnce(MessageReader<'_, '_>) -> Result<T, Error>) -> Result<T, Error> {
        self.root().and_then(read)
    }

    fn root<'s>(&'s self) -> Result<MessageReader<'s, 'a>, Error> {
        let source =
            Source { schema: self.schema, account: &self.account, depth: self.account.limits.nesting };
        MessageReader::new(source, 0, self.bytes)
    }
}

/// What the root message is asked as it is.
macro_rules! pass_on {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.read(|root| root.$method(visitor))
        }
    )*};
}

impl<'de> Deserializer<'de> for &mut Reader<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.read(|root| root.deserialize_any(visitor))
    }
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.read(|root| root.deserialize_struct(name, fields, visitor))
    }
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.read(|root| root.deserialize_enum(name, variants, visitor))
    }
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.read(|root| root.deserialize_newtype_struct(name, visitor))
    }
    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.read(|root| root.deserialize_unit_struct(name, visitor))
    }
    fn deserialize_tuple<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Error> {
        self.read(|root| root.deserialize_tuple(length, visitor))
    }
    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.read(|root| root.deserialize_tuple_struct(name, length, visitor))
    }

    pass_on! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 deserialize_f32
        deserialize_f64 deserialize_char deserialize_str deserialize_string deserialize_bytes
        deserialize_byte_buf deserialize_option deserialize_unit deserialize_seq deserialize_map
        deserialize_identifier deserialize_ignored_any
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}
