//! Reading an argument as Go's `encoding/json` would: names without regard to case, null and absence as zero, and
//! errors in its words.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::record::Record;

/// The field that a value is for, as Go writes it: `Args` and `A`.
pub(super) type Field = Option<(&'static str, &'static str)>;

/// A deserializer with Go's manners around one of JSON.
pub(crate) struct Argument<D> {
    json: D,
    field: Field,
}

impl<D> Argument<D> {
    pub(crate) fn new(json: D) -> Self {
        Self { json, field: None }
    }
}

/// Each method asks for whatever is there and lets [`Gentle`] say what Go says when it is of another kind.
macro_rules! gently {
    ($($method:ident $go:literal)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.json.deserialize_any(Gentle { visitor, wanted: $go, field: self.field })
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Argument<D> {
    type Error = D::Error;

    gently! {
        deserialize_bool "bool"
        deserialize_i8 "int8" deserialize_i16 "int16" deserialize_i32 "int32" deserialize_i64 "int"
        deserialize_u8 "uint8" deserialize_u16 "uint16" deserialize_u32 "uint32" deserialize_u64 "uint"
        deserialize_f32 "float32" deserialize_f64 "float64"
        deserialize_char "string" deserialize_str "string" deserialize_string "string"
        deserialize_bytes "[]uint8" deserialize_byte_buf "[]uint8"
        deserialize_seq "slice" deserialize_map "map"
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.json.deserialize_any(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.json.deserialize_option(Inside { visitor, field: self.field })
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.json.deserialize_newtype_struct(name, Inside { visitor, field: self.field })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.json.deserialize_any(Record { visitor, name, fields, field: self.field })
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, D::Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.json.deserialize_enum(name, variants, visitor)
    }

    serde::forward_to_deserialize_any! { unit unit_struct identifier ignored_any }
}

/// Go's text for a value of the wrong kind.
pub(super) fn mismatch<E: de::Error>(got: impl fmt::Display, wanted: &str, field: Field) -> E {
    match field {
        None => E::custom(format_args!("json: cannot unmarshal {got} into Go value of type {wanted}")),
        Some((name, field)) => E::custom(format_args!(
            "json: cannot unmarshal {got} into Go struct field {name}.{field} of type {wanted}"
        )),
    }
}

/// Hands a value of a fitting kind to the visitor, a zero for null, and an error in Go's words for any other.
struct Gentle<V> {
    visitor: V,
    wanted: &'static str,
    field: Field,
}

impl<V> Gentle<V> {
    fn wants_number(&self) -> bool {
        self.wanted.starts_with("int") || self.wanted.starts_with("uint") || self.wanted.starts_with("float")
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Gentle<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    fn visit_unit<E: de::Error>(self) -> Result<V::Value, E> {
        match self.wanted {
            "bool" => self.visitor.visit_bool(false),
            "string" => self.visitor.visit_str(""),
            "slice" => {
                self.visitor.visit_seq(de::value::SeqDeserializer::<_, E>::new(std::iter::empty::<()>()))
            }
            "map" => self
                .visitor
                .visit_map(de::value::MapDeserializer::<_, E>::new(std::iter::empty::<((), ())>())),
            "[]uint8" => self.visitor.visit_bytes(&[]),
            "float32" | "float64" => self.visitor.visit_f64(0.0),
            _ => self.visitor.visit_u64(0),
        }
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<V::Value, E> {
        if self.wanted == "bool" {
            self.visitor.visit_bool(value)
        } else {
            Err(mismatch("bool", self.wanted, self.field))
        }
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<V::Value, E> {
        let (wanted, field) = (self.wanted, self.field);
        if !self.wants_number() {
            return Err(mismatch("number", wanted, field));
        }
        self.visitor.visit_i64(value).map_err(|_: E| mismatch(format_args!("number {value}"), wanted, field))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<V::Value, E> {
        let (wanted, field) = (self.wanted, self.field);
        if !self.wants_number() {
            return Err(mismatch("number", wanted, field));
        }
        self.visitor.visit_u64(value).map_err(|_: E| mismatch(format_args!("number {value}"), wanted, field))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<V::Value, E> {
        let (wanted, field) = (self.wanted, self.field);
        if !self.wants_number() {
            return Err(mismatch("number", wanted, field));
        }
        self.visitor.visit_f64(value).map_err(|_: E| mismatch(format_args!("number {value}"), wanted, field))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<V::Value, E> {
        if self.wanted == "string" {
            self.visitor.visit_str(value)
        } else {
            Err(mismatch("string", self.wanted, self.field))
        }
    }

    fn visit_string<E: de::Error>(self, value: String) -> Result<V::Value, E> {
        if self.wanted == "string" { self.visitor.visit_string(value) } else { self.visit_str(&value) }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<V::Value, A::Error> {
        match self.wanted {
            "slice" => self.visitor.visit_seq(Items { list, field: self.field }),
            wanted => Err(mismatch("array", wanted, self.field)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        match self.wanted {
            "map" => self.visitor.visit_map(Entries { map, field: self.field }),
            wanted => Err(mismatch("object", wanted, self.field)),
        }
    }
}

/// Carries Go's manners into an option or a newtype.
struct Inside<V> {
    visitor: V,
    field: Field,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Inside<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }
    fn visit_none<E: de::Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_none()
    }
    fn visit_unit<E: de::Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_none()
    }
    fn visit_some<D: Deserializer<'de>>(self, json: D) -> Result<V::Value, D::Error> {
        self.visitor.visit_some(Argument { json, field: self.field })
    }
    fn visit_newtype_struct<D: Deserializer<'de>>(self, json: D) -> Result<V::Value, D::Error> {
        self.visitor.visit_newtype_struct(Argument { json, field: self.field })
    }
}

struct Items<A> {
    list: A,
    field: Field,
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Items<A> {
    type Error = A::Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, A::Error> {
        self.list.next_element_seed(Seed { seed, field: self.field })
    }
}

struct Entries<A> {
    map: A,
    field: Field,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Entries<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        self.map.next_key_seed(seed)
    }
    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, A::Error> {
        self.map.next_value_seed(Seed { seed, field: self.field })
    }
}

pub(super) struct Seed<S> {
    pub(super) seed: S,
    pub(super) field: Field,
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Seed<S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<S::Value, D::Error> {
        self.seed.deserialize(Argument { json, field: self.field })
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Args {
        #[serde(rename = "A")]
        a: i64,
        #[serde(rename = "B")]
        b: i64,
        #[serde(rename = "Names")]
        names: Vec<String>,
        #[serde(rename = "Inner")]
        inner: Option<Inner>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Inner {
        #[serde(rename = "X")]
        x: f64,
    }

    fn read<'de, T: Deserialize<'de>>(json: &'de str) -> Result<T, String> {
        let mut json = serde_json::Deserializer::from_str(json);
        T::deserialize(Argument::new(&mut json))
            .map_err(|e| e.to_string().split(" at line").next().unwrap().to_owned())
    }

    #[test]
    fn absent_null_and_oddly_cased_fields_are_taken_as_go_takes_them() {
        let args =
            Args { a: 17, b: 0, names: vec!["x".into(), String::new()], inner: Some(Inner { x: 0.0 }) };
        assert_eq!(read(r#"{"a":17,"nO":[{}],"NAMES":["x",null],"Inner":{}}"#), Ok(args));
        let zeros = Args { a: 0, b: 0, names: vec![], inner: None };
        assert_eq!(read(r#"{"A":null,"Inner":null}"#).as_ref(), Ok(&zeros));
        assert_eq!(read("null"), Ok(zeros));
        assert_eq!(read::<String>("null"), Ok(String::new()));
    }

    #[test]
    fn errors_are_gos() {
        for (json, text) in [
            (r#"{"A":"x"}"#, "json: cannot unmarshal string into Go struct field Args.A of type int"),
            (r#"{"A":1.5}"#, "json: cannot unmarshal number 1.5 into Go struct field Args.A of type int"),
            (
                r#"{"Names":[1]}"#,
                "json: cannot unmarshal number into Go struct field Args.Names of type string",
            ),
            (
                r#"{"Inner":{"X":true}}"#,
                "json: cannot unmarshal bool into Go struct field Inner.X of type float64",
            ),
            ("[1]", "json: cannot unmarshal array into Go value of type Args"),
        ] {
            assert_eq!(read::<Args>(json).unwrap_err(), text);
        }
        assert_eq!(
            read::<String>("1").unwrap_err(),
            "json: cannot unmarshal number into Go value of type string"
        );
    }
}
