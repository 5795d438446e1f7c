//! Values as JSON, into a [`Text`].
//!
//! serde_json writes null for a float that is no number, and knows no end but that of memory. Here such a float is an
//! error, and so is a text that becomes too long. Numbers and strings are still serde_json's to format.

use std::fmt::Display;
use std::io;

use manywire_core::{RpcError, Value};
use serde::ser::{
    Error as _, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant,
    SerializeTuple, SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use crate::text::{Full, Room, Text};

/// Appends a value; on an error the text may have part of it.
pub fn write<T: Serialize + ?Sized>(text: &mut Text, room: Room<'_>, value: &T) -> Result<(), RpcError> {
    let mut json = Json { text, room, full: None };
    value.serialize(&mut json).map_err(|error| match json.full {
        Some(full) => full.into(),
        None => RpcError::internal(format!("the result cannot be written as JSON: {}", error.0)),
    })
}

/// Appends a value whose type was erased.
pub fn write_erased(
    text: &mut Text,
    room: Room<'_>,
    value: &dyn erased_serde::Serialize,
) -> Result<(), RpcError> {
    struct Erased<'a>(&'a dyn erased_serde::Serialize);
    impl Serialize for Erased<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            erased_serde::serialize(self.0, serializer)
        }
    }
    write(text, room, &Erased(value))
}

/// Appends a name or a message of ours, which is short and must be said.
pub fn write_string(text: &mut Text, string: &str) {
    // A string always has a form in JSON.
    text.push_short(&serde_json::to_vec(string).unwrap_or_default());
}

struct Json<'t> {
    text: &'t mut Text,
    room: Room<'t>,
    /// Why the text could not become longer. It is here since an error loses its type on its way through erased values.
    full: Option<Full>,
}

/// Why a value has no form in JSON.
#[derive(Debug)]
struct Unwritable(String);

impl Display for Unwritable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unwritable {}

impl serde::ser::Error for Unwritable {
    fn custom<T: Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

/// For serde_json, which formats numbers and strings.
impl io::Write for Json<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes).map(|()| bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.text.push(bytes, self.room).map_err(|full| {
            self.full = Some(full);
            io::Error::from(io::ErrorKind::StorageFull)
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Json<'_> {
    fn put(&mut self, bytes: &[u8]) -> Result<(), Unwritable> {
        io::Write::write_all(self, bytes).map_err(Unwritable::custom)
    }

    fn scalar<T: Serialize + ?Sized>(&mut self, scalar: &T) -> Result<(), Unwritable> {
        serde_json::to_writer(self, scalar).map_err(Unwritable::custom)
    }

    /// `{"variant":`
    fn begin_variant(&mut self, variant: &str) -> Result<(), Unwritable> {
        self.put(b"{")?;
        self.scalar(variant)?;
        self.put(b":")
    }
}

fn no_number(float: f64) -> Unwritable {
    Unwritable(format!("JSON has no {float}"))
}

/// An array or an object that has been begun.
struct Open<'a, 't> {
    json: &'a mut Json<'t>,
    is_first: bool,
    end: &'static [u8],
}

impl<'a, 't> Open<'a, 't> {
    fn begin(json: &'a mut Json<'t>, start: &[u8], end: &'static [u8]) -> Result<Self, Unwritable> {
        json.put(start)?;
        Ok(Self { json, is_first: true, end })
    }

    fn separate(&mut self) -> Result<(), Unwritable> {
        if std::mem::take(&mut self.is_first) { Ok(()) } else { self.json.put(b",") }
    }

    fn item<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), Unwritable> {
        self.separate()?;
        item.serialize(&mut *self.json)
    }

    /// A key is a string; numbers and booleans become one.
    fn key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Unwritable> {
        self.separate()?;
        let start = self.json.text.len();
        key.serialize(&mut *self.json)?;
        match self.json.text.bytes()[start..] {
            [b'"', ..] => {}
            [b'-' | b'0'..=b'9' | b't' | b'f', ..] => {
                let plain = self.json.text.bytes()[start..].to_vec();
                self.json.text.truncate(start);
                for piece in [b"\"", &plain[..], b"\""] {
                    self.json.put(piece)?;
                }
            }
            _ => return Err(Unwritable("a key of an object is no string and no number".to_owned())),
        }
        self.json.put(b":")
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Unwritable> {
        self.separate()?;
        self.json.scalar(name)?;
        self.json.put(b":")?;
        value.serialize(&mut *self.json)
    }

    fn finish(self) -> Result<(), Unwritable> {
        self.json.put(self.end)
    }
}

macro_rules! scalars {
    ($($method:ident $type:ty,)*) => {$(
        fn $method(self, value: $type) -> Result<(), Unwritable> {
            self.scalar(&value)
        }
    )*};
}

impl<'a, 't> Serializer for &'a mut Json<'t> {
    type Ok = ();
    type Error = Unwritable;
    type SerializeSeq = Open<'a, 't>;
    type SerializeTuple = Open<'a, 't>;
    type SerializeTupleStruct = Open<'a, 't>;
    type SerializeTupleVariant = Open<'a, 't>;
    type SerializeMap = Open<'a, 't>;
    type SerializeStruct = Open<'a, 't>;
    type SerializeStructVariant = Open<'a, 't>;

    scalars! {
        serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64, serialize_i128 i128,
        serialize_u8 u8, serialize_u16 u16, serialize_u32 u32, serialize_u64 u64, serialize_u128 u128,
        serialize_char char, serialize_str &str,
    }

    fn serialize_bool(self, value: bool) -> Result<(), Unwritable> {
        self.put(if value { b"true" } else { b"false" })
    }
    fn serialize_f32(self, value: f32) -> Result<(), Unwritable> {
        if value.is_finite() { self.scalar(&value) } else { Err(no_number(value.into())) }
    }
    fn serialize_f64(self, value: f64) -> Result<(), Unwritable> {
        if value.is_finite() { self.scalar(&value) } else { Err(no_number(value)) }
    }
    fn serialize_bytes(self, value: &[u8]) -> Result<(), Unwritable> {
        self.collect_seq(value)
    }
    fn serialize_none(self) -> Result<(), Unwritable> {
        self.serialize_unit()
    }
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Unwritable> {
        value.serialize(self)
    }
    fn serialize_unit(self) -> Result<(), Unwritable> {
        self.put(b"null")
    }
    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Unwritable> {
        self.serialize_unit()
    }
    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), Unwritable> {
        self.scalar(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Unwritable> {
        if name == Value::NO_NUMBER {
            return Err(Unwritable("JSON has no infinities and no NaN".to_owned()));
        }
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Unwritable> {
        self.begin_variant(variant)?;
        value.serialize(&mut *self)?;
        self.put(b"}")
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Open<'a, 't>, Unwritable> {
        Open::begin(self, b"[", b"]")
    }
    fn serialize_tuple(self, _: usize) -> Result<Open<'a, 't>, Unwritable> {
        Open::begin(self, b"[", b"]")
    }
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Open<'a, 't>, Unwritable> {
        Open::begin(self, b"[", b"]")
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Open<'a, 't>, Unwritable> {
        self.begin_variant(variant)?;
        Open::begin(self, b"[", b"]}")
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Open<'a, 't>, Unwritable> {
        Open::begin(self, b"{", b"}")
    }
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Open<'a, 't>, Unwritable> {
        Open::begin(self, b"{", b"}")
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Open<'a, 't>, Unwritable> {
        self.begin_variant(variant)?;
        Open::begin(self, b"{", b"}}")
    }
}

/// serde has one trait for each kind of sequence and struct; ours are written alike.
macro_rules! opened {
    ($($trait:ident { $method:ident => $how:ident($($name:ident: $type:ty)?) })*) => {$(
        impl $trait for Open<'_, '_> {
            type Ok = ();
            type Error = Unwritable;
            fn $method<T: Serialize + ?Sized>(&mut self, $($name: $type,)? value: &T) -> Result<(), Unwritable> {
                self.$how($($name,)? value)
            }
            fn end(self) -> Result<(), Unwritable> {
                self.finish()
            }
        }
    )*};
}

opened! {
    SerializeSeq { serialize_element => item() }
    SerializeTuple { serialize_element => item() }
    SerializeTupleStruct { serialize_field => item() }
    SerializeTupleVariant { serialize_field => item() }
    SerializeStruct { serialize_field => field(name: &'static str) }
    SerializeStructVariant { serialize_field => field(name: &'static str) }
}

impl SerializeMap for Open<'_, '_> {
    type Ok = ();
    type Error = Unwritable;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Unwritable> {
        self.key(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unwritable> {
        value.serialize(&mut *self.json)
    }

    fn end(self) -> Result<(), Unwritable> {
        self.finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use manywire_core::{Budget, Limits, Timestamp};

    use super::*;

    #[derive(serde::Serialize)]
    enum Kind {
        Unit,
        New(i8),
        Tuple(u64, Option<f32>),
        Struct { a: char, b: () },
    }

    #[derive(serde::Serialize)]
    struct All {
        kinds: Vec<Kind>,
        pair: (bool, i128),
        numbers: BTreeMap<i32, f64>,
        flags: BTreeMap<bool, &'static str>,
        nested: BTreeMap<String, Vec<Vec<u8>>>,
        empty: [u8; 0],
        value: Value,
    }

    fn written<T: Serialize + ?Sized>(value: &T, limit: usize) -> Result<String, RpcError> {
        let budget = Budget::alone(&Limits::default());
        let mut text = Text::new();
        write_erased(&mut text, Room { limit, budget: &budget }, &value)?;
        Ok(String::from_utf8(text.into_parts().0).unwrap())
    }

    #[test]
    fn every_kind_of_value_is_written_as_serde_json_writes_it() {
        let all = All {
            kinds: vec![
                Kind::Unit,
                Kind::New(-1),
                Kind::Tuple(u64::MAX, Some(0.1)),
                Kind::Struct { a: '"', b: () },
            ],
            pair: (true, i128::MIN),
            numbers: [(-5, 1e300), (7, -0.0)].into(),
            flags: [(true, "\u{1F600}\u{0}\\/")].into(),
            nested: [("\n".to_owned(), vec![vec![], vec![1, 2]])].into(),
            empty: [],
            value: Value::Array(vec![
                Value::Null,
                Value::Bytes(vec![1, 2, 3]),
                Value::Timestamp(Timestamp::parse("2024-02-29T01:02:03Z").unwrap()),
                Value::Map(vec![(1.into(), 1.5.into()), ("k".into(), Value::Map(vec![]))]),
            ]),
        };
        assert_eq!(written(&all, usize::MAX).unwrap(), serde_json::to_string(&all).unwrap());
    }

    #[test]
    fn a_float_that_json_cannot_carry_is_an_error_and_never_null() {
        for float in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let nested = [("k".to_owned(), vec![1.0, float])];
            for error in [
                written(&float, 100).unwrap_err(),
                written(&(float as f32), 100).unwrap_err(),
                written(&BTreeMap::from(nested), 100).unwrap_err(),
                written(&Value::Array(vec![float.into()]), 100).unwrap_err(),
            ] {
                assert!(error.message().starts_with("the result cannot be written as JSON: JSON has no "));
            }
        }
    }

    #[test]
    fn what_is_too_long_ends_at_the_limit_with_an_error_that_says_it() {
        let list = vec!["0123456789"; 100];
        let whole = serde_json::to_string(&list).unwrap().len();
        assert!(written(&list, whole).is_ok());
        for limit in [128, 129, 1_000, whole - 1] {
            let error = written(&list, limit).unwrap_err();
            assert!(error.message().contains(&format!("longer than the limit of {limit} bytes")), "{error}");
        }
        assert!(written(&BTreeMap::from([((1, 2), 3)]), 100).unwrap_err().message().contains("key"));
    }
}
