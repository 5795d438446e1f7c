//! Values that tell what they are, and no type: what each becomes in gob, and what comes back.

use std::collections::BTreeMap;

use manywire_core::{Number, Timestamp, Value};
use serde::{Deserialize, Serialize};

use crate::{hex, read, write};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Shelf {
    name: String,
    sizes: Vec<i64>,
    price: f64,
    number: Number,
}

fn shelf(value: &Value) -> Shelf {
    read(&write(value).unwrap()).unwrap()
}

fn empty() -> Shelf {
    Shelf { name: String::new(), sizes: vec![], price: 0.0, number: Number::Int(0) }
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
    let expected = Shelf { name: "Böcke".into(), sizes: vec![1, -2], price: 0.5, number: Number::Int(7) };
    assert_eq!(shelf(&value), expected);
}

#[test]
fn an_empty_list_fits_a_field_of_any_type() {
    let value = Value::map([
        ("Name", Value::Array(vec![])),
        ("Sizes", Value::map::<&str>([])),
        ("Price", 0.5.into()),
    ]);
    assert_eq!(shelf(&value), Shelf { price: 0.5, ..empty() });
}

#[test]
fn a_name_that_go_could_not_receive_begins_with_a_capital() {
    let value = Value::map([("name", "Böcke".into()), ("page_size", 1.into()), ("_x", 2.into())]);
    let pairs = [("Name", "Böcke".into()), ("PageSize", 1.into()), ("_x", 2.into())];
    assert_eq!(read::<Value>(&write(&value).unwrap()).unwrap(), Value::map(pairs));
}

#[test]
fn keys_of_bytes_make_a_map_with_text_for_keys() {
    let counts = Value::Map(vec![(Value::Bytes("a".into()), 1.into()), (Value::Bytes("ü".into()), 2.into())]);
    let map: BTreeMap<String, i64> = read(&write(&counts).unwrap()).unwrap();
    assert_eq!(map, [("a".to_owned(), 1), ("ü".to_owned(), 2)].into());
}

#[test]
fn what_go_leaves_out_is_put_back_as_zero() {
    let value: Value = read(&write(&empty()).unwrap()).unwrap();
    let zeros =
        [("Name", "".into()), ("Sizes", Value::Array(vec![])), ("Price", 0.0.into()), ("Number", 0.0.into())];
    assert_eq!(value, Value::map(zeros));
}

#[test]
fn values_come_back_as_they_were() {
    let held = |value| Value::Array(vec![value, Value::Null]);
    for value in [
        Value::Bool(true),
        Value::Int(i64::MIN),
        Value::Uint(u64::MAX),
        Value::Float(-0.25),
        Value::Bytes(vec![0, 255]),
        Value::Timestamp(Timestamp { seconds: -1, nanos: 5, offset: Some(3_600) }),
        Value::Array(vec![Value::Null, 1.into(), "mixed".into(), Value::map([("k", true.into())])]),
        Value::Array(vec![Value::map([("K", 1.into())]), Value::map([("K", 0.into())])]),
        Value::Map(vec![(1.into(), "one".into())]),
        Value::Map(vec![(1.into(), "one".into()), ("two".into(), 2.into())]),
        Value::Map(vec![(1.into(), held(Value::Bool(false))), (2.into(), 5.into())]),
    ] {
        for value in [value.clone(), held(value)] {
            let written = write(&value);
            // In an interface only a map with text for keys has a name.
            let is_held = |value: &Value| matches!(value, Value::Array(items) if matches!(&items[0], Value::Map(pairs) if pairs[0].0.as_str().is_none()));
            match written {
                Err(error) => assert!(is_held(&value), "{value:?}: {error}"),
                Ok(bytes) => assert_eq!(read::<Value>(&bytes), Ok(value)),
            }
        }
    }
}

/// The bytes that gobwire 0.1 made of these values, but that it sent the types inside of others first.
#[test]
fn values_are_written_as_they_always_were() {
    let list = |items: &[Value]| Value::Array(items.to_vec());
    let map = |key: &str, value: Value| Value::map([(key, value)]);
    for (value, expected) in [
        (Value::Null, "0aff81030102ff8200000003ff8200"),
        (list(&[]), "0cff81020102ff82000110000004ff820000"),
        (list(&[Value::Null, Value::Null]), "0cff81020102ff82000110000006ff8200020000"),
        (
            list(&[1.into(), 2.5.into()]),
            "0cff81020102ff8200011000001aff82000203696e740402000207666c6f61743634080400fe0440",
        ),
        (
            Value::Map(vec![(1.into(), 1.into()), ("a".into(), 2.into())]),
            "0eff81040102ff82000110010400001aff82000203696e74040200020206737472696e670c0300016104",
        ),
        (
            list(&[list(&[]), list(&[1.into()])]),
            "0cff81020102ff82000110000034ff8200020e5b5d696e74657266616365207b7dff820200000e5b5d696e74657266616365207b7dff820a000103696e7404020002",
        ),
        (
            list(&[map("k", Value::Null), map("k", 1.into())]),
            "0cff81020102ff8200011000000eff83040102ff8400010c011000004bff820002176d61705b737472696e675d696e74657266616365207b7dff84050001016b00176d61705b737472696e675d696e74657266616365207b7dff840c0001016b03696e7404020002",
        ),
        (
            list(&[map("a", Value::Bytes(vec![1])), Timestamp::utc(1, 1).into(), Value::Uint(u64::MAX)]),
            "0cff81020102ff8200011000000eff83040102ff8400010c0110000010ff850501010454696d6501ff860000005fff820003176d61705b737472696e675d696e74657266616365207b7dff841100010161075b5d75696e74380a0300010109\
             74696d652e54696d65ff8611000f010000000e7791f70100000001ffff0475696e74060a00f8ffffffffffffffff",
        ),
    ] {
        assert_eq!(hex(&write(&value).unwrap()), expected, "{value:?}");
    }
}

#[test]
fn a_zone_that_go_has_not_keeps_the_moment() {
    let time = |offset| Value::Timestamp(Timestamp { seconds: 9, nanos: 5, offset: Some(offset) });
    assert_eq!(read::<Value>(&write(&time(-60)).unwrap()).unwrap(), time(0));
}

#[test]
fn a_value_in_a_typed_struct_is_an_interface() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Holder {
        any: Value,
        list: Vec<Value>,
    }
    let list = vec![1.into(), Value::map([("a", Value::Array(vec!["b".into()]))]), Value::Null];
    let holder = Holder { any: Value::Array(list.clone()), list };
    let bytes = write(&holder).unwrap();
    assert_eq!(read::<Holder>(&bytes).unwrap(), holder, "{}", hex(&bytes));
}

#[test]
fn what_gob_cannot_say_is_an_error_and_the_next_value_is_written_whole() {
    let mut encoder = manywire_gob::Encoder::new(&manywire_gob::Limits::default());
    let mut out = Vec::new();
    let time = Timestamp { seconds: 0, nanos: 1_000_000_000, offset: None };
    let unwritable = Value::map([("A", Value::map([("B", 1.into())])), ("T", time.into())]);
    let error = encoder.encode(&unwritable, &mut out).unwrap_err();
    assert_eq!(error.to_string(), "gob: a time with a second of nanoseconds or more");
    assert!(out.is_empty());
    let value = Value::map([("A", Value::map([("B", 1.into())]))]);
    encoder.encode(&value, &mut out).unwrap();
    assert_eq!(read::<Value>(&out).unwrap(), value);
}
