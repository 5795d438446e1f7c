//! [`Value`] and [`Number`] in Go's gob, whose every value has a type: read from any type, written with a type
//! inferred from what they hold.

mod read;
mod write;

use std::collections::HashMap;

use gobwire::{
    Decode, Describer, Encode, Error, GobType, Result, TypeTable, ValueDecoder, ValueEncoder, ids,
};

use self::read::{from_gob, type_nodes};
use super::{Number, Value};

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

#[cfg(test)]
mod tests {
    use gobwire::{Decoder, Encoder, Gob, Progress, parse_length_prefix};

    use super::write::exported;
    use super::*;
    use crate::value::Timestamp;

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
    fn a_zone_that_go_has_not_keeps_the_moment() {
        let time = |offset| Value::Timestamp(Timestamp { seconds: 9, nanos: 5, offset: Some(offset) });
        let bytes = Encoder::new().encode(&time(-60)).unwrap();
        assert_eq!(decode::<Value>(&bytes).unwrap(), time(0));
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
