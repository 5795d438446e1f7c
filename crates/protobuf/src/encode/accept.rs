//! serde's many calls, brought down to the few that differ here. A writer says what it takes, and refuses the rest.

use serde::ser::{
    Impossible, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeTuple, SerializeTupleStruct,
    Serializer,
};

use crate::Error;

/// What takes one value.
pub(super) trait Accept: Sized {
    /// What takes the items of a list.
    type Items: Items;
    /// What takes the fields of a record, or the pairs of a map.
    type Fields: Fields;

    /// What it takes, for the error of who gives it something else.
    fn expected(&self) -> String;

    fn refuse<T>(&self, got: &str) -> Result<T, Error> {
        Err(Error::misfit(format!("expected {}, got {got}", self.expected())))
    }

    fn none(self) -> Result<(), Error> {
        Ok(())
    }
    fn unit(self) -> Result<(), Error> {
        self.none()
    }
    fn bool(self, _: bool) -> Result<(), Error> {
        self.refuse("bool")
    }
    fn int(self, _: i64) -> Result<(), Error> {
        self.refuse("int")
    }
    fn uint(self, uint: u64) -> Result<(), Error> {
        match i64::try_from(uint) {
            Ok(int) => self.int(int),
            Err(_) => self.refuse("an int beyond 64 bits with a sign"),
        }
    }
    fn float(self, _: f64) -> Result<(), Error> {
        self.refuse("float")
    }
    fn text(self, _: &str) -> Result<(), Error> {
        self.refuse("string")
    }
    fn bytes(self, _: &[u8]) -> Result<(), Error> {
        self.refuse("bytes")
    }
    fn named<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), Error> {
        value.serialize(Via(self))
    }
    fn items(self) -> Result<Self::Items, Error> {
        self.refuse("list")
    }
    fn fields(self) -> Result<Self::Fields, Error> {
        self.refuse("record")
    }
}

/// What takes the items of a list.
pub(super) trait Items {
    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error>;
    fn finish(self) -> Result<(), Error>;
}

/// What takes the fields of a record, or the pairs of a map.
pub(super) trait Fields {
    fn key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error>;
    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error>;

    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Error> {
        self.key(name)?;
        self.value(value)
    }

    fn finish(self) -> Result<(), Error>
    where
        Self: Sized,
    {
        Ok(())
    }
}

/// For who takes no lists, or no records.
pub(super) enum Never {}

impl Items for Never {
    fn item<T: Serialize + ?Sized>(&mut self, _: &T) -> Result<(), Error> {
        match *self {}
    }
    fn finish(self) -> Result<(), Error> {
        match self {}
    }
}

impl Fields for Never {
    fn key<T: Serialize + ?Sized>(&mut self, _: &T) -> Result<(), Error> {
        match *self {}
    }
    fn value<T: Serialize + ?Sized>(&mut self, _: &T) -> Result<(), Error> {
        match *self {}
    }
}

/// Shows a writer to serde.
pub(super) struct Via<A>(pub(super) A);

macro_rules! numbers {
    ($($method:ident $ty:ty => $accept:ident)*) => {
        $(fn $method(self, value: $ty) -> Result<(), Error> {
            self.0.$accept(value.into())
        })*
    };
}

impl<A: Accept> Serializer for Via<A> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Via<A::Items>;
    type SerializeTuple = Via<A::Items>;
    type SerializeTupleStruct = Via<A::Items>;
    type SerializeTupleVariant = Impossible<(), Error>;
    type SerializeMap = Via<A::Fields>;
    type SerializeStruct = Via<A::Fields>;
    type SerializeStructVariant = Impossible<(), Error>;

    numbers! {
        serialize_i8 i8 => int
        serialize_i16 i16 => int
        serialize_i32 i32 => int
        serialize_i64 i64 => int
        serialize_u8 u8 => int
        serialize_u16 u16 => int
        serialize_u32 u32 => int
        serialize_u64 u64 => uint
        serialize_f32 f32 => float
        serialize_f64 f64 => float
    }

    fn is_human_readable(&self) -> bool {
        false
    }
    fn serialize_bool(self, value: bool) -> Result<(), Error> {
        self.0.bool(value)
    }
    fn serialize_char(self, value: char) -> Result<(), Error> {
        self.0.text(value.encode_utf8(&mut [0; 4]))
    }
    fn serialize_str(self, value: &str) -> Result<(), Error> {
        self.0.text(value)
    }
    fn serialize_bytes(self, value: &[u8]) -> Result<(), Error> {
        self.0.bytes(value)
    }
    fn serialize_none(self) -> Result<(), Error> {
        self.0.none()
    }
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }
    fn serialize_unit(self) -> Result<(), Error> {
        self.0.unit()
    }
    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Error> {
        self.0.unit()
    }
    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Error> {
        self.0.text(variant)
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.0.named(name, value)
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: &T,
    ) -> Result<(), Error> {
        no_variants(variant)
    }
    fn serialize_seq(self, _: Option<usize>) -> Result<Via<A::Items>, Error> {
        self.0.items().map(Via)
    }
    fn serialize_tuple(self, _: usize) -> Result<Via<A::Items>, Error> {
        self.0.items().map(Via)
    }
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Via<A::Items>, Error> {
        self.0.items().map(Via)
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Error> {
        no_variants(variant)
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Via<A::Fields>, Error> {
        self.0.fields().map(Via)
    }
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Via<A::Fields>, Error> {
        self.0.fields().map(Via)
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Error> {
        no_variants(variant)
    }
}

fn no_variants<T>(variant: &str) -> Result<T, Error> {
    Err(Error::misfit(format!(
        "the variant {variant} holds values, and a message has room for its name alone"
    )))
}

macro_rules! items {
    ($($serialize:ident $method:ident)*) => {$(
        impl<I: Items> $serialize for Via<I> {
            type Ok = ();
            type Error = Error;
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
                self.0.item(value)
            }
            fn end(self) -> Result<(), Error> {
                self.0.finish()
            }
        }
    )*};
}

items! { SerializeSeq serialize_element SerializeTuple serialize_element SerializeTupleStruct serialize_field }

impl<F: Fields> SerializeMap for Via<F> {
    type Ok = ();
    type Error = Error;
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.0.key(key)
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.0.value(value)
    }
    fn end(self) -> Result<(), Error> {
        self.0.finish()
    }
}

impl<F: Fields> SerializeStruct for Via<F> {
    type Ok = ();
    type Error = Error;
    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Error> {
        self.0.field(name, value)
    }
    fn end(self) -> Result<(), Error> {
        self.0.finish()
    }
}
