//! Peers that lie: each of these took gobwire, or the guards around it, gigabytes, seconds or the process.

use std::time::{Duration, Instant};

use manywire_core::Value;
use manywire_gob::{Decoder, Encoder, ErrorKind, Limits};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::message;

/// A number as it stands in front of a message, and inside of it.
fn uint(number: u64) -> Vec<u8> {
    match u8::try_from(number) {
        Ok(byte) if byte < 0x80 => vec![byte],
        _ => [&[0xF8][..], &number.to_be_bytes()].concat(),
    }
}

fn int(number: i64) -> Vec<u8> {
    uint(if number < 0 { (!number as u64) << 1 | 1 } else { (number as u64) << 1 })
}

/// The definition of `[]T`, without its length.
fn slice(id: i64, item: i64) -> Vec<u8> {
    [&int(-id)[..], &[2, 1, 2], &int(id), &[0, 1], &int(item), &[0, 0]].concat()
}

/// The definition of a struct of fields with these names and types.
fn record(id: i64, fields: &[(&str, i64)]) -> Vec<u8> {
    let field = |(name, ty): &(&str, i64)| {
        [&[1][..], &uint(name.len() as u64), name.as_bytes(), &[1], &int(*ty), &[0]].concat()
    };
    let all: Vec<u8> = fields.iter().flat_map(field).collect();
    let count = uint(fields.len() as u64);
    [&int(-id)[..], &[3, 1, 2], &int(id), &[0, 1], &count, &all, &[0, 0]].concat()
}

/// Feeds a stream to a decoder, which has to take it or refuse it quickly and without holding much, and returns what came
/// of the last value.
fn read(decoder: &mut Decoder, mut stream: &[u8]) -> Result<Option<Value>, manywire_gob::Error> {
    let started = Instant::now();
    let mut last = None;
    while let Some(value) = decoder.next(&mut stream)? {
        last = Some(value.read::<Value>()?);
    }
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    Ok(last)
}

#[test]
fn a_chain_of_seven_thousand_types_is_as_flat_as_any_other() {
    let mut decoder = Decoder::new(&Limits::default());
    let mut stream: Vec<u8> = (0..7_000).flat_map(|n| message(&slice(100 + n, 101 + n))).collect();
    stream.extend(message(&slice(7_100, 2)));
    // Empty: nothing of the chain is looked at. A hundred lists inside each other are fine, a hundred and thirty are not.
    let nested = |depth: usize| message(&[&int(100)[..], &[0], &vec![1; depth - 1], &[0]].concat());
    stream.extend(nested(1));
    assert_eq!(read(&mut decoder, &stream).unwrap(), Some(Value::Array(vec![])));
    assert!(read(&mut decoder, &nested(128)).unwrap().is_some());
    for value in [nested(129), nested(508), nested(6_000)] {
        let error = read(&mut decoder, &value).unwrap_err();
        assert_eq!(error.to_string(), "gob: nested deeper than the limit of 128");
    }
    assert!(decoder.held() < 2 << 20, "{}", decoder.held());
}

#[test]
fn definitions_inside_of_interfaces_are_bounded_like_any_other() {
    // An interface that holds an interface that holds … by a definition each.
    let mut decoder = Decoder::new(&Limits::default());
    read(&mut decoder, &message(&slice(65, 8))).unwrap();
    let mut pieces = vec![[&int(65)[..], &[0, 1, 1, b'T'], &slice(100, 8)].concat()];
    for id in 100..7_100 {
        pieces.push([&int(id)[..], &[9, 0, 1, 1, b'T'], &slice(id + 1, 8)].concat());
    }
    let stream: Vec<u8> = pieces.iter().flat_map(|piece| message(piece)).collect();
    let error = read(&mut decoder, &stream).unwrap_err();
    assert_eq!(
        (error.kind(), &*error.to_string()),
        (ErrorKind::OverLimit, "gob: nested deeper than the limit of 128")
    );
}

#[test]
fn structs_that_refer_to_one_another_are_not_unfolded() {
    let mut decoder = Decoder::new(&Limits::default());
    let ids: Vec<i64> = (65..76).collect();
    let names: Vec<String> = (0..11).map(|n| format!("F{n}")).collect();
    let fields: Vec<(&str, i64)> = names.iter().map(|name| &**name).zip(ids.clone()).collect();
    let stream: Vec<u8> = ids.iter().flat_map(|id| message(&record(*id, &fields))).collect();
    assert!(stream.len() < 4_000);
    // Every other struct is inside: one level of each, and the rest left out.
    let inner = [1, 0].repeat(11);
    let value = message(&[&int(65)[..], &inner, &[0]].concat());
    let Value::Map(pairs) = read(&mut decoder, &[stream, value].concat()).unwrap().unwrap() else { panic!() };
    assert_eq!(pairs.len(), 11);
    assert!(decoder.held() < 64 << 10, "{}", decoder.held());
}

#[test]
fn a_value_in_two_thousand_pieces_is_looked_at_once() {
    let mut decoder = Decoder::new(&Limits::default());
    read(&mut decoder, &message(&slice(65, 8))).unwrap();
    let count = 2_000;
    let mut pieces = vec![[&int(65)[..], &[0], &uint(count), &[1, b'T'], &slice(100, 2)].concat()];
    for id in 100..100 + count as i64 - 1 {
        // The value of the type just defined, and the next one's name and definition.
        pieces.push([&int(id)[..], &[3, 0, 1, 2, 1, b'T'], &slice(id + 1, 2)].concat());
    }
    pieces.push([&int(100 + count as i64 - 1)[..], &[3, 0, 1, 2]].concat());
    let stream: Vec<u8> = pieces.iter().flat_map(|piece| message(piece)).collect();
    let started = Instant::now();
    let Some(Value::Array(items)) = read(&mut decoder, &stream).unwrap() else { panic!() };
    assert_eq!(items, vec![Value::Array(vec![1.into()]); count as usize]);
    assert!(started.elapsed() < Duration::from_millis(500), "{:?}", started.elapsed());
    // What came in pieces is not kept, once the next value is asked for.
    read(&mut decoder, &message(&[4, 0, 2])).unwrap();
    assert!(decoder.held() < 512 << 10, "{}", decoder.held());
}

#[test]
fn a_value_in_pieces_is_no_longer_than_a_message() {
    let limits = Limits { definitions: 1 << 20, ..Limits::with_message_bytes(10_000) };
    let mut decoder = Decoder::new(&limits);
    read(&mut decoder, &message(&slice(65, 8))).unwrap();
    let text = [&[1][..], &[6], b"string", &int(6), &[0xF8, 0, 0, 0, 0, 0, 0, 0x13, 0x8A], &[0]].concat();
    let long = |id: i64| {
        let held = [&[6][..], b"string", &int(6), &uint(5_000), &[0], &uint(4_900), &[b'x'; 4_900]].concat();
        [held, vec![1, b'T'], slice(id, 2)].concat()
    };
    drop(text);
    let first = [&int(65)[..], &[0], &uint(100), &long(100)].concat();
    let more = |id: i64| [&int(id)[..], &[2, 0, 0], &long(id + 1)].concat();
    let stream: Vec<u8> = [first, more(100), more(101)].iter().flat_map(|piece| message(piece)).collect();
    let error = read(&mut decoder, &stream).unwrap_err();
    assert_eq!(error.to_string(), "gob: a value in pieces is over the limit of 10000 bytes");
}

#[test]
fn a_map_of_forty_thousand_keys_is_read_and_written_in_linear_time() {
    let map = |keys: i64| Value::map((0..keys).map(|n| (format!("Key{n}"), n.into())));
    let time = |keys| {
        let (mut encoder, mut out) = (Encoder::new(&Limits::default()), Vec::new());
        let (value, started) = (map(keys), Instant::now());
        encoder.encode(&value, &mut out).unwrap();
        assert_eq!(crate::read::<Value>(&out), Ok(value));
        started.elapsed()
    };
    time(1_000);
    let (ten, forty) = (time(10_000), time(40_000));
    assert!(forty < Duration::from_secs(3), "{forty:?}");
    assert!(forty < ten * 12, "{ten:?}, {forty:?}");
}

#[test]
fn definitions_are_limited_on_each_connection() {
    let limits = Limits::with_message_bytes(64 << 10);
    let mut decoder = Decoder::new(&limits);
    let refused = (65..).find_map(|id| read(&mut decoder, &message(&record(id, &[]))).err().map(|e| (id, e)));
    let (id, error) = refused.unwrap();
    assert_eq!(error.to_string(), "gob: too many type definitions on one connection");
    assert!((100..150).contains(&id), "{id}");
    assert!(decoder.held() < 32 << 10, "{}", decoder.held());
}

#[test]
fn the_memory_that_definitions_take_is_near_to_their_bytes() {
    // Fields without names are the shortest.
    let limits = Limits::default();
    let mut decoder = Decoder::new(&limits);
    let (mut id, mut sent) = (65, 0);
    loop {
        let definition =
            [&int(-id)[..], &[3, 1, 2], &int(id), &[0, 1], &uint(1_000), &[2, 4, 0].repeat(1_000), &[0, 0]];
        let definition = message(&definition.concat());
        sent += definition.len();
        id += 1;
        if read(&mut decoder, &definition).is_err() {
            break;
        }
    }
    assert!(sent > limits.definitions / 2, "{sent}");
    assert!(decoder.held() < 16 * limits.definitions, "{}", decoder.held());
}

#[test]
fn what_an_encoder_remembers_is_bounded_and_every_value_is_still_sent() {
    let limits = Limits::with_message_bytes(1 << 20);
    let mut encoder = Encoder::new(&limits);
    let mut decoder = Decoder::new(&Limits::default());
    let mut out = Vec::new();
    let mut most = 0;
    for n in 0..20_000 {
        let value =
            Value::map([(format!("Name{n}"), n.into()), ("List".to_owned(), Value::Array(vec![1.into()]))]);
        out.clear();
        encoder.encode(&value, &mut out).unwrap();
        assert_eq!(read(&mut decoder, &out), Ok(Some(value)));
        most = most.max(encoder.held());
    }
    assert!(most < 16 * limits.definitions, "{most}");
    // A struct whose type is known goes on as before.
    out.clear();
    encoder
        .encode(&Value::map([("Name0", 1.into()), ("List", Value::Array(vec![2.into()]))]), &mut out)
        .unwrap();
    assert!(out.len() < 20, "{}", out.len());
}

#[test]
fn names_count_where_they_are_put_into_values() {
    let mut decoder = Decoder::new(&Limits::default());
    let name = "N".repeat(500_000);
    let types = [message(&record(65, &[(&name, 2)])), message(&slice(66, 65))].concat();
    read(&mut decoder, &types).unwrap();
    let value = message(&[&int(66)[..], &[0], &uint(4_000), &[0; 4_000]].concat());
    assert_eq!(read(&mut decoder, &value).unwrap_err().kind(), ErrorKind::OverLimit);
}

#[test]
fn announced_lengths_cost_nothing() {
    let huge = [&[0xF8][..], &[0x40, 0, 0, 0, 0, 0, 0, 0]].concat();
    let mut decoder = Decoder::new(&Limits::default());
    assert_eq!(read(&mut decoder, &huge).unwrap_err().kind(), ErrorKind::OverLimit);
    for body in [
        [&[12, 0][..], &huge].concat(),
        [&[10, 0][..], &huge].concat(),
        [&int(65)[..], &[0], &huge].concat(),
        [&int(66)[..], &[0], &huge].concat(),
        [&[0xFF, 0x91, 3, 1, 2, 0xFF, 0x92, 0, 1][..], &huge].concat(),
    ] {
        let mut decoder = Decoder::new(&Limits::default());
        let map = [&int(-66)[..], &[4, 1, 2], &int(66), &[0, 1, 12, 1, 4, 0, 0]].concat();
        read(&mut decoder, &[message(&slice(65, 2)), message(&map)].concat()).unwrap();
        let error = read(&mut decoder, &message(&body)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Malformed, "{error}");
        assert!(decoder.held() < 8 << 10);
    }
}

#[test]
fn values_are_counted_and_the_next_message_is_read() {
    let limits = Limits::with_message_bytes(8_000);
    let forty: Vec<(&str, i64)> = vec![("A", 2); 40];
    let types = [slice(65, 2), record(66, &forty), slice(67, 66)];
    let list =
        |id: i64, count: usize| message(&[&int(id)[..], &[0], &uint(count as u64), &vec![0; count]].concat());
    for (id, most) in [(65, 1_998), (67, 24)] {
        let mut decoder = Decoder::new(&limits);
        types.iter().for_each(|ty| drop(read(&mut decoder, &message(ty)).unwrap()));
        assert!(read(&mut decoder, &list(id, most)).unwrap().is_some());
        let refused = read(&mut decoder, &list(id, most + 1)).unwrap_err();
        assert!(refused.to_string().contains("more than 2000 values"), "{refused}");
        assert!(read(&mut decoder, &list(id, most)).unwrap().is_some());
    }
}

#[test]
fn a_field_that_nobody_wants_is_passed_over_however_it_is_made() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Last {
        b: i64,
    }
    // A struct of an interface, in which a type is defined, and an int.
    let mut decoder = Decoder::new(&Limits::default());
    read(&mut decoder, &message(&record(65, &[("A", 8), ("B", 2)]))).unwrap();
    let first = [&int(65)[..], &[1, 1, b'T'], &slice(70, 8)].concat();
    let inner =
        [&int(70)[..], &[20, 0, 1, 1, b'U'], &slice(71, 2), &[6], &int(71), &[4, 0, 2, 2, 4]].concat();
    let second = [inner, vec![1, 10, 0]].concat();
    for read in [true, false] {
        let stream = [message(&first), message(&second)].concat();
        let mut decoder = Decoder::new(&Limits::default());
        let mut types = &message(&record(65, &[("A", 8), ("B", 2)]))[..];
        assert!(decoder.next(&mut types).unwrap().is_none());
        let mut stream = &stream[..];
        let value = decoder.next(&mut stream).unwrap().unwrap();
        if read {
            assert_eq!(value.read::<Last>(), Ok(Last { b: 5 }));
        } else {
            value.read::<IgnoredAny>().unwrap();
        }
        assert!(stream.is_empty());
    }
}
