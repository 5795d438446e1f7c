//! Zeros, for what a peer left out: 0, "", an empty list, a struct of zeros.

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};

use super::reader::Reader;
use super::types::{Composite, Ty, Types};
use super::walk::too_deep;
use crate::Error;
use crate::names::{NUMBER, TIMESTAMP};
use crate::time::Time;

/// The zero of whatever it is asked for.
#[derive(Clone, Copy)]
pub(super) struct Zero<'t> {
    types: &'t Types,
    /// The type of the field that was left out, which has to fit all the same; none where the peer's struct has no such
    /// field.
    ty: Option<Ty>,
    depth: usize,
    nesting: usize,
}

impl<'t> Zero<'t> {
    pub(super) fn new(reader: &Reader<'t, '_>, ty: Option<Ty>) -> Self {
        Self { types: reader.types, ty, depth: reader.depth(), nesting: reader.nesting() }
    }

    fn composite(&self) -> Option<Composite> {
        match self.ty? {
            Ty::Defined(index) => Some(self.types.composite(index)),
            _ => None,
        }
    }

    fn check(&self, wanted: &str, fits: impl FnOnce(Ty, Option<Composite>) -> bool) -> Result<(), Error> {
        match self.ty {
            None | Some(Ty::Interface) => Ok(()),
            Some(ty) if fits(ty, self.composite()) => Ok(()),
            Some(ty) => Err(Error::wrong_type(wanted, self.types.describe(ty))),
        }
    }

    /// A zero inside of this one, of which the peer's type is not looked at.
    fn inner(self) -> Result<Self, Error> {
        match self.depth < self.nesting {
            true => Ok(Self { ty: None, depth: self.depth + 1, ..self }),
            false => Err(too_deep(self.nesting)),
        }
    }
}

macro_rules! scalars {
    ($($method:ident $($ty:ident)|+: $visit:ident $zero:expr, $go:literal;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.check($go, |ty, _| matches!(ty, $(Ty::$ty)|+))?;
            visitor.$visit($zero)
        }
    )*};
}

impl<'de> Deserializer<'de> for Zero<'_> {
    type Error = Error;

    fn is_human_readable(&self) -> bool {
        false
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match (self.ty, self.composite()) {
            (Some(Ty::Bool), _) => visitor.visit_bool(false),
            (Some(Ty::Int | Ty::Uint), _) => visitor.visit_i64(0),
            (Some(Ty::Float), _) => visitor.visit_f64(0.0),
            (Some(Ty::String), _) => visitor.visit_borrowed_str(""),
            (Some(Ty::Bytes), _) => visitor.visit_borrowed_bytes(&[]),
            (_, Some(Composite::Slice { .. })) => visitor.visit_seq(Nothing),
            (_, Some(Composite::Map { .. })) => visitor.visit_map(Nothing),
            _ => visitor.visit_unit(),
        }
    }

    scalars! {
        deserialize_bool Bool: visit_bool false, "bool";
        deserialize_i8 Int: visit_i8 0, "int8";
        deserialize_i16 Int: visit_i16 0, "int16";
        deserialize_i32 Int: visit_i32 0, "int32";
        deserialize_i64 Int: visit_i64 0, "int";
        deserialize_u8 Uint: visit_u8 0, "uint8";
        deserialize_u16 Uint: visit_u16 0, "uint16";
        deserialize_u32 Uint: visit_u32 0, "uint32";
        deserialize_u64 Uint: visit_u64 0, "uint";
        deserialize_f32 Float: visit_f32 0.0, "float32";
        deserialize_f64 Float: visit_f64 0.0, "float64";
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let is_text = |composite| matches!(composite, Some(Composite::Marshaled { is_text: true }));
        self.check("string", |ty, composite| ty == Ty::String || is_text(composite))?;
        visitor.visit_borrowed_str("")
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.check("string", |ty, _| ty == Ty::String)?;
        visitor.visit_char('\0')
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let is_marshaled = |composite| matches!(composite, Some(Composite::Marshaled { .. }));
        self.check("[]uint8", |ty, composite| ty == Ty::Bytes || is_marshaled(composite))?;
        visitor.visit_borrowed_bytes(&[])
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_none()
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        match name {
            TIMESTAMP => Time::ZERO.visit(visitor),
            NUMBER => {
                self.check("float64", |ty, _| matches!(ty, Ty::Int | Ty::Uint | Ty::Float))?;
                match self.ty {
                    Some(Ty::Float) => visitor.visit_f64(0.0),
                    _ => visitor.visit_i64(0),
                }
            }
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let is_list =
            |composite| matches!(composite, Some(Composite::Slice { .. } | Composite::Array { .. }));
        self.check("slice", |ty, composite| matches!(ty, Ty::Bytes | Ty::Complex) || is_list(composite))?;
        visitor.visit_seq(Nothing)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, left: usize, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(Zeros { zero: self.inner()?, left, names: [].iter() })
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_tuple(length, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let is_map = |composite| matches!(composite, Some(Composite::Map { .. } | Composite::Struct(_)));
        self.check("map", |_, composite| is_map(composite))?;
        visitor.visit_map(Nothing)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let is_struct = |composite| matches!(composite, Some(Composite::Struct(_) | Composite::Map { .. }));
        self.check(name, |_, composite| is_struct(composite))?;
        visitor.visit_map(Zeros { zero: self.inner()?, left: 0, names: names.iter() })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.check("string", |ty, _| ty == Ty::String)?;
        visitor.visit_enum(variants.first().copied().unwrap_or_default().into_deserializer())
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }
}

/// As many zeros as a tuple has items, or as a struct has fields.
struct Zeros<'t> {
    zero: Zero<'t>,
    left: usize,
    names: std::slice::Iter<'static, &'static str>,
}

impl<'de> SeqAccess<'de> for Zeros<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        seed.deserialize(self.zero).map(Some)
    }
}

impl<'de> MapAccess<'de> for Zeros<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let name = self.names.next();
        name.map(|name| seed.deserialize(BorrowedStrDeserializer::new(name))).transpose()
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self.zero)
    }
}

/// A list or a map without anything in it.
struct Nothing;

impl<'de> SeqAccess<'de> for Nothing {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, _: T) -> Result<Option<T::Value>, Error> {
        Ok(None)
    }
}

impl<'de> MapAccess<'de> for Nothing {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, _: K) -> Result<Option<K::Value>, Error> {
        Ok(None)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(serde::de::value::UnitDeserializer::<Error>::new())
    }
}
