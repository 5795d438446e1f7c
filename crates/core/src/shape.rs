//! What a method's parameters and result look like, learnt from their types by asking serde.
//!
//! The same deserializer that records a type also yields its zero value, which Go's wires need for what is absent.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{
    self, Deserialize, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor,
};

use crate::value::{Number, Timestamp};

/// The type of a parameter or a result, as introspection tells it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Shape {
    /// Nothing.
    Unit,
    /// True or false.
    Bool,
    /// An integer.
    Int,
    /// A floating-point number.
    Float,
    /// An integer or a float.
    Number,
    /// Text.
    String,
    /// Bytes.
    Bytes,
    /// A date and time.
    Timestamp,
    /// A value or nothing.
    Optional(Box<Shape>),
    /// A list.
    List(Box<Shape>),
    /// Pairs of keys and values.
    Map,
    /// Named fields, each with its type.
    Record(Vec<(&'static str, Shape)>),
    /// Any value.
    #[default]
    Any,
}

impl Shape {
    /// The shape of a type.
    pub fn of<'de, T: Deserialize<'de>>() -> Shape {
        let mut shape = Shape::Any;
        // A type that refuses zeros (a non-zero integer, say) has still told its shape by then.
        let _: Result<T, de::value::Error> = T::deserialize(Probe::learning(&mut shape));
        shape
    }

    /// The names and types of a method's parameters: the fields of a record, or one without a name.
    pub fn parameters(&self) -> Vec<(&str, &Shape)> {
        match self {
            Shape::Unit => Vec::new(),
            Shape::Record(fields) => fields.iter().map(|(name, shape)| (*name, shape)).collect(),
            other => vec![("arg", other)],
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Shape::Unit => "nil",
            Shape::Bool => "bool",
            Shape::Int => "int",
            Shape::Float => "float",
            Shape::Number => "number",
            Shape::String => "string",
            Shape::Bytes => "bytes",
            Shape::Timestamp => "timestamp",
            Shape::Any => "any",
            Shape::Map => "map",
            Shape::Optional(inner) => return write!(f, "{inner}?"),
            Shape::List(inner) => return write!(f, "[{inner}]"),
            Shape::Record(fields) => {
                f.write_str("{")?;
                for (i, (name, shape)) in fields.iter().enumerate() {
                    write!(f, "{}{name}: {shape}", if i == 0 { "" } else { ", " })?;
                }
                return f.write_str("}");
            }
        })
    }
}

/// Reads the zero value of whatever `seed` wants: 0, "", an empty list, a record of zeros.
pub fn zero<'de, S: DeserializeSeed<'de>, E: de::Error>(seed: S) -> Result<S::Value, E> {
    seed.deserialize(Probe { shape: &mut Shape::Any, depth: 0, learning: false, error: PhantomData })
}

/// How many types deep a shape is followed; a recursive type ends here.
const MAX_DEPTH: usize = 16;

/// A deserializer that yields zero values and records what it was asked for.
struct Probe<'s, E> {
    shape: &'s mut Shape,
    depth: usize,
    /// Whether options and lists are entered to see what is in them; a zero value leaves them empty.
    learning: bool,
    error: PhantomData<E>,
}

impl<'s, E: de::Error> Probe<'s, E> {
    fn learning(shape: &'s mut Shape) -> Self {
        Self { shape, depth: 0, learning: true, error: PhantomData }
    }

    fn inner<'t>(&self, shape: &'t mut Shape) -> Result<Probe<'t, E>, E> {
        if self.depth >= MAX_DEPTH {
            return Err(E::custom("a type inside itself has no zero value"));
        }
        Ok(Probe { shape, depth: self.depth + 1, learning: self.learning, error: PhantomData })
    }
}

macro_rules! zeros {
    ($($shape:ident: $($method:ident)* => $visit:ident $zero:tt;)*) => {$($(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
            *self.shape = Shape::$shape;
            visitor.$visit $zero
        }
    )*)*};
}

impl<'de, E: de::Error> Deserializer<'de> for Probe<'_, E> {
    type Error = E;

    fn is_human_readable(&self) -> bool {
        false
    }

    zeros! {
        Any: deserialize_any deserialize_ignored_any => visit_unit();
        Unit: deserialize_unit => visit_unit();
        Bool: deserialize_bool => visit_bool(false);
        Int: deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 => visit_i64(0);
        Int: deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 => visit_u64(0);
        Float: deserialize_f32 deserialize_f64 => visit_f64(0.0);
        String: deserialize_char deserialize_str deserialize_string deserialize_identifier => visit_borrowed_str("");
        Bytes: deserialize_bytes deserialize_byte_buf => visit_borrowed_bytes(&[]);
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        if !self.learning {
            return visitor.visit_none();
        }
        let mut inner = Shape::Any;
        let value = self.inner(&mut inner).and_then(|probe| visitor.visit_some(probe));
        *self.shape = Shape::Optional(Box::new(inner));
        value
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, E> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, E> {
        match name {
            Number::NAME => {
                *self.shape = Shape::Number;
                visitor.visit_i64(0)
            }
            Timestamp::NAME => {
                *self.shape = Shape::Timestamp;
                visitor.visit_str("1970-01-01T00:00:00Z")
            }
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        let mut inner = Shape::Any;
        let left = usize::from(self.learning);
        let value = self.inner(&mut inner).and_then(|probe| visitor.visit_seq(Items { probe, left }));
        *self.shape = Shape::List(Box::new(inner));
        value
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, left: usize, visitor: V) -> Result<V::Value, E> {
        let mut inner = Shape::Any;
        let value = self.inner(&mut inner).and_then(|probe| visitor.visit_seq(Items { probe, left }));
        *self.shape = Shape::List(Box::new(inner));
        value
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, E> {
        self.deserialize_tuple(len, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        let (mut none, mut shape) = (Vec::new(), Shape::Any);
        let fields = Fields { names: [].iter(), name: "", probe: self.inner(&mut shape)?, fields: &mut none };
        let value = visitor.visit_map(fields);
        *self.shape = Shape::Map;
        value
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, E> {
        let (mut fields, mut shape) = (Vec::with_capacity(names.len()), Shape::Any);
        let access =
            Fields { names: names.iter(), name: "", probe: self.inner(&mut shape)?, fields: &mut fields };
        let value = visitor.visit_map(access);
        *self.shape = Shape::Record(fields);
        value
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, E> {
        *self.shape = Shape::String;
        visitor.visit_enum(variants.first().copied().unwrap_or_default().into_deserializer())
    }
}

/// As many elements as `left` says, all probed into one shape.
struct Items<'s, E> {
    probe: Probe<'s, E>,
    left: usize,
}

impl<'de, E: de::Error> SeqAccess<'de> for Items<'_, E> {
    type Error = E;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, E> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        let probe = Probe { shape: self.probe.shape, ..self.probe };
        seed.deserialize(probe).map(Some)
    }
}

/// The fields of a record, one by one.
struct Fields<'s, E> {
    names: std::slice::Iter<'static, &'static str>,
    name: &'static str,
    probe: Probe<'s, E>,
    fields: &'s mut Vec<(&'static str, Shape)>,
}

impl<'de, E: de::Error> MapAccess<'de> for Fields<'_, E> {
    type Error = E;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, E> {
        let Some(name) = self.names.next() else {
            return Ok(None);
        };
        self.name = name;
        seed.deserialize(de::value::BorrowedStrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, E> {
        let mut shape = Shape::Any;
        let value = seed.deserialize(Probe { shape: &mut shape, ..self.probe });
        self.fields.push((self.name, shape));
        value
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::Value;

    #[derive(Debug, PartialEq, Deserialize)]
    struct All {
        flag: bool,
        count: u32,
        number: Number,
        when: Timestamp,
        name: Option<String>,
        list: Vec<f64>,
        any: Value,
        pair: (i64, i64),
    }

    #[test]
    fn a_type_tells_its_shape() {
        let text = Shape::of::<All>().to_string();
        assert_eq!(
            text,
            "{flag: bool, count: int, number: number, when: timestamp, name: string?, list: [float], any: any, pair: [int]}"
        );
        assert_eq!(Shape::of::<()>(), Shape::Unit);
        assert_eq!(Shape::of::<String>().parameters(), [("arg", &Shape::String)]);
    }

    #[test]
    fn a_type_yields_its_zero() {
        let all: Result<All, de::value::Error> = zero(PhantomData::<All>);
        let epoch = Timestamp::utc(0, 0);
        let expected = All {
            flag: false,
            count: 0,
            number: Number::Int(0),
            when: epoch,
            name: None,
            list: vec![],
            any: Value::Null,
            pair: (0, 0),
        };
        assert_eq!(all.unwrap(), expected);
    }
}
