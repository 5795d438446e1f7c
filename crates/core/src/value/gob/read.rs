//! What gob says, as a [`Value`].

use std::collections::HashMap;
use std::sync::Arc;

use gobwire::{GoTime, StructType, Type, TypeTable, Value as Gob, WireType, Zone};

use crate::value::{Timestamp, Value};

/// The number of nodes that a type unfolds into; a type inside itself counts once.
pub(super) fn type_nodes(types: &TypeTable, id: i64, known: &mut HashMap<i64, u64>) -> u64 {
    let Some(wire_type) = types.get(id) else { return 1 };
    if let Some(nodes) = known.get(&id) {
        return *nodes;
    }
    known.insert(id, 1);
    let inner: Vec<i64> = match &**wire_type {
        WireType::Array { elem, .. } | WireType::Slice { elem, .. } => vec![*elem],
        WireType::Map { key, elem, .. } => vec![*key, *elem],
        WireType::Struct { fields, .. } => fields.iter().map(|f| f.id).collect(),
        WireType::Marshaler { .. } => Vec::new(),
    };
    let nodes = inner.into_iter().fold(1u64, |sum, id| sum.saturating_add(type_nodes(types, id, known)));
    known.insert(id, nodes);
    nodes
}

/// `structs` holds the struct types around this value, innermost last, to which [`Type::Ref`] points.
pub(super) fn from_gob(ty: &Type, value: Gob, structs: &mut Vec<Arc<StructType>>) -> Value {
    match (ty, value) {
        (_, Gob::Bool(b)) => Value::Bool(b),
        (_, Gob::Int(i)) => Value::Int(i),
        (_, Gob::Uint(u)) => u.into(),
        (_, Gob::Float(f)) => Value::Float(f),
        (_, Gob::Complex(re, im)) => Value::Array(vec![Value::Float(re), Value::Float(im)]),
        (_, Gob::Bytes(bytes)) => Value::Bytes(bytes),
        (_, Gob::String(text)) => Value::String(text),
        (_, Gob::Interface(None)) => Value::Null,
        (_, Gob::Interface(Some(held))) => from_gob(&held.ty, held.value, &mut Vec::new()),
        (Type::Slice(item) | Type::Array(item, _), Gob::Slice(items) | Gob::Array(items)) => {
            Value::Array(items.into_iter().map(|v| from_gob(item, v, structs)).collect())
        }
        (Type::Map(key, item), Gob::Map(pairs)) => Value::Map(
            pairs.into_iter().map(|(k, v)| (from_gob(key, k, structs), from_gob(item, v, structs))).collect(),
        ),
        (Type::Struct(shape), Gob::Struct(fields)) => struct_from_gob(shape, fields, structs),
        (Type::Ref(out), Gob::Struct(fields)) => {
            match structs.len().checked_sub(out + 1).map(|i| structs[i].clone()) {
                Some(shape) => struct_from_gob(&shape, fields, structs),
                None => Value::Null,
            }
        }
        (Type::Marshaler(_, name), Gob::Marshaled(bytes)) => match GoTime::unmarshal_binary(&bytes) {
            Ok(time) if name == "Time" => Value::Timestamp(from_go_time(&time)),
            _ => Value::Bytes(bytes),
        },
        (_, _) => Value::Null,
    }
}

/// Go leaves zero fields out; a reader without the type would miss them, so they are put back.
fn struct_from_gob(
    shape: &Arc<StructType>,
    fields: Vec<Option<Gob>>,
    structs: &mut Vec<Arc<StructType>>,
) -> Value {
    structs.push(shape.clone());
    let pairs = shape.fields.iter().zip(fields).map(|((name, ty), field)| {
        let value = match field {
            Some(value) => from_gob(ty, value, structs),
            None => zero(ty),
        };
        (Value::String(name.clone()), value)
    });
    let map = Value::Map(pairs.collect());
    structs.pop();
    map
}

fn zero(ty: &Type) -> Value {
    match ty {
        Type::Bool => Value::Bool(false),
        Type::Int | Type::Uint => Value::Int(0),
        Type::Float => Value::Float(0.0),
        Type::String => Value::String(String::new()),
        Type::Bytes => Value::Bytes(Vec::new()),
        Type::Slice(_) => Value::Array(Vec::new()),
        Type::Map(..) => Value::Map(Vec::new()),
        _ => Value::Null,
    }
}

fn from_go_time(time: &GoTime) -> Timestamp {
    let offset = match time.zone {
        Zone::Utc => 0,
        Zone::Offset(seconds) => seconds,
    };
    let seconds = time.sec.saturating_sub(gobwire::UNIX_TO_INTERNAL);
    Timestamp { seconds, nanos: u32::try_from(time.nsec).unwrap_or(0), offset: Some(offset) }
}
