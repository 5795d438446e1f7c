//! Types of Rust's: what gob type each has, how its fields match a peer's, and what does not fit.

use std::collections::BTreeMap;
use std::fmt::Debug;

use manywire_core::{Number, Value};
use serde::{Deserialize, Serialize};

use crate::{hex, read, write};

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename = "Args")]
struct Args {
    a: i64,
    list: Vec<i64>,
    ratio: f64,
    text: String,
    flag: bool,
    inner: Inner,
    number: Option<Number>,
    small: u8,
    tiny: i8,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Inner {
    x: i64,
}

fn error(value: &Value) -> String {
    read::<Args>(&write(value).unwrap()).unwrap_err().to_string()
}

#[test]
fn errors_name_the_field_and_both_types() {
    let one = |name: &str, value: Value| error(&Value::map([(name, value)]));
    let wrong = |wanted: &str, field: &str, received: &str| {
        format!("gob: wrong type ({wanted}) for received field {field}; received {received}")
    };
    assert_eq!(one("A", "x".into()), wrong("int", "Args.A", "string"));
    assert_eq!(one("A", u64::MAX.into()), wrong("int", "Args.A", "uint"));
    assert_eq!(one("A", 0.5.into()), wrong("int", "Args.A", "float"));
    assert_eq!(one("List", "x".into()), wrong("slice", "Args.List", "string"));
    assert_eq!(one("List", Value::Array(vec!["x".into()])), wrong("[]int", "Args.List", "[]string"));
    assert_eq!(one("Ratio", 1.into()), wrong("float64", "Args.Ratio", "int"));
    assert_eq!(one("Text", 1.into()), wrong("string", "Args.Text", "int"));
    assert_eq!(one("Flag", 1.into()), wrong("bool", "Args.Flag", "int"));
    assert_eq!(one("Inner", 1.into()), wrong("Inner", "Args.Inner", "int"));
    assert_eq!(one("Inner", Value::map([("X", "s".into())])), wrong("int", "Inner.X", "string"));
    assert_eq!(one("Number", "x".into()), wrong("float64", "Args.Number", "string"));
    assert_eq!(one("Small", (-1).into()), wrong("uint8", "Args.Small", "int"));
    assert_eq!(one("Tiny", 300.into()), "gob: value for \"Tiny\" out of range");
    assert_eq!(one("Other", 1.into()), "gob: type mismatch: no fields matched compiling decoder for Args");
    let list = "gob: decoding into local type Args, received remote type []int";
    assert_eq!(error(&Value::Array(vec![1.into()])), list);
    let text = read::<String>(&write(&5_i64).unwrap()).unwrap_err().to_string();
    assert_eq!(text, "gob: decoding into local type *string, received remote type int");
}

/// A field that was left out is checked too: its type is known.
#[test]
fn a_zero_of_the_wrong_type_does_not_fit_either() {
    let value = Value::map([("A", "".into()), ("Text", "x".into())]);
    assert_eq!(error(&value), "gob: wrong type (int) for received field Args.A; received string");
}

#[test]
fn fields_may_be_more_or_fewer_and_in_any_order() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Other {
        text: String,
        extra: BTreeMap<String, Vec<Inner>>,
        a: i64,
    }
    let other = Other { text: "t".into(), extra: [("k".into(), vec![Inner { x: 1 }])].into(), a: 7 };
    let args: Args = read(&write(&other).unwrap()).unwrap();
    assert_eq!(args, Args { a: 7, text: "t".into(), ..Args::default() });
    let back: Other = read(&write(&args).unwrap()).unwrap();
    assert_eq!(back, Other { extra: BTreeMap::new(), ..other });
    assert_eq!(read::<Args>(&write(&Value::Null).unwrap()).unwrap(), Args::default());
}

fn round_trips<T: Serialize + serde::de::DeserializeOwned + PartialEq + Debug + 'static>(
    value: &T,
) -> String {
    let bytes = write(value).unwrap();
    assert_eq!(read::<T>(&bytes).as_ref(), Ok(value), "{}", hex(&bytes));
    hex(&bytes)
}

#[test]
fn what_may_be_nothing_is_told_from_zero() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Perhaps {
        a: Option<i64>,
        b: Option<String>,
        c: Option<Vec<i64>>,
    }
    for a in [None, Some(0), Some(1)] {
        round_trips(&Perhaps { a, b: a.map(|_| String::new()), c: a.map(|_| vec![]) });
    }
    assert!(write(&vec![Some(1_i64), None]).is_err());
    assert!(write(&None::<i64>).is_err());
}

#[test]
fn every_shape_that_serde_has_comes_back() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Colour {
        Red,
        Green,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Wrapper<T>(T);
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Generic<T> {
        value: T,
    }
    round_trips(&Colour::Green);
    round_trips(&vec![Wrapper(Colour::Red)]);
    round_trips(&(1_i64, 2_i64, 3_i64));
    round_trips(&('é', Some(true)).0);
    round_trips(&Generic { value: Generic { value: vec![Generic { value: "deep".to_owned() }] } });
    round_trips(&(Generic { value: 1_i64 }, Generic { value: 2_i64 }));
    round_trips(&BTreeMap::from([(1_u16, [0.5_f32; 2])]));
    round_trips(&Generic { value: () });
    round_trips(&[[1_u8, 2], [3, 255]]);
    round_trips(&Generic { value: Vec::from_iter(0..=255_u8) });
}

#[test]
fn types_inside_of_themselves_come_back() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Person {
        name: String,
        friends: Vec<Person>,
        pets: BTreeMap<String, Pet>,
        best: Option<Box<Person>>,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Pet {
        owners: Vec<Person>,
        age: u32,
    }
    let person =
        |name: &str| Person { name: name.into(), friends: vec![], pets: BTreeMap::new(), best: None };
    let pet = Pet { owners: vec![person("o")], age: 3 };
    let root = Person {
        friends: vec![person("f")],
        pets: [("p".to_owned(), pet)].into(),
        best: Some(Box::new(person("b"))),
        ..person("r")
    };
    let bytes = round_trips(&root);
    // Each type is defined once: Person, its list, the map, Pet.
    assert_eq!(bytes.matches(&hex(b"Person")).count(), 1, "{bytes}");
    assert_eq!(bytes.matches(&hex(b"Pet")).count(), 2, "its name, and the field's: {bytes}");
}
