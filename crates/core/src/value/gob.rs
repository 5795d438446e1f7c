//! [`Value`] and [`Number`] in Go's gob, whose every value has a type: read from any type, written with a type
//! inferred from what they hold.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use gobwire::{
    Decode, Describer, Dynamic, Encode, Error, GoTime, GobType, Interface, MarshalKind, Result, StructType,
    Type, TypeTable, Value as Gob, ValueDecoder, ValueEncoder, WireType, Zone, ids, names,
};

use super::{Number, Timestamp, Value};

/// How many types a received type may spread out into before it is taken for an attack.
const MAX_TYPE_NODES: u64 = 10_000;

impl GobType for Number {
    fn describe(_: &mut Describer<'_>) -> Result<i64> {
        Ok(ids::FLOAT)
    }

    fn compatible(_: &TypeTable, wire: i64) -> bool {
        matches!(wire, ids::INT | ids::UINT | ids::FLOAT)
    }
}

impl Decode for Number {
    fn decode_into(&mut self, d: &mut ValueDecoder<'_>, wire: i64) -> Result<()> {
        *self = match wire {
            ids::INT => Number::Int(d.read_int()?),
            ids::UINT => Number::Int(i64::try_from(d.read_uint()?).map_err(|_| Error::Overflow("int"))?),
            ids::FLOAT => Number::Float(d.read_float()?),
            _ => return Err(d.mismatch::<Self>(wire)),
        };
        Ok(())
    }
}

/// On its own a number has the type that it holds; as a struct's field, whose type is told once, it is a float.
impl Encode for Number {
    fn describe_value(&self, _: &mut Describer<'_>) -> Result<i64> {
        Ok(match self {
            Number::Int(_) => ids::INT,
            Number::Float(_) => ids::FLOAT,
        })
    }

    fn is_zero(&self) -> bool {
        self.as_f64() == 0.0
    }

    fn encode(&self, e: &mut ValueEncoder<'_>) -> Result<()> {
        match self {
            Number::Int(i) => e.int(*i),
            Number::Float(f) => e.float(*f),
        }
        Ok(())
    }
}

impl GobType for Value {
    fn describe(_: &mut Describer<'_>) -> Result<i64> {
        Ok(ids::INTERFACE)
    }

    fn compatible(types: &TypeTable, wire: i64) -> bool {
        types.is_known(wire)
    }
}

impl Decode for Value {
    fn decode_into(&mut self, d: &mut ValueDecoder<'_>, wire: i64) -> Result<()> {
        if type_nodes(d.types(), wire, &mut HashMap::new()) > MAX_TYPE_NODES {
            return Err(Error::Unsupported("the type of this value has too many parts".into()));
        }
        let ty = d.dynamic_type(wire)?;
        let value = d.read_dynamic(&ty, wire)?;
        *self = from_gob(&ty, value, &mut Vec::new());
        Ok(())
    }
}

/// A value writes the type that [`Value::to_gob`] infers.
impl Encode for Value {
    fn describe_value(&self, d: &mut Describer<'_>) -> Result<i64> {
        self.to_gob().describe_value(d)
    }

    fn is_zero(&self) -> bool {
        matches!(self, Value::Null)
    }

    fn frames_as_struct(&self) -> bool {
        self.is_struct()
    }

    fn encode(&self, e: &mut ValueEncoder<'_>) -> Result<()> {
        self.to_gob().encode(e)
    }
}

/// The number of nodes that a type unfolds into; a type inside itself counts once.
fn type_nodes(types: &TypeTable, id: i64, known: &mut HashMap<i64, u64>) -> u64 {
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
fn from_gob(ty: &Type, value: Gob, structs: &mut Vec<Arc<StructType>>) -> Value {
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

impl Value {
    /// The gob value and type that stand for this value: a map with string keys is a struct with these fields, one with
    /// bytes for keys a map with string keys, an array of one type a slice of it, any other array an `[]interface{}`.
    pub fn to_gob(&self) -> Dynamic {
        let ty = self.gob_type();
        let value = self.gob_value(&ty);
        Dynamic { ty, value }
    }

    /// Whether it stands for a struct: a map whose keys could be fields, or nothing at all.
    fn is_struct(&self) -> bool {
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
fn exported(key: &Value) -> Cow<'_, str> {
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
    GoTime { sec, nsec, zone }.marshal_binary().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use gobwire::{Decoder, Encoder, Gob, Progress, parse_length_prefix};

    use super::*;

    fn decode<T: Decode + Default>(bytes: &[u8]) -> Result<T> {
        let mut decoder = Decoder::new();
        let mut rest = bytes;
        loop {
            let (width, length) = parse_length_prefix(rest)?.ok_or(Error::UnexpectedEof)?;
            let body = &rest[width..width + length];
            rest = &rest[width + length..];
            if decoder.push_message(body)? == Progress::Ready {
                return decoder.decode();
            }
        }
    }

    #[derive(Debug, Default, PartialEq, Gob)]
    struct Shelf {
        name: String,
        sizes: Vec<i64>,
        price: f64,
        number: Number,
    }

    #[test]
    fn a_map_is_a_struct_to_go() {
        let value = Value::map([
            ("Name", "Böcke".into()),
            ("Sizes", Value::Array(vec![1.into(), (-2).into()])),
            ("Price", 0.5.into()),
            ("Number", 7.into()),
            ("Unknown", Value::Null),
            ("Empty", Value::Array(vec![])),
        ]);
        let shelf: Shelf = decode(&Encoder::new().encode(&value).unwrap()).unwrap();
        let expected =
            Shelf { name: "Böcke".into(), sizes: vec![1, -2], price: 0.5, number: Number::Int(7) };
        assert_eq!(shelf, expected);
    }

    #[test]
    fn an_empty_list_fits_a_field_of_any_type() {
        let value = Value::map([
            ("Name", Value::Array(vec![])),
            ("Sizes", Value::map::<&str>([])),
            ("Price", 0.5.into()),
        ]);
        let shelf: Shelf = decode(&Encoder::new().encode(&value).unwrap()).unwrap();
        assert_eq!(shelf, Shelf { price: 0.5, ..Shelf::default() });
    }

    #[test]
    fn a_name_that_go_could_not_receive_begins_with_a_capital() {
        let value = Value::map([("name", "Böcke".into()), ("sizes", Value::Array(vec![1.into()]))]);
        let shelf: Shelf = decode(&Encoder::new().encode(&value).unwrap()).unwrap();
        assert_eq!((&*shelf.name, &*shelf.sizes), ("Böcke", &[1][..]));
        assert_eq!(exported(&"page_size".into()), "PageSize");
        assert_eq!(exported(&"_private".into()), "_private");
    }

    #[test]
    fn keys_of_bytes_make_a_map_with_text_for_keys() {
        let counts =
            Value::Map(vec![(Value::Bytes("a".into()), 1.into()), (Value::Bytes("ü".into()), 2.into())]);
        let map: std::collections::BTreeMap<String, i64> =
            decode(&Encoder::new().encode(&counts).unwrap()).unwrap();
        assert_eq!(map, [("a".to_owned(), 1), ("ü".to_owned(), 2)].into());
    }

    #[test]
    fn what_go_leaves_out_is_put_back_as_zero() {
        let value: Value = decode(&Encoder::new().encode(&Shelf::default()).unwrap()).unwrap();
        let zeros = [
            ("Name", "".into()),
            ("Sizes", Value::Array(vec![])),
            ("Price", 0.0.into()),
            ("Number", 0.0.into()),
        ];
        assert_eq!(value, Value::map(zeros));
    }

    #[test]
    fn values_come_back_as_they_were() {
        for value in [
            Value::Bool(true),
            Value::Int(i64::MIN),
            Value::Uint(u64::MAX),
            Value::Float(-0.25),
            Value::Bytes(vec![0, 255]),
            Value::Timestamp(Timestamp { seconds: -1, nanos: 5, offset: Some(3_600) }),
            Value::Array(vec![Value::Null, 1.into(), "mixed".into(), Value::map([("k", true.into())])]),
            Value::Map(vec![(1.into(), "one".into())]),
        ] {
            assert_eq!(decode::<Value>(&Encoder::new().encode(&value).unwrap()).unwrap(), value);
        }
    }

    #[test]
    fn a_type_that_unfolds_without_end_is_refused() {
        // Each struct has two fields of the one before: 2^40 parts in 40 definitions.
        let mut bytes = Vec::new();
        let message = |body: &[u8]| [&[body.len() as u8][..], body].concat();
        for id in 65..105_u8 {
            let inner = if id == 65 { 4 } else { (id - 1) << 1 };
            let inner = if inner < 128 { vec![inner] } else { vec![0xFF, inner] };
            let field = |name: u8| [&[1, 1, name, 1][..], &inner, &[0]].concat();
            let fields = [&field(b'A')[..], &field(b'B')].concat();
            let head = [0xFF, ((id - 1) << 1) | 1, 3, 1, 2, 0xFF, id << 1, 0, 1, 2];
            bytes.extend(message(&[&head[..], &fields, &[0, 0]].concat()));
        }
        bytes.extend(message(&[0xFF, 104 << 1, 0]));
        assert_eq!(
            decode::<Value>(&bytes).unwrap_err().to_string(),
            "gob: the type of this value has too many parts"
        );
    }
}
