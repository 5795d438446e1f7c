//! Properties that hold for every stream; `fuzz/` runs the same without end.

use manywire_core::Value;
use manywire_gob::{Decoder, Encoder, Limits};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{read, unhex, write};

const GO: &str = include_str!("../../../interop/vectors/gob-go.txt");

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        any::<f64>().prop_filter("a NaN differs from itself", |f| !f.is_nan()).prop_map(Value::Float),
        "[a-zA-Z]{0,8}".prop_map(Value::String),
        proptest::collection::vec(any::<u8>(), 0..8).prop_map(Value::Bytes),
    ];
    leaf.prop_recursive(4, 48, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            proptest::collection::btree_map("[A-Z][a-z]{1,6}", inner.clone(), 0..6).prop_map(Value::map),
            proptest::collection::btree_map(any::<i64>(), inner, 1..4)
                .prop_map(|pairs| Value::Map(pairs.into_iter().map(|(k, v)| (k.into(), v)).collect())),
        ]
    })
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Record {
    id: i64,
    count: u32,
    name: String,
    share: Option<i16>,
    lists: Vec<Vec<u64>>,
    bytes: Vec<u8>,
    any: Vec<Value>,
}

/// Where a map with numbers for keys would be in an interface, Go has no name for its type.
fn can_be_held(value: &Value) -> bool {
    match value {
        Value::Map(pairs) => pairs.iter().all(|(key, value)| key.as_str().is_some() && can_be_held(value)),
        Value::Array(items) => items.iter().all(can_be_held),
        _ => true,
    }
}

/// Reads what it can of a stream, with a type and without one, and again cut into two.
fn survives(stream: &[u8], cut: usize) {
    let limits = Limits::with_message_bytes(1 << 16);
    let values = |mut input: &[u8]| {
        let mut decoder = Decoder::new(&limits);
        let mut values = Vec::new();
        loop {
            let before = input.len();
            match decoder.next(&mut input) {
                Ok(Some(value)) => values.push(value.read::<Value>().map_err(|error| error.kind())),
                Ok(None) => return (values, decoder.held()),
                Err(_) if input.len() == before => return (values, decoder.held()),
                Err(_) => {}
            }
        }
    };
    let (whole, held) = values(stream);
    assert!(held < 1 << 20, "{held}");
    let mut decoder = Decoder::new(&limits);
    let (first, rest) = stream.split_at(cut.min(stream.len()));
    let (mut input, mut seen) = (first.to_vec(), 0);
    for more in [rest, &[]] {
        let mut slice = &input[..];
        loop {
            let before = slice.len();
            match decoder.next(&mut slice) {
                Ok(Some(value)) => {
                    assert_eq!(
                        format!("{:?}", value.read::<Value>().map_err(|e| e.kind())),
                        format!("{:?}", whole[seen])
                    );
                    seen += 1;
                }
                Ok(None) => break,
                Err(_) if slice.len() == before => break,
                Err(_) => {}
            }
        }
        input = [slice, more].concat();
    }
    assert_eq!(seen, whole.len());
    for mut stream in [stream, stream] {
        let mut decoder = Decoder::new(&limits);
        while let Ok(Some(value)) = decoder.next(&mut stream) {
            let _ = value.read::<Record>();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_written_reads_the_same(record in (any::<i64>(), any::<u32>(), ".{0,9}", any::<Option<i16>>(),
        proptest::collection::vec(proptest::collection::vec(any::<u64>(), 0..4), 0..4),
        proptest::collection::vec(any::<u8>(), 0..300), proptest::collection::vec(value(), 0..5)))
    {
        let (id, count, name, share, lists, bytes, any) = record;
        prop_assume!(any.iter().all(can_be_held));
        let record = Record { id, count, name, share, lists, bytes, any };
        prop_assert_eq!(read::<Record>(&write(&record).unwrap()).unwrap(), record);
    }

    #[test]
    fn any_value_is_sent_or_refused_and_what_arrives_is_sent_alike(value in value()) {
        let Ok(first) = write(&value) else { return Ok(()) };
        let arrived: Value = read(&first).unwrap();
        let Ok(second) = write(&arrived) else { return Ok(()) };
        let again: Value = read(&second).unwrap();
        prop_assert_eq!(write(&again).unwrap(), second);
    }

    #[test]
    fn bytes_that_were_changed_are_read_or_refused(vector in 0..80_usize,
        changes in proptest::collection::vec((any::<u16>(), any::<u8>()), 1..5), cut in any::<u16>())
    {
        let vectors: Vec<&str> = GO.lines().filter_map(|line| line.split_once(' ')).map(|(_, hex)| hex).skip(1).collect();
        let mut stream = unhex(vectors[vector % vectors.len()]);
        for (at, byte) in changes {
            let at = usize::from(at) % stream.len();
            stream[at] = byte;
        }
        survives(&stream, usize::from(cut) % stream.len());
    }

    #[test]
    fn a_value_with_bytes_changed_is_read_or_refused(value in value(), at in any::<u16>(), byte in any::<u8>()) {
        let mut stream = Vec::new();
        let mut encoder = Encoder::new(&Limits::default());
        if encoder.encode(&value, &mut stream).is_ok() {
            let at = usize::from(at) % stream.len();
            stream[at] = byte;
            survives(&stream, at);
        }
    }
}
