//! Reading an argument as Go's `encoding/json` would: names without regard to case, null and absence as zero, and
//! errors in its words.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use manywire_gob::NUMBER;
use serde::de::value::{Error, SeqDeserializer};
use serde::de::{DeserializeSeed, Deserializer, Error as _, IntoDeserializer as _, SeqAccess, Visitor};

use super::entries::Entries;
use super::record::Fields;
use super::text::{Kind, Text};

/// The field that a value is for. Go's errors name the innermost struct, and all fields on the way to the value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'p> {
    pub(super) structure: &'static str,
    pub(super) field: &'static str,
    pub(super) outer: Option<&'p Place<'p>>,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn path(place: &Place<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            if let Some(outer) = place.outer {
                path(outer, f)?;
                f.write_str(".")?;
            }
            f.write_str(place.field)
        }
        write!(f, "Go struct field {}.", self.structure)?;
        path(self, f)
    }
}

/// A deserializer with Go's manners.
#[derive(Debug, Clone, Copy)]
pub(super) struct Argument<'a, 'p> {
    pub(super) text: Text<'a>,
    pub(super) place: Option<&'p Place<'p>>,
}

impl<'a> Argument<'a, '_> {
    pub(super) fn new(text: Text<'a>) -> Self {
        Self { text, place: None }
    }

    /// Go's text for a value of the wrong kind.
    pub(super) fn mismatch(&self, got: impl fmt::Display, wanted: &str) -> Error {
        match self.place {
            None => {
                Error::custom(format_args!("json: cannot unmarshal {got} into Go value of type {wanted}"))
            }
            Some(place) => {
                Error::custom(format_args!("json: cannot unmarshal {got} into {place} of type {wanted}"))
            }
        }
    }

    fn wrong_kind(mut self, wanted: &str) -> Error {
        let kind = self.text.kind();
        self.mismatch(kind.name(), wanted)
    }

    /// A number, which errors repeat as it was sent.
    fn number<T: std::str::FromStr>(self, wanted: &str) -> Result<T, Error> {
        let digits = self.text.number();
        digits.parse().map_err(|_| self.misfit(digits, wanted))
    }

    fn misfit(&self, digits: &str, wanted: &str) -> Error {
        self.mismatch(format_args!("number {digits}"), wanted)
    }

    fn float<T: std::str::FromStr + Into<f64> + Copy>(self, wanted: &str) -> Result<T, Error> {
        let float: T = self.number(wanted)?;
        if float.into().is_finite() { Ok(float) } else { Err(self.misfit(self.text.number(), wanted)) }
    }

    fn bytes(self) -> Result<Vec<u8>, Error> {
        // Go passes over line breaks in it.
        let text = self.text.string().replace(['\r', '\n'], "");
        BASE64_STANDARD.decode(text).map_err(|error| match error {
            base64::DecodeError::InvalidByte(at, _) | base64::DecodeError::InvalidLastSymbol(at, _) => {
                Error::custom(format_args!("illegal base64 data at input byte {at}"))
            }
            error => Error::custom(format_args!("illegal base64 data: {error}")),
        })
    }

    /// A number of any type: an integer where it is one.
    fn visit_number<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        let digits = self.text.number();
        if let Ok(signed) = digits.parse::<i64>() {
            visitor.visit_i64(signed)
        } else if let Ok(unsigned) = digits.parse::<u64>() {
            visitor.visit_u64(unsigned)
        } else {
            visitor.visit_f64(self.float("float64")?)
        }
    }

    fn visit_string<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        self.text.string().into_deserializer().deserialize_string(visitor)
    }

    fn visit_items<V: Visitor<'a>>(mut self, visitor: V) -> Result<V::Value, Error> {
        self.text.enter();
        visitor.visit_seq(Items(self))
    }
}

/// Numbers of one type each; null is zero.
macro_rules! numbers {
    ($($method:ident $read:ident $visit:ident $go:literal)*) => {$(
        fn $method<V: Visitor<'a>>(mut self, visitor: V) -> Result<V::Value, Error> {
            match self.text.kind() {
                Kind::Number => visitor.$visit(self.$read($go)?),
                Kind::Null => visitor.$visit(Default::default()),
                _ => Err(self.wrong_kind($go)),
            }
        }
    )*};
}

impl<'a> Deserializer<'a> for Argument<'a, '_> {
    type Error = Error;

    numbers! {
        deserialize_i8 number visit_i8 "int8"
        deserialize_i16 number visit_i16 "int16"
        deserialize_i32 number visit_i32 "int32"
        deserialize_i64 number visit_i64 "int"
        deserialize_u8 number visit_u8 "uint8"
        deserialize_u16 number visit_u16 "uint16"
        deserialize_u32 number visit_u32 "uint32"
        deserialize_u64 number visit_u64 "uint"
        deserialize_f32 float visit_f32 "float32"
        deserialize_f64 float visit_f64 "float64"
    }

    fn deserialize_any<V: Visitor<'a>>(mut self, visitor: V) -> Result<V::Value, Error> {
        match self.text.kind() {
            Kind::Null => visitor.visit_unit(),
            Kind::Bool(value) => visitor.visit_bool(value),
            Kind::Number => self.visit_number(visitor),
            Kind::String => self.visit_string(visitor),
            Kind::Array => self.visit_items(visitor),
            Kind::Object => visitor.visit_map(Entries::of(self)),
        }
    }

    fn deserialize_bool<V: Visitor<'a>>(mut self, visitor: V) -> Result<V::Value, Error> {
        match self.text.kind() {
            Kind::Bool(value) => visitor.visit_bool(value),
            Kind::Null => visitor.visit_bool(false),
            _ => Err(self.wrong_kind("bool")),
        }
    }

    fn deserialize_string<V: Visitor<'a>>(mut self, visitor: V) -> Result<V::Value, Error> {
        match self.text.kind() {
            Kind::String => self.visit_string(visitor),
            Kind::Null => visitor.visit_borrowed_str(""),
            _ => Err(self.wrong_kind("string")),
        }
    }

    fn deserialize_str<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_string(visitor)
    }

    fn deserialize_char<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_string(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'a>>(mut self, visitor: V) -> Result<V::Value, Error> {
        match self.text.kind() {
            Kind::String => visitor.visit_byte_buf(self.bytes()?),
            Kind::Array => self.visit_items(visitor),
            Kind::Null => visitor.visit_borrowed_bytes(&[]),
            _ => Err(self.wrong_kind("[]uint8")),
        }
    }

    fn deserialize_bytes<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_byte_buf(visitor)
    }

    fn deserialize_seq<V: Visitor<'a>>(mut self, visitor: V) -> Result<V::Value, Error> {
        match self.text.kind() {
            Kind::Array => self.visit_items(visitor),
            Kind::Null => visitor.visit_seq(SeqDeserializer::new(std::iter::empty::<()>())),
            _ => Err(self.wrong_kind("slice")),
        }
    }

    fn deserialize_tuple<V: Visitor<'a>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'a>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'a>>(mut self, visitor: V) -> Result<V::Value, Error> {
        match self.text.kind() {
            Kind::Object => visitor.visit_map(Entries::of(self)),
            Kind::Null => visitor.visit_map(Entries::none()),
            _ => Err(self.wrong_kind("map")),
        }
    }

    fn deserialize_struct<V: Visitor<'a>>(
        mut self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.text.kind() {
            Kind::Object => visitor.visit_map(Fields::of(self, name, fields)),
            Kind::Null => visitor.visit_map(Fields::none(self, name, fields)),
            _ => Err(self.wrong_kind(name)),
        }
    }

    fn deserialize_option<V: Visitor<'a>>(mut self, visitor: V) -> Result<V::Value, Error> {
        match self.text.kind() {
            Kind::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'a>>(
        mut self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        match (name, self.text.kind()) {
            (NUMBER, Kind::Number) => visitor.visit_newtype_struct(self),
            (NUMBER, Kind::Null) => visitor.visit_i64(0),
            (NUMBER, _) => Err(self.wrong_kind("float64")),
            _ => visitor.visit_newtype_struct(self),
        }
    }

    /// Go has no such type; it is read as serde writes it.
    fn deserialize_enum<V: Visitor<'a>>(
        mut self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let mut json = serde_json::Deserializer::from_slice(self.text.raw());
        json.deserialize_enum(name, variants, visitor).map_err(Error::custom)
    }

    serde::forward_to_deserialize_any! { <V: Visitor<'a>> unit unit_struct identifier ignored_any }
}

/// The items of a list.
struct Items<'a, 'p>(Argument<'a, 'p>);

impl<'a> SeqAccess<'a> for Items<'a, '_> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'a>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        if !self.0.text.next() {
            return Ok(None);
        }
        let item = self.0;
        self.0.text.raw();
        seed.deserialize(item).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;
    use crate::json::scan::Scanner;

    /// The types of `json-vectors` in the interop crate's `go/cmd`.
    #[derive(Debug, Default, PartialEq, Deserialize, serde::Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct All {
        flag: bool,
        int: i64,
        small: i8,
        uint: u64,
        byte: u8,
        float: f64,
        single: f32,
        text: String,
        ints: Vec<i64>,
        texts: Vec<String>,
        counts: BTreeMap<String, i64>,
        names: BTreeMap<i64, String>,
        own: Part,
        inner: Option<Box<Part>>,
        parts: Vec<Part>,
        anything: serde_json::Value,
    }

    #[derive(Debug, Default, PartialEq, Deserialize, serde::Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Part {
        x: f64,
        name: String,
        part: Option<Box<Part>>,
    }

    fn read<T: serde::de::DeserializeOwned>(json: &[u8]) -> Result<T, String> {
        let mut scanner = Scanner::new(1000);
        scanner.value_end(json);
        T::deserialize(Argument::new(Text::new(json, scanner.outline()))).map_err(|error| error.to_string())
    }

    #[test]
    fn arguments_are_read_as_go_read_them() {
        let vectors = include_str!("../../tests/vectors/json-arguments-go1.26.8.txt");
        let mut count = 0;
        for pair in vectors.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().chunks(2) {
            let (json, expected) = (unescaped(pair[0]), unescaped(pair[1]));
            match read::<All>(&json) {
                Ok(all) => {
                    let ours = serde_json::to_string(&all).unwrap();
                    assert_eq!(comparable(ours.as_bytes()), comparable(&expected), "{}", pair[0]);
                }
                Err(error) => assert_eq!(as_ours(&expected), error, "{}", pair[0]),
            }
            count += 1;
        }
        assert!(count >= 1000, "{count}");
    }

    /// Bytes other than printable ASCII are `\xNN` in the vectors.
    fn unescaped(line: &str) -> Vec<u8> {
        let mut parts = line.split("\\x");
        let mut bytes = parts.next().unwrap().as_bytes().to_vec();
        for part in parts {
            bytes.push(u8::from_str_radix(&part[..2], 16).unwrap());
            bytes.extend_from_slice(&part.as_bytes()[2..]);
        }
        bytes
    }

    /// A struct as Go wrote it or serde, with numbers of one type, and without what only Go tells apart: no list, and an
    /// empty one.
    fn comparable(json: &[u8]) -> serde_json::Value {
        let mut all: serde_json::Value = serde_json::from_slice(json).unwrap();
        for name in ["Ints", "Texts", "Counts", "Names", "Parts"] {
            let empty = if name.ends_with("nts") && name != "Ints" || name == "Names" { "{}" } else { "[]" };
            if all[name].is_null() {
                all[name] = serde_json::from_str(empty).unwrap();
            }
        }
        as_floats(&mut all);
        all
    }

    fn as_floats(value: &mut serde_json::Value) {
        match value {
            serde_json::Value::Number(number) => *value = (number.as_f64().unwrap() + 0.0).into(),
            serde_json::Value::Array(items) => items.iter_mut().for_each(as_floats),
            serde_json::Value::Object(members) => members.values_mut().for_each(as_floats),
            _ => {}
        }
    }

    /// Go knows the types in a list, and the package of a struct.
    fn as_ours(error: &[u8]) -> String {
        let error = String::from_utf8(error.to_vec()).unwrap();
        let Some((text, wanted)) = error.split_once(" of type ") else { return error };
        let wanted = match wanted {
            "[]int" | "[]string" | "[]main.Part" => "slice",
            "map[string]int" | "map[int]string" => "map",
            other => other.trim_start_matches("main."),
        };
        format!("{text} of type {wanted}")
    }

    #[test]
    fn values_alone_are_read_too() {
        assert_eq!(read::<String>(b"null"), Ok(String::new()));
        assert_eq!(read::<Vec<i64>>(b"null"), Ok(vec![]));
        for (error, text) in [
            (read::<i64>(b"1E400").unwrap_err(), "number 1E400 into Go value of type int"),
            (read::<f64>(b"1E400").unwrap_err(), "number 1E400 into Go value of type float64"),
            (read::<i64>(b"1.50").unwrap_err(), "number 1.50 into Go value of type int"),
            (read::<String>(b"1.50").unwrap_err(), "number into Go value of type string"),
            (read::<All>(b"[]").unwrap_err(), "array into Go value of type All"),
        ] {
            assert_eq!(error, format!("json: cannot unmarshal {text}"));
        }
    }
}
