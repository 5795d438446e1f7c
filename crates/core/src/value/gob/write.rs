//! A [`Value`] with the type that gob has to be told.

use std::borrow::Cow;
use std::sync::Arc;

use gobwire::{Dynamic, GoTime, Interface, MarshalKind, StructType, Type, Value as Gob, Zone, names};

use crate::value::{Timestamp, Value};

impl Value {
    /// The gob value and type that stand for this value: a map with string keys is a struct with these fields, one with
    /// bytes for keys a map with string keys, an array of one type a slice of it, any other array an `[]interface{}`.
    pub fn to_gob(&self) -> Dynamic {
        let ty = self.gob_type();
        let value = self.gob_value(&ty);
        Dynamic { ty, value }
    }

    /// Whether it stands for a struct: a map whose keys could be fields, or nothing at all.
    pub(super) fn is_struct(&self) -> bool {
        match self {
            Value::Null => true,
            Value::Map(pairs) => pairs.iter().all(|(key, _)| key.as_str().is_some()),
            _ => false,
        }
    }

    /// Whether it is left out as a field: Go leaves empty ones out too, and of what type it would be is not known.
    fn is_nothing(&self) -> bool {
        match self {
            Value::Null => true,
            Value::Array(items) => items.is_empty(),
            Value::Map(pairs) => pairs.is_empty(),
            _ => false,
        }
    }

    /// The value of a struct's field.
    fn field(&self, name: &str) -> Option<&Value> {
        let Value::Map(pairs) = self else { return None };
        pairs.iter().find(|(key, _)| exported(key) == name).map(|(_, value)| value)
    }

    fn gob_type(&self) -> Type {
        match self {
            Value::Null => Type::Struct(Arc::new(StructType { name: String::new(), fields: Vec::new() })),
            Value::Bool(_) => Type::Bool,
            Value::Int(_) => Type::Int,
            Value::Uint(_) => Type::Uint,
            Value::Float(_) => Type::Float,
            Value::String(_) => Type::String,
            Value::Bytes(_) => Type::Bytes,
            Value::Timestamp(_) => Type::Marshaler(MarshalKind::Gob, "Time".into()),
            Value::Array(items) => Type::Slice(Arc::new(common_type(items.iter()))),
            Value::Map(pairs) if self.is_struct() => {
                let present = pairs.iter().filter(|(_, v)| !v.is_nothing());
                let fields = present.map(|(k, v)| (exported(k).into_owned(), v.gob_type()));
                Type::Struct(Arc::new(StructType { name: String::new(), fields: fields.collect() }))
            }
            Value::Map(pairs) => {
                Type::Map(Arc::new(key_type(pairs)), Arc::new(common_type(pairs.iter().map(|(_, v)| v))))
            }
        }
    }

    fn gob_value(&self, ty: &Type) -> Gob {
        match (ty, self) {
            (Type::Interface, Value::Null) => Gob::Interface(None),
            (Type::Interface, value) => Gob::Interface(Some(Box::new(value.held()))),
            (Type::Float, Value::Int(i)) => Gob::Float(*i as f64),
            (_, Value::Bool(b)) => Gob::Bool(*b),
            (_, Value::Int(i)) => Gob::Int(*i),
            (_, Value::Uint(u)) => Gob::Uint(*u),
            (_, Value::Float(f)) => Gob::Float(*f),
            (_, Value::String(text)) => Gob::String(text.clone()),
            (Type::String, Value::Bytes(key)) => Gob::String(String::from_utf8_lossy(key).into_owned()),
            (_, Value::Bytes(bytes)) => Gob::Bytes(bytes.clone()),
            (_, Value::Timestamp(time)) => Gob::Marshaled(to_go_time(*time)),
            (Type::Slice(item), Value::Array(items)) => {
                Gob::Slice(items.iter().map(|v| v.gob_value(item)).collect())
            }
            (Type::Map(key, item), Value::Map(pairs)) => {
                Gob::Map(pairs.iter().map(|(k, v)| (k.gob_value(key), v.gob_value(item))).collect())
            }
            (Type::Struct(shape), value) => {
                let field = |(name, ty): &(String, Type)| value.field(name).map(|v| v.gob_value(ty));
                Gob::Struct(shape.fields.iter().map(field).collect())
            }
            (_, _) => Gob::Interface(None),
        }
    }

    /// The value inside an `interface{}`, under the name that Go registers for its type.
    fn held(&self) -> Interface {
        let dynamic = match self {
            Value::Array(items) => {
                let value = Gob::Slice(items.iter().map(|v| v.gob_value(&Type::Interface)).collect());
                Dynamic { ty: Type::Slice(Arc::new(Type::Interface)), value }
            }
            Value::Map(pairs) => {
                let pair =
                    |(k, v): &(Value, Value)| (k.gob_value(&Type::String), v.gob_value(&Type::Interface));
                let value = Gob::Map(pairs.iter().map(pair).collect());
                Dynamic { ty: Type::Map(Arc::new(Type::String), Arc::new(Type::Interface)), value }
            }
            other => other.to_gob(),
        };
        Interface { name: self.registered_name().into(), ty: dynamic.ty, value: dynamic.value }
    }

    fn registered_name(&self) -> &'static str {
        match self {
            Value::Null | Value::Map(_) => names::STRING_ANY_MAP,
            Value::Bool(_) => names::BOOL,
            Value::Int(_) => names::INT,
            Value::Uint(_) => names::UINT,
            Value::Float(_) => names::FLOAT64,
            Value::String(_) => names::STRING,
            Value::Bytes(_) => names::BYTES,
            Value::Timestamp(_) => "time.Time",
            Value::Array(_) => names::ANY_SLICE,
        }
    }
}

/// A key as the name of a field. Go sends and receives only fields whose names begin with a capital, so `page_size` can mean
/// nothing but `PageSize`.
pub(super) fn exported(key: &Value) -> Cow<'_, str> {
    let name = key.as_str().unwrap_or_default();
    if !name.starts_with(|first: char| first.is_ascii_lowercase()) {
        return Cow::Borrowed(name);
    }
    let capitalised = name.split('_').map(|word| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    });
    Cow::Owned(capitalised.collect())
}

/// Go has no maps with slices for keys, so keys of bytes stand for text: this is how a map with text for keys is told
/// from a struct.
fn key_type(pairs: &[(Value, Value)]) -> Type {
    if pairs.iter().all(|(key, _)| matches!(key, Value::Bytes(_))) {
        return Type::String;
    }
    common_type(pairs.iter().map(|(key, _)| key))
}

/// The one type of several values, or `interface{}` where they differ.
fn common_type<'a>(mut values: impl Iterator<Item = &'a Value>) -> Type {
    let Some(first) = values.next() else {
        return Type::Interface;
    };
    let ty = first.gob_type();
    if *first != Value::Null && values.all(|v| v.gob_type() == ty) { ty } else { Type::Interface }
}

fn to_go_time(time: Timestamp) -> Vec<u8> {
    let zone = match time.offset.unwrap_or(0) {
        0 => Zone::Utc,
        offset => Zone::Offset(offset),
    };
    let (sec, nsec) =
        (time.seconds.saturating_add(gobwire::UNIX_TO_INTERNAL), i32::try_from(time.nanos).unwrap_or(0));
    let marshal = |zone| GoTime { sec, nsec, zone }.marshal_binary();
    // Go has no zone a minute west of UTC, whose number is UTC's; the moment is the same in UTC.
    marshal(zone).or_else(|_| marshal(Zone::Utc)).unwrap_or_default()
}
