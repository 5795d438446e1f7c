//! Writing a value whose type is known.

use serde::ser::{self, Serialize, Serializer};

use super::compound::{Compound, Form};
use super::infer::no_variant;
use super::lengths::{Lengths, Open};
use super::text::time_of;
use super::types::{self, Composite, Node, Types};
use crate::decode::too_deep;
use crate::wire::{put_bytes, put_float, put_int, put_uint};
use crate::{Error, Limits};

/// Where a message is written.
pub(super) struct Writer<'w> {
    pub(super) out: &'w mut Vec<u8>,
    pub(super) types: &'w mut Types,
    pub(super) lengths: &'w mut Lengths,
    /// Definitions that the peer needs before the message.
    pub(super) unsent: &'w mut Vec<u8>,
    /// The name of the field whose value is next, where it was a map's key.
    pub(super) name: &'w mut String,
    pub(super) depth: usize,
    pub(super) limits: &'w Limits,
    /// As many bytes may be in `out`.
    pub(super) longest: usize,
}

impl Writer<'_> {
    /// One level further in.
    pub(super) fn enter(&mut self) -> Result<(), Error> {
        if self.depth >= self.limits.nesting {
            return Err(too_deep(self.limits.nesting));
        }
        self.depth += 1;
        Ok(())
    }

    /// Ends a message that would be too long before it takes more memory.
    pub(super) fn check_length(&self) -> Result<(), Error> {
        match self.out.len() <= self.longest {
            true => Ok(()),
            false => Err(too_long(self.limits)),
        }
    }

    /// Begins the value inside of an interface, under the name that Go registers for its type.
    pub(super) fn hold(&mut self, name: &str, node: Node) -> Open {
        put_bytes(self.out, name.as_bytes());
        put_int(self.out, self.types.define(node, self.unsent));
        let length = self.lengths.open(self.out);
        // No value is held here as a struct, and any other begins with a zero.
        self.out.push(0);
        length
    }

    pub(super) fn close(&mut self, length: &Open) {
        self.lengths.close(length, self.out);
    }
}

#[cold]
fn too_long(limits: &Limits) -> Error {
    Error::over_limit(format!("a value over the limit of {} bytes for a message", limits.message_bytes))
}

/// What became of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    /// It was written.
    Value,
    /// It was written, and is what Go leaves out as a field.
    Zero,
    /// There was nothing to write.
    Nothing,
}

impl Written {
    fn zero_if(is_zero: bool) -> Self {
        if is_zero { Written::Zero } else { Written::Value }
    }
}

/// Writes one value of this type.
pub(super) struct ValueWriter<'a, 'w> {
    pub(super) writer: &'a mut Writer<'w>,
    pub(super) node: Node,
}

impl<'a, 'w> ValueWriter<'a, 'w> {
    fn unfit<T>(self, what: &str) -> Result<T, Error> {
        let node = match (self.node, self.writer.types.get(self.node)) {
            (types::BOOL, _) => "bool",
            (types::INT, _) => "int",
            (types::UINT, _) => "uint",
            (types::FLOAT, _) => "float",
            (types::BYTES, _) => "bytes",
            (types::STRING, _) => "text",
            (types::TIME, _) => "a time",
            (_, Composite::List(_) | Composite::Array(..)) => "a list",
            (_, Composite::Map(..)) => "a map",
            _ => "a struct",
        };
        Err(Error::unwritable(format!("{what} where the type says {node}")))
    }

    /// Writes a value that is held in an interface.
    fn held(self, name: &str, node: Node, put: impl FnOnce(&mut Vec<u8>)) -> Result<Written, Error> {
        let length = self.writer.hold(name, node);
        put(self.writer.out);
        self.writer.close(&length);
        Ok(Written::Value)
    }

    fn text(self, text: &str) -> Result<Written, Error> {
        match self.node {
            types::STRING => {
                put_bytes(self.writer.out, text.as_bytes());
                Ok(Written::zero_if(text.is_empty()))
            }
            types::INTERFACE => self.held("string", types::STRING, |out| put_bytes(out, text.as_bytes())),
            _ => self.unfit("text"),
        }
    }

    fn nothing(self) -> Result<Written, Error> {
        match self.node {
            types::INTERFACE => {
                put_uint(self.writer.out, 0);
                Ok(Written::Zero)
            }
            types::NOTHING => {
                put_uint(self.writer.out, 0);
                Ok(Written::Value)
            }
            _ => Ok(Written::Nothing),
        }
    }

    /// Begins a list, of which the length may be known.
    fn list(self, length: Option<usize>) -> Result<Compound<'a, 'w>, Error> {
        let form = match (self.node, self.writer.types.get(self.node)) {
            (types::BYTES, _) => Form::Bytes,
            (types::INTERFACE, _) => {
                return Compound::held(self.writer, types::ANY_LIST, Form::Items(types::INTERFACE), length);
            }
            (_, Composite::List(item)) => Form::Items(*item),
            (_, Composite::Array(item, wanted)) if length.is_none_or(|length| length == *wanted) => {
                Form::Array(*item, *wanted)
            }
            _ if length == Some(0) => Form::Nothing,
            _ => return self.unfit("a list"),
        };
        Compound::begin(self.writer, form, length)
    }

    /// Begins a map, or a struct as serde sees it.
    fn map(self, length: Option<usize>) -> Result<Compound<'a, 'w>, Error> {
        let form = match (self.node, self.writer.types.get(self.node)) {
            (types::INTERFACE, _) => {
                let form = Form::Pairs(types::STRING, types::INTERFACE);
                return Compound::held(self.writer, types::ANY_MAP, form, length);
            }
            (_, Composite::Map(key, item)) => Form::Pairs(*key, *item),
            (node, Composite::Record(_)) => Form::Record { node, next: 0, unsent: 0 },
            _ if length == Some(0) => Form::Nothing,
            _ => return self.unfit("a map or a struct"),
        };
        Compound::begin(self.writer, form, length)
    }
}

/// Integers, which are written as what their type was told to be, or as what they are where it was not.
macro_rules! ints {
    ($($method:ident($ty:ty) $own:ident $name:literal;)*) => {$(
        fn $method(self, number: $ty) -> Result<Written, Error> {
            match self.node {
                types::INT => match i64::try_from(number) {
                    Ok(number) => put_int(self.writer.out, number),
                    Err(_) => return self.unfit("a number beyond 64 bits with a sign"),
                },
                types::UINT => match u64::try_from(number) {
                    Ok(number) => put_uint(self.writer.out, number),
                    Err(_) => return self.unfit("a number below zero"),
                },
                types::FLOAT => put_float(self.writer.out, number as f64),
                types::INTERFACE => {
                    let length = self.writer.hold($name, types::$own);
                    ValueWriter { writer: self.writer, node: types::$own }.$method(number)?;
                    self.writer.close(&length);
                    return Ok(Written::Value);
                }
                _ => return self.unfit("a number"),
            }
            Ok(Written::zero_if(number == 0))
        }
    )*};
}

impl<'a, 'w> Serializer for ValueWriter<'a, 'w> {
    type Ok = Written;
    type Error = Error;
    type SerializeSeq = Compound<'a, 'w>;
    type SerializeTuple = Compound<'a, 'w>;
    type SerializeTupleStruct = Compound<'a, 'w>;
    type SerializeTupleVariant = Compound<'a, 'w>;
    type SerializeMap = Compound<'a, 'w>;
    type SerializeStruct = Compound<'a, 'w>;
    type SerializeStructVariant = Compound<'a, 'w>;

    fn is_human_readable(&self) -> bool {
        false
    }

    fn serialize_bool(self, b: bool) -> Result<Written, Error> {
        match self.node {
            types::BOOL => {
                put_uint(self.writer.out, b.into());
                Ok(Written::zero_if(!b))
            }
            types::INTERFACE => self.held("bool", types::BOOL, |out| put_uint(out, b.into())),
            _ => self.unfit("a bool"),
        }
    }

    ints! {
        serialize_i64(i64) INT "int";
        serialize_u64(u64) UINT "uint";
    }

    fn serialize_i8(self, number: i8) -> Result<Written, Error> {
        self.serialize_i64(number.into())
    }
    fn serialize_i16(self, number: i16) -> Result<Written, Error> {
        self.serialize_i64(number.into())
    }
    fn serialize_i32(self, number: i32) -> Result<Written, Error> {
        self.serialize_i64(number.into())
    }
    fn serialize_u8(self, number: u8) -> Result<Written, Error> {
        self.serialize_u64(number.into())
    }
    fn serialize_u16(self, number: u16) -> Result<Written, Error> {
        self.serialize_u64(number.into())
    }
    fn serialize_u32(self, number: u32) -> Result<Written, Error> {
        self.serialize_u64(number.into())
    }
    fn serialize_f32(self, number: f32) -> Result<Written, Error> {
        self.serialize_f64(number.into())
    }

    fn serialize_f64(self, number: f64) -> Result<Written, Error> {
        match self.node {
            types::FLOAT => {
                put_float(self.writer.out, number);
                // The other zero is one that can be told from it.
                Ok(Written::zero_if(number.to_bits() == 0))
            }
            types::INTERFACE => self.held("float64", types::FLOAT, |out| put_float(out, number)),
            _ => self.unfit("a float"),
        }
    }

    fn serialize_char(self, letter: char) -> Result<Written, Error> {
        self.text(letter.encode_utf8(&mut [0; 4]))
    }
    fn serialize_str(self, text: &str) -> Result<Written, Error> {
        self.text(text)
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<Written, Error> {
        match self.node {
            types::BYTES => {
                put_bytes(self.writer.out, bytes);
                Ok(Written::zero_if(bytes.is_empty()))
            }
            types::INTERFACE => self.held("[]uint8", types::BYTES, |out| put_bytes(out, bytes)),
            // A key of bytes stands for text: this is how a map with text for keys is told from a struct.
            types::STRING => self.text(&String::from_utf8_lossy(bytes)),
            _ => self.unfit("bytes"),
        }
    }

    fn serialize_none(self) -> Result<Written, Error> {
        self.nothing()
    }

    /// What is there is sent, though it be a zero: whoever gets nothing could not tell it from that.
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Written, Error> {
        match value.serialize(self)? {
            Written::Zero => Ok(Written::Value),
            other => Ok(other),
        }
    }

    fn serialize_unit(self) -> Result<Written, Error> {
        self.nothing()
    }
    fn serialize_unit_struct(self, _: &'static str) -> Result<Written, Error> {
        self.nothing()
    }
    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<Written, Error> {
        self.text(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<Written, Error> {
        if name != crate::TIMESTAMP {
            return value.serialize(self);
        }
        let time = time_of(value)?.to_bytes();
        match self.node {
            types::TIME => {
                put_bytes(self.writer.out, &time);
                Ok(Written::Value)
            }
            types::INTERFACE => self.held("time.Time", types::TIME, |out| put_bytes(out, &time)),
            _ => self.unfit("a time"),
        }
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Written, Error> {
        let mut map = self.map(Some(1))?;
        map.entry(variant, value)?;
        map.finish()
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Compound<'a, 'w>, Error> {
        self.list(length)
    }
    fn serialize_tuple(self, length: usize) -> Result<Compound<'a, 'w>, Error> {
        self.list(Some(length))
    }
    fn serialize_tuple_struct(self, _: &'static str, length: usize) -> Result<Compound<'a, 'w>, Error> {
        self.list(Some(length))
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Compound<'a, 'w>, Error> {
        no_variant()
    }
    fn serialize_map(self, length: Option<usize>) -> Result<Compound<'a, 'w>, Error> {
        self.map(length)
    }
    fn serialize_struct(self, _: &'static str, length: usize) -> Result<Compound<'a, 'w>, Error> {
        self.map(Some(length))
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Compound<'a, 'w>, Error> {
        no_variant()
    }
}

macro_rules! building {
    ($($trait:ident { $method:ident $(($key:ident))? => $call:ident })*) => {$(
        impl ser::$trait for Compound<'_, '_> {
            type Ok = Written;
            type Error = Error;
            fn $method<T: Serialize + ?Sized>(&mut self, $($key: &'static str,)? value: &T) -> Result<(), Error> {
                self.$call($($key,)? value)
            }
            fn end(self) -> Result<Written, Error> {
                self.finish()
            }
        }
    )*};
}

building! {
    SerializeSeq { serialize_element => item }
    SerializeTuple { serialize_element => item }
    SerializeTupleStruct { serialize_field => item }
    SerializeTupleVariant { serialize_field => item }
    SerializeStruct { serialize_field(key) => entry }
    SerializeStructVariant { serialize_field(key) => entry }
}
