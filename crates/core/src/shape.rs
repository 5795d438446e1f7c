//! What a method's parameters and result look like, learnt from their types by asking serde.
//!
//! The same deserializer that records a type also yields its zero value, which Go's wires need for what is absent.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{
    self, Deserialize, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor,
};

use crate::value::{Number, Timestamp};

/// The name of a method's only parameter, where its argument is no record.
pub(crate) const LONE_ARGUMENT: &str = "arg";

/// What stands for the parameters of a method that takes whatever comes.
pub(crate) const WHATEVER: &str = "...";

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
    /// One of several texts.
    Choice(ChoiceShape),
    /// Bytes.
    Bytes,
    /// A date and time.
    Timestamp,
    /// A value or nothing.
    Optional(Box<Shape>),
    /// A list.
    List(Box<Shape>),
    /// Pairs of keys and values.
    Map(Box<MapShape>),
    /// Named fields, each with its type.
    Record(RecordShape),
    /// A record inside itself: the one of this name that stands around it.
    Outer(&'static str),
    /// Any value.
    #[default]
    Any,
}

/// An enumeration as its type declares it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChoiceShape {
    /// The type's own name.
    pub name: &'static str,
    /// The names of its variants.
    pub variants: &'static [&'static str],
}

/// What the keys and the values of a map are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MapShape {
    /// The keys.
    pub key: Shape,
    /// The values.
    pub value: Shape,
}

/// A record as its type declares it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RecordShape {
    /// The type's own name.
    pub name: &'static str,
    /// The fields in the order of their declaration.
    pub fields: Vec<(&'static str, Shape)>,
}

impl Shape {
    /// The shape of a type.
    pub fn of<'de, T: Deserialize<'de>>() -> Shape {
        let mut shape = Shape::Any;
        // A type that refuses zeros (a non-zero integer, say) has still told its shape by then.
        let _: Result<T, de::value::Error> = T::deserialize(Probe::learning(&mut shape));
        shape
    }

    /// Whether it has named fields.
    pub fn is_record(&self) -> bool {
        matches!(self, Shape::Record(_))
    }

    /// The names and types of a method's parameters: the fields of a record, or one without a name.
    pub fn parameters(&self) -> Vec<(&str, &Shape)> {
        match self {
            Shape::Unit => Vec::new(),
            Shape::Record(record) => record.fields.iter().map(|(name, shape)| (*name, shape)).collect(),
            other => vec![(LONE_ARGUMENT, other)],
        }
    }

    /// Whether a record of this type can be read without this field. It is not known of a type that refuses zeros elsewhere.
    pub(crate) fn has_default<'de, T: Deserialize<'de>>(field: &str) -> bool {
        let mut shape = Shape::Any;
        let probe: Probe<'_, de::value::Error> =
            Probe { without: Some(field), ..Probe::learning(&mut shape) };
        T::deserialize(probe).is_ok() && shape.is_record()
    }

    /// Whether a map can be a value of it: a variant of an enumeration that holds something is one, too.
    pub(crate) fn may_be_map(&self) -> bool {
        match self {
            Shape::Any | Shape::Map(_) | Shape::Record(_) | Shape::Outer(_) | Shape::Choice(_) => true,
            Shape::Optional(inner) => inner.may_be_map(),
            _ => false,
        }
    }

    /// The shape of what has either of two shapes.
    fn or(self, other: Shape) -> Shape {
        let is_number = |shape: &Shape| matches!(shape, Shape::Int | Shape::Float | Shape::Number);
        match (self, other) {
            (one, other) if one == other => one,
            (one, other) if is_number(&one) && is_number(&other) => Shape::Number,
            _ => Shape::Any,
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
            Shape::String | Shape::Choice(_) => "string",
            Shape::Bytes => "bytes",
            Shape::Timestamp => "timestamp",
            Shape::Any => "any",
            Shape::Map(_) => "map",
            Shape::Outer(name) => name,
            Shape::Optional(inner) => return write!(f, "{inner}?"),
            Shape::List(inner) => return write!(f, "[{inner}]"),
            Shape::Record(record) => {
                f.write_str("{")?;
                for (i, (name, shape)) in record.fields.iter().enumerate() {
                    write!(f, "{}{name}: {shape}", if i == 0 { "" } else { ", " })?;
                }
                return f.write_str("}");
            }
        })
    }
}

/// Reads the zero value of whatever `seed` wants: 0, "", an empty list, a record of zeros.
pub fn zero<'de, S: DeserializeSeed<'de>, E: de::Error>(seed: S) -> Result<S::Value, E> {
    seed.deserialize(Probe {
        shape: &mut Shape::Any,
        around: None,
        depth: 0,
        learning: false,
        without: None,
        error: PhantomData,
    })
}

/// How many types deep a shape is followed.
const MAX_DEPTH: usize = 64;

/// The records around the one that is probed.
struct Around<'a> {
    name: &'static str,
    fields: &'static [&'static str],
    outer: Option<&'a Around<'a>>,
}

impl Around<'_> {
    fn has(&self, name: &str, fields: &'static [&'static str]) -> bool {
        let is_same = self.name == name && self.fields == fields;
        is_same || self.outer.is_some_and(|outer| outer.has(name, fields))
    }
}

/// A deserializer that yields zero values and records what it was asked for.
struct Probe<'s, E> {
    shape: &'s mut Shape,
    around: Option<&'s Around<'s>>,
    depth: usize,
    /// Whether options and lists are entered to see what is in them; a zero value leaves them empty.
    learning: bool,
    /// A field of the outermost record that is left out.
    without: Option<&'s str>,
    error: PhantomData<E>,
}

impl<'s, E: de::Error> Probe<'s, E> {
    fn learning(shape: &'s mut Shape) -> Self {
        Self { shape, around: None, depth: 0, learning: true, without: None, error: PhantomData }
    }

    fn inner<'t>(&self, shape: &'t mut Shape) -> Result<Probe<'t, E>, E>
    where
        's: 't,
    {
        if self.depth >= MAX_DEPTH {
            return Err(E::custom("a type inside itself has no zero value"));
        }
        let Self { around, depth, learning, error, .. } = *self;
        Ok(Probe { shape, around, depth: depth + 1, learning, without: None, error })
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
        let value =
            self.inner(&mut inner).and_then(|probe| visitor.visit_seq(Items { probe, left, seen: false }));
        *self.shape = Shape::List(Box::new(inner));
        value
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, left: usize, visitor: V) -> Result<V::Value, E> {
        let mut inner = Shape::Any;
        let value =
            self.inner(&mut inner).and_then(|probe| visitor.visit_seq(Items { probe, left, seen: false }));
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
        let mut map = MapShape::default();
        let value = self.inner(&mut map.value).and_then(|probe| {
            let left = self.learning;
            visitor.visit_map(Pairs { key: &mut map.key, probe, left })
        });
        *self.shape = Shape::Map(Box::new(map));
        value
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, E> {
        let is_inside_itself = self.learning && self.around.is_some_and(|around| around.has(name, names));
        let (around, without) = (Around { name, fields: names, outer: self.around }, self.without);
        let (mut fields, mut shape) = (Vec::with_capacity(names.len()), Shape::Any);
        let mut probe = Probe { around: Some(&around), ..self.inner(&mut shape)? };
        // Its zero value ends where a shape would go on for ever.
        probe.learning &= !is_inside_itself;
        let value =
            visitor.visit_map(Fields { names: names.iter(), without, name: "", probe, fields: &mut fields });
        *self.shape =
            if is_inside_itself { Shape::Outer(name) } else { Shape::Record(RecordShape { name, fields }) };
        value
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, E> {
        *self.shape = Shape::Choice(ChoiceShape { name, variants });
        visitor.visit_enum(variants.first().copied().unwrap_or_default().into_deserializer())
    }
}

/// As many elements as `left` says, all in one shape.
struct Items<'s, E> {
    probe: Probe<'s, E>,
    left: usize,
    /// Whether there was one.
    seen: bool,
}

impl<'de, E: de::Error> SeqAccess<'de> for Items<'_, E> {
    type Error = E;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, E> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        let mut shape = Shape::Any;
        let value = seed.deserialize(Probe { shape: &mut shape, ..self.probe });
        let before = self.seen.then(|| std::mem::take(self.probe.shape));
        *self.probe.shape = match before {
            Some(before) => before.or(shape),
            None => shape,
        };
        self.seen = true;
        value.map(Some)
    }
}

/// One pair to learn from, or none.
struct Pairs<'s, E> {
    key: &'s mut Shape,
    probe: Probe<'s, E>,
    left: bool,
}

impl<'de, E: de::Error> MapAccess<'de> for Pairs<'_, E> {
    type Error = E;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, E> {
        if !std::mem::take(&mut self.left) {
            return Ok(None);
        }
        seed.deserialize(Probe { shape: self.key, ..self.probe }).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, E> {
        seed.deserialize(Probe { shape: self.probe.shape, ..self.probe })
    }
}

/// The fields of a record, one by one.
struct Fields<'s, E> {
    names: std::slice::Iter<'static, &'static str>,
    without: Option<&'s str>,
    name: &'static str,
    probe: Probe<'s, E>,
    fields: &'s mut Vec<(&'static str, Shape)>,
}

impl<'de, E: de::Error> MapAccess<'de> for Fields<'_, E> {
    type Error = E;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, E> {
        let without = self.without;
        let Some(name) = self.names.find(|name| without != Some(**name)) else {
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
    fn a_tuple_is_a_list_of_what_its_elements_have_in_common() {
        for (shape, expected) in [
            (Shape::of::<(i64, f64)>(), "[number]"),
            (Shape::of::<(Number, u8, f32)>(), "[number]"),
            (Shape::of::<(String, i64)>(), "[any]"),
            (Shape::of::<(String, i64, i64)>(), "[any]"),
            (Shape::of::<(String, String)>(), "[string]"),
            (Shape::of::<((i64, f64), [i64; 2])>(), "[any]"),
        ] {
            assert_eq!(shape.to_string(), expected);
        }
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Color {
        Red,
        Green,
    }

    #[test]
    fn an_enumeration_tells_its_variants() {
        let _ = [Color::Red, Color::Green];
        let shape = Shape::of::<Color>();
        assert_eq!(shape, Shape::Choice(ChoiceShape { name: "Color", variants: &["red", "green"] }));
        assert_eq!(shape.to_string(), "string");
        assert!(matches!(zero::<_, de::value::Error>(PhantomData::<Color>), Ok(Color::Red)));
    }

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only its shape is looked at")]
    struct Tree {
        left: Option<Box<Tree>>,
        leaves: std::collections::BTreeMap<i64, Vec<Tree>>,
        name: String,
    }

    #[test]
    fn a_type_inside_itself_is_told_by_its_name_and_hides_nothing_after_it() {
        let shape = Shape::of::<Tree>();
        assert_eq!(shape.to_string(), "{left: Tree?, leaves: map, name: string}");
        let Shape::Record(tree) = shape else { panic!("a record") };
        let map = MapShape { key: Shape::Int, value: Shape::List(Box::new(Shape::Outer("Tree"))) };
        assert_eq!((tree.name, &tree.fields[1].1), ("Tree", &Shape::Map(Box::new(map))));
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
