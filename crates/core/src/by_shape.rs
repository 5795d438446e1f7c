//! Values of a type that is known by its [`Shape`] alone: read from any wire as a Rust type of that shape would be, and
//! written like one.

use std::fmt;

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess, Visitor,
};
use serde::ser::{Serialize, SerializeMap as _, SerializeSeq as _, SerializeStruct as _, Serializer};
use serde::{Deserialize as _, de::IgnoredAny};

use crate::{Blob, ChoiceShape, MapShape, Number, RecordShape, RpcError, Shape, Timestamp, Value, interned};

/// A shape with what serde has to be told of its records.
#[derive(Debug, Clone)]
pub(crate) struct Form {
    shape: Shape,
    /// The names of the fields of each record, in the order in which the records are met.
    names: Vec<&'static [&'static str]>,
}

impl Form {
    /// What a method takes or gives.
    pub(crate) fn of(shape: Shape) -> Result<Self, RpcError> {
        let mut names = Vec::new();
        collect(&shape, &mut names)?;
        Ok(Self { shape, names })
    }

    pub(crate) fn shape(&self) -> &Shape {
        &self.shape
    }

    /// What reads a value of it.
    pub(crate) fn reading(&self) -> Reading<'_> {
        Reading { shape: &self.shape, form: self, around: None }
    }

    fn names_of(&self, record: &RecordShape) -> &'static [&'static str] {
        let is_it = |names: &&&'static [&'static str]| {
            names.len() == record.fields.len() && names.iter().zip(&record.fields).all(|(a, (b, _))| a == b)
        };
        self.names.iter().find(is_it).copied().unwrap_or_default()
    }
}

fn collect(shape: &Shape, names: &mut Vec<&'static [&'static str]>) -> Result<(), RpcError> {
    match shape {
        Shape::Optional(inner) | Shape::List(inner) => collect(inner, names),
        Shape::Map(map) => collect(&map.key, names).and_then(|()| collect(&map.value, names)),
        Shape::Record(record) => {
            let fields: Vec<&'static str> = record.fields.iter().map(|(name, _)| *name).collect();
            let fields = interned::list(&fields)?;
            if !names.contains(&fields) {
                names.push(fields);
            }
            record.fields.iter().try_for_each(|(_, shape)| collect(shape, names))
        }
        _ => Ok(()),
    }
}

/// The records around a value that is read or written.
#[derive(Clone, Copy)]
struct Around<'a> {
    record: &'a RecordShape,
    outer: Option<&'a Around<'a>>,
}

fn find<'a>(around: Option<&Around<'a>>, name: &str) -> Option<&'a RecordShape> {
    let mut next = around;
    while let Some(Around { record, outer }) = next {
        if record.name == name {
            return Some(record);
        }
        next = *outer;
    }
    None
}

/// Reads a value of a shape.
#[derive(Clone, Copy)]
pub(crate) struct Reading<'a> {
    shape: &'a Shape,
    form: &'a Form,
    around: Option<&'a Around<'a>>,
}

impl<'a> Reading<'a> {
    fn of(self, shape: &'a Shape) -> Self {
        Self { shape, ..self }
    }
}

impl<'de> DeserializeSeed<'de> for Reading<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        match self.shape {
            Shape::Any => Value::deserialize(deserializer),
            Shape::Unit => IgnoredAny::deserialize(deserializer).map(|_| Value::Null),
            Shape::Bool => bool::deserialize(deserializer).map(Value::Bool),
            Shape::Int => deserializer.deserialize_i64(Integer),
            Shape::Float => f64::deserialize(deserializer).map(Value::Float),
            Shape::String => String::deserialize(deserializer).map(Value::String),
            Shape::Bytes => Blob::deserialize(deserializer).map(|Blob(bytes)| Value::Bytes(bytes.into())),
            Shape::Timestamp => Timestamp::deserialize(deserializer).map(Value::Timestamp),
            Shape::Number => Number::deserialize(deserializer).map(|number| match number {
                Number::Int(int) => Value::Int(int),
                Number::Float(float) => Value::Float(float),
            }),
            Shape::Choice(ChoiceShape { name, variants }) => {
                deserializer.deserialize_enum(name, variants, Choice)
            }
            Shape::Optional(inner) => deserializer.deserialize_option(Optional(self.of(inner))),
            Shape::List(inner) => deserializer.deserialize_seq(Items(self.of(inner))),
            Shape::Map(map) => deserializer.deserialize_map(Pairs { reading: self, map }),
            Shape::Record(record) => self.record(record, deserializer),
            Shape::Outer(name) => match find(self.around, name) {
                Some(record) => self.record(record, deserializer),
                None => Value::deserialize(deserializer),
            },
        }
    }
}

impl<'a> Reading<'a> {
    fn record<'de, D: Deserializer<'de>>(
        self,
        record: &'a RecordShape,
        deserializer: D,
    ) -> Result<Value, D::Error> {
        let around = Around { record, outer: self.around };
        let reading = Reading { shape: self.shape, form: self.form, around: Some(&around) };
        deserializer.deserialize_struct(record.name, self.form.names_of(record), Fields { reading, record })
    }
}

struct Integer;

impl Visitor<'_> for Integer {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("int")
    }
    fn visit_i64<E>(self, int: i64) -> Result<Value, E> {
        Ok(Value::Int(int))
    }
    fn visit_u64<E>(self, int: u64) -> Result<Value, E> {
        Ok(int.into())
    }
}

struct Choice;

impl<'de> Visitor<'de> for Choice {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("one of several texts")
    }
    fn visit_enum<A: EnumAccess<'de>>(self, choice: A) -> Result<Value, A::Error> {
        let (name, variant) = choice.variant::<String>()?;
        variant.unit_variant()?;
        Ok(Value::String(name))
    }
}

struct Optional<'a>(Reading<'a>);

impl<'de> Visitor<'de> for Optional<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Shape::Optional(Box::new(self.0.shape.clone())))
    }
    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.0.deserialize(deserializer)
    }
}

/// How many items room is made for before they have come.
const ROOM: usize = 1024;

struct Items<'a>(Reading<'a>);

impl<'de> Visitor<'de> for Items<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("array")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::with_capacity(seq.size_hint().unwrap_or(0).min(ROOM));
        while let Some(item) = seq.next_element_seed(self.0)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Array(Vec::new()))
    }
}

struct Pairs<'a> {
    reading: Reading<'a>,
    map: &'a MapShape,
}

impl<'de> Visitor<'de> for Pairs<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("map")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut pairs = Vec::with_capacity(map.size_hint().unwrap_or(0).min(ROOM));
        while let Some(key) = map.next_key_seed(self.reading.of(&self.map.key))? {
            pairs.push((key, map.next_value_seed(self.reading.of(&self.map.value))?));
        }
        Ok(Value::Map(pairs))
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Map(Vec::new()))
    }
}

struct Fields<'a> {
    reading: Reading<'a>,
    record: &'a RecordShape,
}

impl Fields<'_> {
    /// The fields in the order of their declaration, but for those that are not there.
    fn value(&self, fields: Vec<Option<Value>>) -> Value {
        let there = self.record.fields.iter().zip(fields).filter_map(|((name, shape), value)| match value? {
            Value::Null if matches!(shape, Shape::Optional(_)) => None,
            value => Some((Value::from(*name), value)),
        });
        Value::Map(there.collect())
    }
}

impl<'de> Visitor<'de> for Fields<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("map")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut fields = Vec::with_capacity(self.record.fields.len());
        for (_, shape) in &self.record.fields {
            fields.push(seq.next_element_seed(self.reading.of(shape))?);
        }
        Ok(self.value(fields))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut fields = vec![None; self.record.fields.len()];
        let mut next = 0;
        while let Some(at) = map.next_key_seed(Name { record: self.record, next })? {
            match at.and_then(|at| Some((self.record.fields.get(at)?, fields.get_mut(at)?))) {
                Some(((name, _), Some(_))) => {
                    return Err(A::Error::custom(format_args!("`{name}` is given twice")));
                }
                Some(((_, shape), place)) => *place = Some(map.next_value_seed(self.reading.of(shape))?),
                // As a derived type does.
                None => drop(map.next_value::<IgnoredAny>()?),
            }
            next = at.map_or(next, |at| at + 1);
        }
        Ok(self.value(fields))
    }
}

/// Reads the name of a field; most come in order.
struct Name<'a> {
    record: &'a RecordShape,
    next: usize,
}

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<usize>, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }
    fn visit_str<E>(self, name: &str) -> Result<Option<usize>, E> {
        let is_it = |at: &usize| self.record.fields.get(*at).is_some_and(|(known, _)| *known == name);
        Ok(Some(self.next).filter(is_it).or_else(|| (0..self.record.fields.len()).find(is_it)))
    }
    fn visit_bytes<E: Error>(self, name: &[u8]) -> Result<Option<usize>, E> {
        std::str::from_utf8(name).map_or(Ok(None), |name| self.visit_str(name))
    }
}

/// A value, written as its shape says. One that has another is written as what it is.
pub(crate) struct Written<'a> {
    value: &'a Value,
    shape: &'a Shape,
    around: Option<&'a Around<'a>>,
}

impl<'a> Written<'a> {
    pub(crate) fn new(value: &'a Value, shape: &'a Shape) -> Self {
        Self { value, shape, around: None }
    }
}

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { value, shape, around } = *self;
        let inside = |value, shape| Written { value, shape, around };
        match (shape, value) {
            (Shape::Optional(_), Value::Null) => serializer.serialize_none(),
            (Shape::Optional(inner), value) => serializer.serialize_some(&inside(value, inner)),
            (Shape::Float, Value::Int(int)) => serializer.serialize_f64(*int as f64),
            (Shape::Choice(ChoiceShape { name, variants }), Value::String(text)) => {
                match (0..).zip(*variants).find(|(_, variant)| *variant == text) {
                    Some((at, variant)) => serializer.serialize_unit_variant(name, at, variant),
                    None => serializer.serialize_str(text),
                }
            }
            (Shape::List(inner), Value::Array(items)) => {
                let mut seq = serializer.serialize_seq(Some(items.len()))?;
                items.iter().try_for_each(|item| seq.serialize_element(&inside(item, inner)))?;
                seq.end()
            }
            (Shape::Map(shapes), Value::Map(pairs)) => {
                let mut map = serializer.serialize_map(Some(pairs.len()))?;
                for (key, value) in pairs {
                    map.serialize_entry(&inside(key, &shapes.key), &inside(value, &shapes.value))?;
                }
                map.end()
            }
            (Shape::Record(record), Value::Map(pairs)) => self.record(record, pairs, serializer),
            (Shape::Outer(name), Value::Map(pairs)) => match find(around, name) {
                Some(record) => self.record(record, pairs, serializer),
                None => value.serialize(serializer),
            },
            _ => value.serialize(serializer),
        }
    }
}

impl Written<'_> {
    fn record<S: Serializer>(
        &self,
        record: &RecordShape,
        pairs: &[(Value, Value)],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let shape_of = |at: usize, key: &Value| {
            let is_it = |(name, _): &&(&'static str, Shape)| key.as_str() == Some(name);
            let in_order = record.fields.get(at).filter(is_it);
            in_order.or_else(|| record.fields.iter().find(is_it))
        };
        let known: Option<Vec<_>> =
            pairs.iter().enumerate().map(|(at, (key, value))| Some((shape_of(at, key)?, value))).collect();
        let Some(known) = known else { return Value::serialize(self.value, serializer) };
        let around = Around { record, outer: self.around };
        let mut fields = serializer.serialize_struct(record.name, known.len())?;
        for ((name, shape), value) in known {
            fields.serialize_field(name, &Written { value, shape, around: Some(&around) })?;
        }
        fields.end()
    }
}
