//! gobwire against what Go's encoding/gob wrote: it reads both Go versions' bytes, and writes the older one's.

use std::collections::BTreeMap;
use std::fmt::Debug;

use gobwire::{
    Complex, Decode, Decoder, Dynamic, Encode, Encoder, GoTime, Gob, Progress, Zone, parse_length_prefix,
};

const GO_1_19: &str = include_str!("../../vectors/gob-go.txt");
const GO_1_26: &str = include_str!("../../vectors/gob-go-1.26.txt");

#[derive(Debug, Default, Clone, PartialEq, Gob)]
struct Point {
    x: i64,
    y: i64,
}

#[derive(Debug, Default, Clone, PartialEq, Gob)]
struct Inner {
    label: String,
    point: Point,
}

#[derive(Debug, Default, Clone, PartialEq, Gob)]
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
    c: Complex,
    fix: [i64; 3],
    text: Vec<String>,
}

#[derive(Debug, Default, Clone, PartialEq, Gob)]
struct Stamped {
    at: GoTime,
    note: String,
}

#[derive(Debug, Default, Clone, PartialEq, Gob)]
#[gob(name = "")]
struct Nothing {}

#[derive(Debug, Default, Clone, PartialEq, Gob)]
struct Request {
    service_method: String,
    seq: u64,
}

#[derive(Debug, Default, Clone, PartialEq, Gob)]
struct Response {
    service_method: String,
    seq: u64,
    error: String,
}

#[test]
fn numbers() {
    let ints = [0, 1, -1, 63, 64, -64, -65, 136, 65536];
    for int in ints {
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
    check("complex", &Complex { re: 1.0, im: 2.0 });
    check("complex_negative", &Complex { re: -0.5, im: 1e300 });
    check("bool_true", &true);
    check("bool_false", &false);
}

#[test]
fn floats_that_equal_nothing_or_their_opposite() {
    assert!(read::<f64>(GO_1_19, "float_nan").is_nan());
    assert!(read::<f64>(GO_1_19, "float_-0").is_sign_negative());
    assert_eq!(write(&-0.0), bytes(GO_1_19, "float_-0"));
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
    check("slice_struct", &vec![Point { x: 1, y: 2 }, Point::default(), Point { x: -3, y: 0 }]);
    check("array", &[1_i64, 0, 3]);
    check("map_string_int", &BTreeMap::from([("a".to_owned(), 1_i64)]));
    check_but_for_names("map_int_struct", &BTreeMap::from([(-7_i64, Point { x: 1, y: 2 })]));
    check("map_of_maps", &BTreeMap::from([("k".to_owned(), BTreeMap::from([("l".to_owned(), true)]))]));
}

#[test]
fn structs() {
    check("struct", &Point { x: 22, y: 33 });
    check("struct_zero", &Point::default());
    check("struct_one_field", &Point { x: 0, y: -1 });
    check("struct_pointer", &Point { x: 1, y: 2 });
    check("struct_empty", &Nothing {});
    check("struct_args", &manywire_service::arith::Args { a: 17, b: 8 });
    check("struct_quotient", &manywire_service::arith::Quotient { quo: 2, rem: 1 });
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
        c: Complex { re: 0.0, im: 1.0 },
        fix: [1, 2, 3],
        text: vec!["t".into()],
    };
    check_but_for_names("struct_scalars", &scalars);
    check_but_for_names("struct_scalars_zero", &Scalars::default());
}

#[test]
fn times() {
    let zoned = |zone| GoTime::from_unix(1_709_210_096, 789_000_000, zone);
    check("time_utc", &zoned(Zone::Utc));
    check("time_zone", &zoned(Zone::Offset(5 * 3600 + 1800)));
    check("time_zero", &GoTime::default());
    check("struct_time", &Stamped { at: zoned(Zone::Utc), note: "leap".into() });
}

#[test]
fn headers_of_net_rpc() {
    check("rpc_request", &Request { service_method: "Arith.Multiply".into(), seq: 7 });
    check("rpc_request_first", &Request { service_method: "h.Hello".into(), seq: 0 });
    let mut response = Response { service_method: "Arith.Multiply".into(), seq: 7, error: String::new() };
    check("rpc_response", &response);
    response =
        Response { service_method: "Arith.Divide".into(), seq: u64::MAX, error: "divide by zero.".into() };
    check("rpc_response_error", &response);
}

#[test]
fn several_values_and_types_on_one_stream() {
    let mut encoder = Encoder::new();
    let mut wrote = Vec::new();
    let point = |x, y| Point { x, y };
    encoder.encode_into(&point(1, 2), &mut wrote).unwrap();
    encoder.encode_into(&Inner { label: "i".into(), point: point(3, 4) }, &mut wrote).unwrap();
    encoder.encode_into(&vec![point(5, 6)], &mut wrote).unwrap();
    encoder.encode_into(&Inner::default(), &mut wrote).unwrap();
    assert_eq!(messages(&wrote), messages(&bytes(GO_1_19, "stream_of_two_types")));
}

/// Whatever Go sends can be read without knowing its types, and sent on: the way of the command line and of Python.
#[test]
fn every_vector_can_be_read_and_sent_on_without_its_type() {
    let names: Vec<_> = vectors(GO_1_19).map(|(name, _)| name).collect();
    assert!(names.len() > 80, "{}", names.len());
    for name in names {
        let values = read_all::<Dynamic>(&bytes(GO_1_19, name));
        assert!(!values.is_empty(), "{name}");
        let newer = read_all::<Dynamic>(&bytes(GO_1_26, name));
        // Not ==, for a NaN differs from itself.
        assert_eq!(format!("{values:?}"), format!("{newer:?}"), "{name}");
        let mut encoder = Encoder::new();
        let sent: Vec<u8> = values.iter().flat_map(|value| encoder.encode(value).unwrap()).collect();
        let again = read_all::<Dynamic>(&sent);
        assert_eq!(format!("{again:?}"), format!("{values:?}"), "{name}");
    }
}

/// Checks that both Go versions' bytes read as this value, and that it is written as the older one's.
fn check<T: Decode + Encode + Default + PartialEq + Debug>(name: &str, value: &T) {
    check_but_for_names(name, value);
    assert_eq!(messages(&write(value)), messages(&bytes(GO_1_19, name)), "{name}");
}

/// The same where a definition's name depends on what Go met the type in first; no decoder looks at these names.
fn check_but_for_names<T: Decode + Encode + Default + PartialEq + Debug>(name: &str, value: &T) {
    assert_eq!(read::<T>(GO_1_19, name), *value, "{name}");
    assert_eq!(read::<T>(GO_1_26, name), *value, "{name}, Go 1.26");
    assert_eq!(hex(&value_of(&write(value))), hex(&value_of(&bytes(GO_1_19, name))), "{name}");
}

/// The last message of a stream, which is the value; those before it define its types.
fn value_of(mut stream: &[u8]) -> Vec<u8> {
    while let Some((width, length)) = parse_length_prefix(stream).unwrap()
        && width + length < stream.len()
    {
        stream = &stream[width + length..];
    }
    stream.to_vec()
}

/// A stream's messages in hex, sorted: gobwire defines an inner type before the outer one, Go after it.
fn messages(mut stream: &[u8]) -> Vec<String> {
    let mut messages = Vec::new();
    while let Some((width, length)) = parse_length_prefix(stream).unwrap() {
        let (message, rest) = stream.split_at(width + length);
        messages.push(hex(message));
        stream = rest;
    }
    messages.sort();
    messages
}

fn write<T: Encode>(value: &T) -> Vec<u8> {
    Encoder::new().encode(value).unwrap()
}

fn read<T: Decode + Default>(file: &str, name: &str) -> T {
    let mut values = read_all(&bytes(file, name));
    assert_eq!(values.len(), 1, "{name}");
    values.remove(0)
}

fn read_all<T: Decode + Default>(mut stream: &[u8]) -> Vec<T> {
    let mut decoder = Decoder::new();
    let mut values = Vec::new();
    while let Some((width, length)) = parse_length_prefix(stream).unwrap() {
        let (body, rest) = stream[width..].split_at(length);
        stream = rest;
        if decoder.push_message(body).unwrap() == Progress::Ready {
            values.push(decoder.decode().unwrap());
        }
    }
    values
}

fn vectors(file: &str) -> impl Iterator<Item = (&str, &str)> {
    file.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(' '))
}

fn bytes(file: &str, name: &str) -> Vec<u8> {
    let found = vectors(file).find(|(vector, _)| *vector == name);
    unhex(found.unwrap_or_else(|| panic!("no vector {name}")).1)
}

pub(crate) fn unhex(text: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(digit).collect()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
