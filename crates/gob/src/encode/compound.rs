//! Values with others in them: lists, maps and structs.

use serde::ser::{self, Serialize};

use super::lengths::Open;
use super::text::{Key, key_text};
use super::types::{self, Node};
use super::value::{ValueWriter, Writer, Written};
use crate::Error;
use crate::wire::put_uint;

/// How what is in it is written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Form {
    /// A list of items of this type.
    Items(Node),
    /// So many items of this type, all of which are sent.
    Array(Node, usize),
    /// Bytes, one after the other.
    Bytes,
    Pairs(Node, Node),
    /// A struct: which of its fields is next, and how many have been left out since one was sent.
    Record {
        node: Node,
        next: usize,
        unsent: u64,
    },
    /// An empty list or map where something else was to come: it is left out.
    Nothing,
}

/// A value with others in it, of which some may be written.
pub(super) struct Compound<'a, 'w> {
    writer: &'a mut Writer<'w>,
    form: Form,
    /// Where it is held in an interface, the place of its length there.
    held: Option<Open>,
    announced: Announced,
    count: usize,
}

/// How many items the value was said to have.
#[derive(Debug)]
enum Announced {
    Items(usize),
    /// To be filled in.
    Open(Open),
    /// It does not matter.
    No,
}

impl<'a, 'w> Compound<'a, 'w> {
    pub(super) fn begin(
        writer: &'a mut Writer<'w>,
        form: Form,
        length: Option<usize>,
    ) -> Result<Self, Error> {
        writer.enter()?;
        let announced = match (form, length) {
            (Form::Record { .. } | Form::Nothing, _) => Announced::No,
            (Form::Array(_, length), _) | (_, Some(length)) => {
                put_uint(writer.out, length as u64);
                Announced::Items(length)
            }
            (_, None) => Announced::Open(writer.lengths.open(writer.out)),
        };
        Ok(Self { writer, form, held: None, announced, count: 0 })
    }

    /// Begins a value in an interface, where it has one of two types.
    pub(super) fn held(
        writer: &'a mut Writer<'w>,
        node: Node,
        form: Form,
        length: Option<usize>,
    ) -> Result<Self, Error> {
        let name = if node == types::ANY_LIST { "[]interface {}" } else { "map[string]interface {}" };
        let held = writer.hold(name, node);
        Ok(Self { held: Some(held), ..Self::begin(writer, form, length)? })
    }

    pub(super) fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.count += 1;
        match self.form {
            Form::Items(node) | Form::Array(node, _) => self.put(node, value),
            Form::Bytes => {
                let start = self.writer.out.len();
                self.put(types::UINT, value)?;
                // Among others a byte is no number: each is one byte, however large.
                match self.writer.out[start..] {
                    [_] => {}
                    [0xFF, byte] => {
                        self.writer.out.truncate(start);
                        self.writer.out.push(byte);
                    }
                    _ => return Err(Error::unwritable("a number beyond 255 among bytes")),
                }
                Ok(())
            }
            _ => Err(Error::unwritable("a list where the type says something else")),
        }
    }

    /// Writes what cannot be left out.
    fn put<T: Serialize + ?Sized>(&mut self, node: Node, value: &T) -> Result<(), Error> {
        let written = value.serialize(ValueWriter { writer: self.writer, node })?;
        self.writer.check_length()?;
        match written {
            Written::Nothing => {
                Err(Error::unwritable("nothing where a value has to be; Go has no such items"))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn entry<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Error> {
        self.count += 1;
        match self.form {
            Form::Pairs(node, _) => {
                self.put(node, key)?;
                self.value(value)
            }
            Form::Record { node, next, .. } => match self.writer.types.find_field(node, next, key) {
                Some((number, ty)) => self.field(number, ty, value),
                // Only read, never sent: no peer was told of it.
                None => Ok(()),
            },
            _ => Err(Error::unwritable("a struct where the type says something else")),
        }
    }

    fn key<K: Serialize + ?Sized>(&mut self, key: &K) -> Result<(), Error> {
        self.count += 1;
        match self.form {
            Form::Pairs(node, _) => self.put(node, key),
            Form::Record { .. } => {
                self.writer.name.clear();
                match key_text(key, self.writer.name)? {
                    Key::Text => Ok(()),
                    _ => Err(Error::unwritable("a key that is no text in a struct")),
                }
            }
            _ => Err(Error::unwritable("a map where the type says something else")),
        }
    }

    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        match self.form {
            Form::Pairs(_, node) => self.put(node, value),
            Form::Record { node, next, .. } => {
                match self.writer.types.find_field(node, next, self.writer.name) {
                    Some((number, ty)) => self.field(number, ty, value),
                    None => Ok(()),
                }
            }
            _ => Err(Error::unwritable("a map where the type says something else")),
        }
    }

    /// Writes a field, unless it is what Go leaves out.
    fn field<T: Serialize + ?Sized>(&mut self, number: usize, ty: Node, value: &T) -> Result<(), Error> {
        let Form::Record { node, next, unsent } = self.form else { return Ok(()) };
        let unsent = unsent + (number - next) as u64;
        let start = self.writer.out.len();
        put_uint(self.writer.out, unsent + 1);
        let written = value.serialize(ValueWriter { writer: self.writer, node: ty })?;
        self.writer.check_length()?;
        let (next, unsent) = match written {
            Written::Value => (number + 1, 0),
            Written::Zero => (number + 1, unsent + 1),
            // It was no field of the type that was inferred: that one comes later.
            Written::Nothing if self.writer.types.is_inferred(node) => (number, unsent),
            Written::Nothing => (number + 1, unsent + 1),
        };
        if written != Written::Value {
            self.writer.out.truncate(start);
        }
        self.form = Form::Record { node, next, unsent };
        Ok(())
    }

    pub(super) fn finish(self) -> Result<Written, Error> {
        let writer = self.writer;
        writer.depth -= 1;
        let written = match self.form {
            Form::Record { .. } => {
                writer.out.push(0);
                Written::Value
            }
            Form::Nothing => Written::Nothing,
            Form::Items(_) | Form::Bytes | Form::Pairs(..) if self.count == 0 => Written::Zero,
            _ => Written::Value,
        };
        match self.announced {
            Announced::Items(length) if length != self.count => {
                let what = format!("{} items where {length} were announced", self.count);
                return Err(Error::unwritable(what));
            }
            Announced::Open(open) => writer.lengths.close_with(self.count, &open, writer.out),
            _ => {}
        }
        let Some(held) = self.held else { return Ok(written) };
        writer.close(&held);
        Ok(Written::Value)
    }
}

impl ser::SerializeMap for Compound<'_, '_> {
    type Ok = Written;
    type Error = Error;

    fn serialize_key<K: Serialize + ?Sized>(&mut self, key: &K) -> Result<(), Error> {
        self.key(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.value(value)
    }

    fn end(self) -> Result<Written, Error> {
        self.finish()
    }
}
