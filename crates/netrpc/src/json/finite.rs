//! Floats that JSON has no form for.
//!
//! serde_json writes null for them, and its formatters are not told why. So where null was written, and nowhere else, a value
//! is looked through once more.

use std::fmt::{self, Display};

use serde::ser::{
    Error, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

/// Checks a value of which this JSON was written; the error is in Go's words.
pub(super) fn check(json: &[u8], value: &dyn erased_serde::Serialize) -> Result<(), Unsupported> {
    if memchr::memmem::find(json, b"null").is_none() {
        return Ok(());
    }
    erased_serde::serialize(value, Finite)
}

/// A float without a form, or another reason why a value cannot be written.
#[derive(Debug)]
pub(super) struct Unsupported(String);

impl Unsupported {
    fn float(float: f64) -> Self {
        let shown = match float {
            f64::INFINITY => "+Inf",
            f64::NEG_INFINITY => "-Inf",
            _ => "NaN",
        };
        Self(format!("json: unsupported value: {shown}"))
    }
}

impl Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unsupported {}

impl Error for Unsupported {
    fn custom<T: Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

/// Looks at floats, and passes over everything else.
struct Finite;

type Checked = Result<(), Unsupported>;

/// What is no float and has nothing inside.
macro_rules! pass_over {
    ($($method:ident: $type:ty),*) => {
        $(fn $method(self, _: $type) -> Checked {
            Ok(())
        })*
    };
}

impl Serializer for Finite {
    type Ok = ();
    type Error = Unsupported;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    pass_over!(serialize_bool: bool, serialize_char: char, serialize_str: &str, serialize_bytes: &[u8]);
    pass_over!(serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64, serialize_i128: i128);
    pass_over!(serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_u128: u128);
    pass_over!(serialize_unit_struct: &'static str);

    fn serialize_f32(self, float: f32) -> Checked {
        self.serialize_f64(float.into())
    }
    fn serialize_f64(self, float: f64) -> Checked {
        if float.is_finite() { Ok(()) } else { Err(Unsupported::float(float)) }
    }
    fn serialize_none(self) -> Checked {
        Ok(())
    }
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Checked {
        value.serialize(self)
    }
    fn serialize_unit(self) -> Checked {
        Ok(())
    }
    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Checked {
        Ok(())
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Checked {
        value.serialize(self)
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        value: &T,
    ) -> Checked {
        value.serialize(self)
    }
    fn serialize_seq(self, _: Option<usize>) -> Result<Self, Unsupported> {
        Ok(self)
    }
    fn serialize_tuple(self, _: usize) -> Result<Self, Unsupported> {
        Ok(self)
    }
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, Unsupported> {
        Ok(self)
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, Unsupported> {
        Ok(self)
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Self, Unsupported> {
        Ok(self)
    }
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Unsupported> {
        Ok(self)
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, Unsupported> {
        Ok(self)
    }
}

/// The parts of a value, each looked at by itself.
macro_rules! look_inside {
    ($($trait:ident: $method:ident($($name:ty)?)),*) => {
        $(impl $trait for Finite {
            type Ok = ();
            type Error = Unsupported;
            fn $method<T: Serialize + ?Sized>(&mut self, $(_: $name,)? part: &T) -> Checked {
                part.serialize(Finite)
            }
            fn end(self) -> Checked {
                Ok(())
            }
        })*
    };
}

look_inside!(
    SerializeSeq: serialize_element(),
    SerializeTuple: serialize_element(),
    SerializeTupleStruct: serialize_field(),
    SerializeTupleVariant: serialize_field(),
    SerializeStruct: serialize_field(&'static str),
    SerializeStructVariant: serialize_field(&'static str)
);

impl SerializeMap for Finite {
    type Ok = ();
    type Error = Unsupported;
    fn serialize_key<T: Serialize + ?Sized>(&mut self, _: &T) -> Checked {
        Ok(())
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Checked {
        value.serialize(Finite)
    }
    fn end(self) -> Checked {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Serialize;

    use super::*;

    #[derive(Serialize)]
    struct Measured {
        name: Option<&'static str>,
        values: Vec<f32>,
        by_name: BTreeMap<&'static str, (i64, f64)>,
    }

    fn checked(value: &dyn erased_serde::Serialize) -> Result<(), String> {
        let json = serde_json::to_vec(&value).unwrap();
        check(&json, value).map_err(|error| error.to_string())
    }

    #[test]
    fn a_float_without_a_form_is_found_wherever_it_is() {
        let measured = |value: f32, other: f64| Measured {
            name: None,
            values: vec![1.5, value],
            by_name: BTreeMap::from([("a", (1, 0.5)), ("b", (2, other))]),
        };
        assert_eq!(checked(&measured(2.5, 1e308)), Ok(()));
        for (value, said) in [(f64::NAN, "NaN"), (f64::INFINITY, "+Inf"), (f64::NEG_INFINITY, "-Inf")] {
            let error = Err(format!("json: unsupported value: {said}"));
            assert_eq!(checked(&value), error);
            assert_eq!(checked(&Some(value)), error);
            assert_eq!(checked(&measured(value as f32, 0.0)), error);
            assert_eq!(checked(&measured(0.0, value)), error);
        }
        assert_eq!(checked(&[Some("null"), None]), Ok(()));
    }
}
