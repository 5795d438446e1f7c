//! What Go's encoding/gob wrote: both Go versions' bytes are read, and the older one's are written, bit for bit.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;

use manywire_core::{Timestamp, Value, to_value};
use manywire_gob::{Encoder, Limits};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{hex, read_all, unhex, write};

const GO_1_19: &str = include_str!("../../../interop/vectors/gob-go.txt");
const GO_1_26: &str = include_str!("../../../interop/vectors/gob-go-1.26.txt");

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Point {
    x: i64,
    y: i64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Inner {
    label: String,
    point: Point,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Outer {
    name: String,
    inner: Inner,
    list: Vec<Inner>,
    by_name: BTreeMap<String, Point>,
    next: Option<Box<Inner>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Tree {
    v: String,
    kids: Vec<Tree>,
    m: HashMap<String, Tree>,
}

/// Go's `complex128`, which serde knows as little as Rust does, is left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Scalars {
    i8: i8,
    i64: i64,
    u8: u8,
    u64: u64,
    f32: f32,
    f64: f64,
    b: bool,
    s: String,
    raw: Vec<u8>,
    fix: [i64; 3],
    text: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Holder {
    s: String,
    v: Value,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Stamped {
    at: Timestamp,
    note: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename = "")]
struct Nothing {}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Request {
    service_method: String,
    seq: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Response {
    service_method: String,
    seq: u64,
    error: String,
}

#[test]
fn numbers() {
    for int in [0, 1, -1, 63, 64, -64, -65, 136, 65536] {
        check(&format!("int_{int}"), &int);
    }
    check("int_2^53+1", &((1_i64 << 53) + 1));
    check("int_max", &i64::MAX);
    check("int_max-1", &(i64::MAX - 1));
    check("int_min", &i64::MIN);
    check("int_min+1", &(i64::MIN + 1));
    for uint in [0, 127, 128, 255, 256_u64] {
        check(&format!("uint_{uint}"), &uint);
    }
    check("uint_2^32", &(1_u64 << 32));
    check("uint_2^63", &(1_u64 << 63));
    check("uint_max", &u64::MAX);
    for (name, float) in [("0", 0.0), ("1.5", 1.5), ("-17", -17.0), ("pi", std::f64::consts::PI)] {
        check(&format!("float_{name}"), &float);
    }
    for (name, float) in [("max", f64::MAX), ("smallest", 5e-324), ("inf", f64::INFINITY)] {
        check(&format!("float_{name}"), &float);
    }
    check("float_-inf", &f64::NEG_INFINITY);
    check("bool_true", &true);
    check("bool_false", &false);
    for file in [GO_1_19, GO_1_26] {
        assert_eq!(read::<(f64, f64)>(file, "complex"), (1.0, 2.0));
        assert_eq!(read::<Value>(file, "complex_negative"), Value::Array(vec![(-0.5).into(), 1e300.into()]));
    }
}

#[test]
fn floats_that_equal_nothing_or_their_opposite() {
    assert!(read::<f64>(GO_1_19, "float_nan").is_nan());
    assert!(read::<f64>(GO_1_19, "float_-0").is_sign_negative());
    assert_eq!(write(&-0.0).unwrap(), bytes(GO_1_19, "float_-0"));
}

#[test]
fn texts_and_bytes() {
    check("string_empty", &String::new());
    check("string_hello", &"hello, world".to_owned());
    check("string_unicode", &"héllo, 世界 🦀 \0".to_owned());
    check("string_127", &"x".repeat(127));
    check("string_128", &"x".repeat(128));
    check("string_300", &"é".repeat(150));
    check("bytes_empty", &Vec::<u8>::new());
    check("bytes", &vec![0_u8, 1, 0x7f, 0x80, 0xff]);
}

#[test]
fn lists_and_maps() {
    check("slice_int", &vec![1_i64, -2, 3]);
    check("slice_int_empty", &Vec::<i64>::new());
    check("slice_string", &["a", "", "b"].map(String::from).to_vec());
    check("slice_bool", &vec![true, false]);
    check("slice_float", &vec![0.5, -1.0]);
    check("slice_uint", &vec![0, 1_u64 << 40]);
    check("slice_of_slices", &vec![vec![1_i64], vec![], vec![2, 3]]);
    check("slice_of_bytes", &vec![vec![1_u8], vec![]]);
    check("slice_struct", &vec![Point { x: 1, y: 2 }, Point { x: 0, y: 0 }, Point { x: -3, y: 0 }]);
    check("array", &[1_i64, 0, 3]);
    check("map_string_int", &BTreeMap::from([("a".to_owned(), 1_i64)]));
    check_but_for_names("map_int_struct", &BTreeMap::from([(-7_i64, Point { x: 1, y: 2 })]));
    check("map_of_maps", &BTreeMap::from([("k".to_owned(), BTreeMap::from([("l".to_owned(), true)]))]));
}

#[test]
fn structs() {
    check("struct", &Point { x: 22, y: 33 });
    check("struct_zero", &Point { x: 0, y: 0 });
    check("struct_one_field", &Point { x: 0, y: -1 });
    check("struct_pointer", &Some(Box::new(Point { x: 1, y: 2 })));
    check("struct_empty", &Nothing {});
    check("struct_args", &manywire_notes::arith::Args { a: 17, b: 8 });
    check("struct_quotient", &manywire_notes::arith::Quotient { quo: 2, rem: 1 });
    let inner = |label: &str, x, y| Inner { label: label.into(), point: Point { x, y } };
    let outer = Outer {
        name: "o".into(),
        inner: inner("i", 1, 2),
        list: vec![inner("l", 0, 0)],
        by_name: BTreeMap::from([("p".into(), Point { x: 3, y: 4 })]),
        next: Some(Box::new(inner("n", 5, 6))),
    };
    check_but_for_names("struct_nested", &outer);
    let tree = |v: &str| Tree { v: v.into(), kids: vec![], m: HashMap::new() };
    let root = Tree { kids: vec![tree("b")], m: HashMap::from([("k".into(), tree("c"))]), ..tree("a") };
    check_but_for_names("struct_recursive", &root);
}

#[test]
fn scalars_of_every_kind() {
    let scalars = Scalars {
        i8: -8,
        i64: i64::MIN,
        u8: 8,
        u64: u64::MAX,
        f32: 0.5,
        f64: -0.25,
        b: true,
        s: "s".into(),
        raw: vec![1],
        fix: [1, 2, 3],
        text: vec!["t".into()],
    };
    for file in [GO_1_19, GO_1_26] {
        assert_eq!(read::<Scalars>(file, "struct_scalars"), scalars);
        let zero = read::<Scalars>(file, "struct_scalars_zero");
        assert_eq!((zero.u8, zero.s.len(), zero.fix), (0, 0, [0; 3]));
        // All that is left out, but for the array.
        assert_eq!(hex(&value_of(&write(&zero).unwrap())), "08ff820a0300000000");
    }
}

#[test]
fn interfaces() {
    let holder = |s: &str, v: Value| Holder { s: s.into(), v };
    check("interface_int", &holder("i", 5.into()));
    check("interface_string", &holder("s", "text".into()));
    check("interface_nil", &holder("n", Value::Null));
    let list = Value::Array(vec![1.into(), "a".into(), 2.5.into(), true.into()]);
    check("slice_interface", &list);
    // Types that Go's program registered, and no other has.
    for file in [GO_1_19, GO_1_26] {
        let point = Value::map([("X", 1.into()), ("Y", 2.into())]);
        assert_eq!(read::<Holder>(file, "interface_struct"), holder("p", point));
        let list = Value::Array(vec![1.into(), 2.into()]);
        assert_eq!(read::<Holder>(file, "interface_slice"), holder("l", list));
    }
}

#[test]
fn times() {
    let zoned = |offset| Timestamp { seconds: 1_709_210_096, nanos: 789_000_000, offset: Some(offset) };
    check("time_utc", &zoned(0));
    check("time_zone", &zoned(5 * 3600 + 1800));
    check("time_zero", &Timestamp { seconds: -62_135_596_800, nanos: 0, offset: Some(0) });
    check("struct_time", &Stamped { at: zoned(0), note: "leap".into() });
    assert!(matches!(read::<Value>(GO_1_19, "big_int"), Value::Bytes(bytes) if bytes.len() == 14));
}

#[test]
fn headers_of_net_rpc() {
    let request = |method: &str, seq| Request { service_method: method.into(), seq };
    check("rpc_request", &request("Arith.Multiply", 7));
    check("rpc_request_first", &request("h.Hello", 0));
    let response =
        |method: &str, seq, error: &str| Response { service_method: method.into(), seq, error: error.into() };
    check("rpc_response", &response("Arith.Multiply", 7, ""));
    check("rpc_response_error", &response("Arith.Divide", u64::MAX, "divide by zero."));
}

#[test]
fn several_values_and_types_on_one_stream() {
    let mut encoder = Encoder::new(&Limits::default());
    let mut wrote = Vec::new();
    let point = |x, y| Point { x, y };
    let inner = |label: &str, point| Inner { label: label.into(), point };
    encoder.encode(&point(1, 2), &mut wrote).unwrap();
    encoder.encode(&inner("i", point(3, 4)), &mut wrote).unwrap();
    encoder.encode(&vec![point(5, 6)], &mut wrote).unwrap();
    encoder.encode(&inner("", point(0, 0)), &mut wrote).unwrap();
    assert_eq!(hex(&wrote), hex(&bytes(GO_1_19, "stream_of_two_types")));
}

/// Whatever Go sends can be read without knowing its types, and sent on: the way of the command line and of Python.
#[test]
fn every_vector_can_be_read_and_sent_on_without_its_type() {
    let names: Vec<_> = vectors(GO_1_19).map(|(name, _)| name).collect();
    assert!(names.len() > 80, "{}", names.len());
    for name in names {
        let values = read_all::<Value>(&bytes(GO_1_19, name)).unwrap();
        assert!(!values.is_empty(), "{name}");
        let newer = read_all::<Value>(&bytes(GO_1_26, name)).unwrap();
        // Not ==, for a NaN differs from itself.
        assert_eq!(format!("{values:?}"), format!("{newer:?}"), "{name}");
        for value in values {
            let again = crate::read::<Value>(&write(&value).unwrap()).unwrap();
            assert_eq!(format!("{:?}", sent_on(again)), format!("{:?}", sent_on(value)), "{name}");
        }
    }
}

/// As a value arrives that was sent without its type: what is empty is left out, and a map with text for keys a struct.
fn sent_on(value: Value) -> Value {
    let is_nothing = |value: &Value| match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Map(pairs) => pairs.is_empty(),
        _ => false,
    };
    let capitalised = |key: Value| match key {
        Value::String(name) if name.is_ascii() => Value::String(name[..1].to_uppercase() + &name[1..]),
        other => other,
    };
    match value {
        Value::Map(pairs) => {
            let pairs = pairs.into_iter().map(|(key, value)| (capitalised(key), sent_on(value)));
            Value::Map(pairs.filter(|(_, value)| !is_nothing(value)).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sent_on).collect()),
        other => other,
    }
}

/// Checks that both Go versions' bytes read as this value, and that it is written as the older one's, bit for bit.
fn check<T: Serialize + DeserializeOwned + PartialEq + Debug + 'static>(name: &str, value: &T) {
    check_but_for_names(name, value);
    assert_eq!(hex(&write(value).unwrap()), hex(&bytes(GO_1_19, name)), "{name}");
}

/// The same where a definition's name depends on what Go met the type in first; no decoder looks at these names.
fn check_but_for_names<T: Serialize + DeserializeOwned + PartialEq + Debug + 'static>(name: &str, value: &T) {
    assert_eq!(read::<T>(GO_1_19, name), *value, "{name}");
    assert_eq!(read::<T>(GO_1_26, name), *value, "{name}, Go 1.26");
    let written = write(value).unwrap();
    assert_eq!(hex(&value_of(&written)), hex(&value_of(&bytes(GO_1_19, name))), "{name}");
    let any = crate::read::<Value>(&written).unwrap();
    assert_eq!(any, crate::read::<Value>(&bytes(GO_1_19, name)).unwrap(), "{name}");
    to_value(&any).unwrap();
}

/// The last message of a stream, which is the value; those before it define its types.
fn value_of(stream: &[u8]) -> Vec<u8> {
    let mut rest = stream;
    loop {
        let width = match rest[0] {
            short if short < 0x80 => (1, usize::from(short)),
            0xFF => (2, usize::from(rest[1])),
            _ => (3, usize::from(rest[1]) << 8 | usize::from(rest[2])),
        };
        let (message, behind) = rest.split_at(width.0 + width.1);
        if behind.is_empty() {
            return message.to_vec();
        }
        rest = behind;
    }
}

fn read<T: DeserializeOwned>(file: &str, name: &str) -> T {
    crate::read(&bytes(file, name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn vectors(file: &str) -> impl Iterator<Item = (&str, &str)> {
    file.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(' '))
}

fn bytes(file: &str, name: &str) -> Vec<u8> {
    let found = vectors(file).find(|(vector, _)| *vector == name);
    unhex(found.unwrap_or_else(|| panic!("no vector {name}")).1)
}
