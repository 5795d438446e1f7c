//! A value as a serde deserializer, which goes by the type that the peer told.

use serde::de::value::{SeqDeserializer, StrDeserializer};
use serde::de::{DeserializeSeed, Deserializer, IntoDeserializer, SeqAccess, Visitor};

use super::reader::Reader;
use super::record::{Anonymous, Pairs, Record};
use super::types::{Composite, Fields, Ty};
use super::zero::Zero;
use crate::Error;
use crate::names::{NUMBER, TIMESTAMP};
use crate::time::{self, Time};

/// The value that is next, and its type.
pub(super) struct At<'r, 't, 'de> {
    pub(super) reader: &'r mut Reader<'t, 'de>,
    pub(super) ty: Ty,
}

impl<'r, 't, 'de> At<'r, 't, 'de> {
    /// The type of the value, where it is in an interface the type in there; none where that is empty.
    #[inline]
    fn settle(&mut self) -> Result<Option<Ty>, Error> {
        if self.ty != Ty::Interface {
            return Ok(Some(self.ty));
        }
        let held = self.reader.open_interface()?;
        if let Some(ty) = held {
            self.ty = ty;
        }
        Ok(held)
    }

    fn zero(self) -> Zero<'t> {
        Zero::new(self.reader, None)
    }

    fn composite(&self) -> Option<Composite> {
        match self.ty {
            Ty::Defined(index) => Some(self.reader.types.composite(index)),
            _ => None,
        }
    }

    fn wrong_type(self, wanted: &str) -> Error {
        self.reader.wrong_type(wanted, self.ty)
    }

    fn is_time(&self) -> bool {
        match (self.composite(), self.ty) {
            (Some(Composite::Marshaled { is_text: false }), Ty::Defined(index)) => {
                self.reader.types.name(index) == time::GO_NAME
            }
            _ => false,
        }
    }

    /// Visits something that has others in it, one level further in.
    fn within<T>(self, visit: impl FnOnce(&mut Reader<'t, 'de>) -> Result<T, Error>) -> Result<T, Error> {
        self.reader.enter()?;
        let visited = visit(self.reader)?;
        self.reader.leave();
        Ok(visited)
    }

    fn visit_items<V: Visitor<'de>>(self, item: u32, visitor: V) -> Result<V::Value, Error> {
        let ty = self.ty;
        self.within(|reader| {
            let of = reader.types.of(item);
            let item = reader.noted(of)?;
            let left = reader.items(1)?;
            let mut items = Items { reader, list: ty, item, left };
            let visited = visitor.visit_seq(&mut items)?;
            match items.left {
                0 => Ok(visited),
                left => Err(items.reader.failed(Error::misfit(format!("{left} more items than expected")))),
            }
        })
    }

    fn visit_pairs<V: Visitor<'de>>(self, key: u32, item: u32, visitor: V) -> Result<V::Value, Error> {
        let ty = self.ty;
        self.within(|reader| {
            let of = reader.types.of(key).and_then(|key| Ok((key, reader.types.of(item)?)));
            let (key, item) = reader.noted(of)?;
            let left = reader.items(2)?;
            let mut pairs = Pairs { reader, map: ty, key, item, left };
            let visited = visitor.visit_map(&mut pairs)?;
            pairs.finish()?;
            Ok(visited)
        })
    }

    fn visit_complex<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.reader.count(1)?;
        let parts = [self.reader.float()?, self.reader.float()?];
        visitor.visit_seq(SeqDeserializer::new(parts.into_iter()))
    }

    /// A struct as pairs of names and values, whichever fields were left out.
    fn visit_anonymous<V: Visitor<'de>>(self, fields: Fields, visitor: V) -> Result<V::Value, Error> {
        self.within(|reader| {
            // The names are in what is made of the struct, each time.
            reader.count(2 + 2 * fields.count as usize + fields.names as usize / NAME_BYTES)?;
            let mut pairs = Anonymous::new(reader, fields);
            let visited = visitor.visit_map(&mut pairs)?;
            pairs.finish()?;
            Ok(visited)
        })
    }

    fn visit_marshaled<V: Visitor<'de>>(self, is_text: bool, visitor: V) -> Result<V::Value, Error> {
        let is_time = self.is_time();
        let bytes = self.reader.bytes()?;
        match std::str::from_utf8(bytes) {
            Ok(text) if is_text => return visitor.visit_borrowed_str(text),
            _ => {}
        }
        match Time::parse(bytes).filter(|_| is_time) {
            Some(time) => time.visit_any(visitor),
            None => visitor.visit_borrowed_bytes(bytes),
        }
    }
}

/// So many bytes of names count as one value.
const NAME_BYTES: usize = 32;

/// Numbers of each width: which of the peer's types they are read from, and Go's name for them.
macro_rules! numbers {
    ($($method:ident $ty:ident $read:ident $to:ty: $visit:ident $go:literal;)*) => {$(
        fn $method<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Error> {
            match self.settle()? {
                Some(Ty::$ty) => match <$to>::try_from(self.reader.$read()?) {
                    Ok(number) => visitor.$visit(number),
                    Err(_) => Err(self.reader.failed(Error::out_of_range($go))),
                },
                Some(_) => Err(self.wrong_type($go)),
                None => visitor.$visit(0),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for At<'_, '_, 'de> {
    type Error = Error;

    fn is_human_readable(&self) -> bool {
        false
    }

    fn deserialize_any<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Error> {
        let Some(ty) = self.settle()? else { return visitor.visit_unit() };
        match ty {
            Ty::Bool => visitor.visit_bool(self.reader.uint()? != 0),
            Ty::Int => visitor.visit_i64(self.reader.int()?),
            Ty::Uint => visitor.visit_u64(self.reader.uint()?),
            Ty::Float => visitor.visit_f64(self.reader.float()?),
            Ty::Bytes => visitor.visit_borrowed_bytes(self.reader.bytes()?),
            Ty::String => visitor.visit_borrowed_str(self.reader.text()?),
            Ty::Complex => self.visit_complex(visitor),
            // An interface holds no other.
            Ty::Interface => visitor.visit_unit(),
            Ty::Defined(index) => match self.reader.types.composite(index) {
                Composite::Array { item, .. } | Composite::Slice { item } => self.visit_items(item, visitor),
                Composite::Map { key, item } => self.visit_pairs(key, item, visitor),
                Composite::Struct(fields) => self.visit_anonymous(fields, visitor),
                Composite::Marshaled { is_text } => self.visit_marshaled(is_text, visitor),
            },
        }
    }

    numbers! {
        deserialize_i8 Int int i8: visit_i8 "int8";
        deserialize_i16 Int int i16: visit_i16 "int16";
        deserialize_i32 Int int i32: visit_i32 "int32";
        deserialize_i64 Int int i64: visit_i64 "int";
        deserialize_u8 Uint uint u8: visit_u8 "uint8";
        deserialize_u16 Uint uint u16: visit_u16 "uint16";
        deserialize_u32 Uint uint u32: visit_u32 "uint32";
        deserialize_u64 Uint uint u64: visit_u64 "uint";
    }

    fn deserialize_bool<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Error> {
        match self.settle()? {
            Some(Ty::Bool) => visitor.visit_bool(self.reader.uint()? != 0),
            Some(_) => Err(self.wrong_type("bool")),
            None => visitor.visit_bool(false),
        }
    }

    fn deserialize_f32<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Error> {
        match self.settle()? {
            Some(Ty::Float) => {
                let float = self.reader.float()?;
                match float as f32 {
                    // As for Go, too large a number is an error, and too fine a one is rounded.
                    narrow if narrow.is_infinite() && float.is_finite() => {
                        Err(self.reader.failed(Error::out_of_range("float32")))
                    }
                    narrow => visitor.visit_f32(narrow),
                }
            }
            Some(_) => Err(self.wrong_type("float32")),
            None => visitor.visit_f32(0.0),
        }
    }

    fn deserialize_f64<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Error> {
        match self.settle()? {
            Some(Ty::Float) => visitor.visit_f64(self.reader.float()?),
            Some(_) => Err(self.wrong_type("float64")),
            None => visitor.visit_f64(0.0),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Error> {
        match (self.settle()?, self.composite()) {
            (Some(Ty::String), _) => visitor.visit_borrowed_str(self.reader.text()?),
            (Some(_), Some(Composite::Marshaled { is_text: true })) => {
                visitor.visit_borrowed_str(self.reader.text()?)
            }
            (Some(_), _) => Err(self.wrong_type("string")),
            (None, _) => visitor.visit_borrowed_str(""),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Error> {
        match (self.settle()?, self.composite()) {
            (Some(Ty::Bytes), _) | (Some(_), Some(Composite::Marshaled { .. })) => {
                visitor.visit_borrowed_bytes(self.reader.bytes()?)
            }
            (Some(_), _) => Err(self.wrong_type("[]uint8")),
            (None, _) => visitor.visit_borrowed_bytes(&[]),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Error> {
        match self.settle()? {
            Some(_) => visitor.visit_some(self),
            None => visitor.visit_none(),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Error> {
        match (self.settle()?, self.composite()) {
            (Some(ty), Some(Composite::Struct(_))) => {
                self.reader.skip(ty)?;
                visitor.visit_unit()
            }
            (Some(_), _) => Err(self.wrong_type("struct {}")),
            (None, _) => visitor.visit_unit(),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        mut self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        match name {
            TIMESTAMP => match self.settle()? {
                Some(_) if self.is_time() => match Time::parse(self.reader.bytes()?) {
                    Some(time) => time.visit(visitor),
                    None => Err(self.reader.failed(Error::malformed("a time in a form that Go has not"))),
                },
                Some(_) => visitor.visit_newtype_struct(self),
                None => self.zero().deserialize_newtype_struct(name, visitor),
            },
            NUMBER => match self.settle()? {
                Some(Ty::Int | Ty::Uint | Ty::Float) => visitor.visit_newtype_struct(self),
                Some(_) => Err(self.wrong_type("float64")),
                None => self.zero().deserialize_newtype_struct(name, visitor),
            },
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Error> {
        match (self.settle()?, self.composite()) {
            (_, Some(Composite::Array { item, .. } | Composite::Slice { item })) => {
                self.visit_items(item, visitor)
            }
            (Some(Ty::Bytes), _) => {
                let bytes = self.reader.bytes()?;
                visitor.visit_seq(SeqDeserializer::new(bytes.iter().copied()))
            }
            (Some(Ty::Complex), _) => self.visit_complex(visitor),
            (Some(_), _) => Err(self.wrong_type("slice")),
            (None, _) => self.zero().deserialize_seq(visitor),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(mut self, length: usize, visitor: V) -> Result<V::Value, Error> {
        match self.settle()? {
            Some(_) => self.deserialize_seq(visitor),
            None => self.zero().deserialize_tuple(length, visitor),
        }
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_tuple(length, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Error> {
        match (self.settle()?, self.composite()) {
            (_, Some(Composite::Map { key, item })) => self.visit_pairs(key, item, visitor),
            (_, Some(Composite::Struct(fields))) => self.visit_anonymous(fields, visitor),
            (Some(_), _) => Err(self.wrong_type("map")),
            (None, _) => self.zero().deserialize_map(visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        mut self,
        name: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match (self.settle()?, self.ty, self.composite()) {
            (Some(_), Ty::Defined(index), Some(Composite::Struct(fields))) => self.within(|reader| {
                reader.count(2 + 2 * fields.count as usize)?;
                Record::new(reader, index, fields, name, names)?.visit(visitor)
            }),
            // What was told of as a map could not be told of as a struct: the writer had used up its definitions.
            (Some(_), _, Some(Composite::Map { key, item })) => self.visit_pairs(key, item, visitor),
            (Some(_), ..) => Err(self.wrong_type(name)),
            (None, ..) => self.zero().deserialize_struct(name, names, visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        mut self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.settle()? {
            Some(Ty::String) => {
                let variant: StrDeserializer<'_, Error> = self.reader.text()?.into_deserializer();
                visitor.visit_enum(variant)
            }
            Some(_) => Err(self.wrong_type("string")),
            None => self.zero().deserialize_enum(name, variants, visitor),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.reader.skip(self.ty)?;
        visitor.visit_unit()
    }
}

/// The items of a list.
struct Items<'r, 't, 'de> {
    reader: &'r mut Reader<'t, 'de>,
    list: Ty,
    item: Ty,
    left: usize,
}

impl<'de> SeqAccess<'de> for Items<'_, '_, 'de> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        let item = seed.deserialize(At { reader: self.reader, ty: self.item });
        item.map(Some).map_err(|error| {
            self.reader.amended(error, |error, types| error.in_items("[]", || types.describe(self.list)))
        })
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

/// The whole value, by reference, so that its errors can be asked for afterwards.
macro_rules! the_whole {
    ($($method:ident($($argument:ident: $ty:ty)?$(, $more:ident: $other:ty)?);)*) => {
        impl<'de> Deserializer<'de> for &mut Reader<'_, 'de> {
            type Error = Error;

            fn is_human_readable(&self) -> bool {
                false
            }

            $(fn $method<V: Visitor<'de>>(
                self,
                $($argument: $ty,)?
                $($more: $other,)?
                visitor: V,
            ) -> Result<V::Value, Error> {
                At { ty: self.root, reader: self }.$method($($argument,)? $($more,)? visitor)
            })*
        }
    };
}

the_whole! {
    deserialize_any();
    deserialize_bool();
    deserialize_i8();
    deserialize_i16();
    deserialize_i32();
    deserialize_i64();
    deserialize_u8();
    deserialize_u16();
    deserialize_u32();
    deserialize_u64();
    deserialize_f32();
    deserialize_f64();
    deserialize_char();
    deserialize_str();
    deserialize_string();
    deserialize_bytes();
    deserialize_byte_buf();
    deserialize_option();
    deserialize_unit();
    deserialize_unit_struct(name: &'static str);
    deserialize_newtype_struct(name: &'static str);
    deserialize_seq();
    deserialize_tuple(length: usize);
    deserialize_tuple_struct(name: &'static str, length: usize);
    deserialize_map();
    deserialize_struct(name: &'static str, names: &'static [&'static str]);
    deserialize_enum(name: &'static str, variants: &'static [&'static str]);
    deserialize_identifier();
    deserialize_ignored_any();
}
