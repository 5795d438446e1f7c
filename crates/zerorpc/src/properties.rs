//! What holds for any bytes at all: checked by proptest below, and by the fuzz targets of `fuzz/`.

use std::task::{Context, Poll, Waker};

use manywire_core::{Budget, Limits, Metadata, Value};

use crate::event;
use crate::msgpack::{Bounds, Keys, Reader, encode_value};
use crate::zmtp::frame::FrameError;
use crate::zmtp::{Incoming, Messages};

/// Messages longer than this are refused.
const LIMIT: usize = 10_000;
const BOUNDS: Bounds = Bounds { nesting: 128, values: 100_000 };
/// A list of arguments is itself one more level, and one more value.
const ONE_MORE: Bounds = Bounds { nesting: BOUNDS.nesting + 1, values: BOUNDS.values + 1 };

/// What messages are made of bytes that come in packets of this size, up to the first error.
fn taken(packet: usize, bytes: &[u8]) -> Vec<Result<Vec<u8>, FrameError>> {
    let limits = Limits::default();
    let mut messages = Messages::new(&Budget::alone(&limits), &limits);
    messages.open(LIMIT);
    let cx = &mut Context::from_waker(Waker::noop());
    let mut all = Vec::new();
    for mut packet in bytes.chunks(packet) {
        while !packet.is_empty() {
            assert!(matches!(messages.poll_read(&mut packet, cx), Poll::Ready(Ok(1..))));
            while let Some(taken) = messages.next().transpose() {
                all.push(taken.map(|incoming| match incoming {
                    Incoming::Message { envelope, payload } => [envelope, b"|", payload].concat(),
                    Incoming::Command(body) => body.to_vec(),
                }));
                if all.last().is_some_and(Result::is_err) {
                    return all;
                }
            }
        }
    }
    all
}

/// However bytes are cut into packets, the same messages come of them, and they hold no more than the bytes did.
pub fn frames(packet: usize, bytes: &[u8]) {
    let whole = taken(bytes.len().max(1), bytes);
    assert_eq!(whole, taken(packet.clamp(1, bytes.len().max(1)), bytes));
    let taken: usize = whole.iter().flatten().map(Vec::len).sum();
    assert!(taken <= bytes.len());
}

/// What can be read of an event is written back so that it reads the same.
pub fn event(payload: &[u8]) {
    if let Ok(event) = event::decode(payload) {
        assert!([event.message_id, event.response_to].into_iter().flatten().all(|id| id.len() <= 256));
        let _ = event.number();
        let _ = event.header.terms().map(|terms| Metadata::of(terms.metadata));
        if let Ok(args) = event.args(BOUNDS) {
            value(&Value::Array(args.value));
        }
    }
    if let Ok((read, _)) = Reader::new(payload).value(BOUNDS) {
        value(&read);
    }
}

fn value(value: &Value) {
    let (mut once, mut twice) = (Vec::new(), Vec::new());
    if encode_value(&mut once, value, Keys::Integers).is_err() {
        return;
    }
    let mut reader = Reader::new(&once);
    let (back, _) = reader.value(ONE_MORE).expect("what was written can be read");
    assert!(reader.head().is_err(), "bytes are left over");
    assert_eq!(Reader::new(&once).skip(), Ok(&once[..]));
    encode_value(&mut twice, &back, Keys::Integers).expect("what was read can be written");
    assert_eq!(once, twice);
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::zmtp::frame::{Kind, encode};

    fn traffic() -> impl Strategy<Value = Vec<u8>> {
        let kind = prop_oneof![Just(Kind::More), Just(Kind::Last), Just(Kind::Command)];
        vec((kind, vec(any::<u8>(), 0..300)), 0..20).prop_map(|frames| {
            let mut out = Vec::new();
            for (kind, body) in frames {
                encode(&mut out, kind, |out| out.extend(body));
            }
            out
        })
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".{0,40}".prop_map(Value::from),
            vec(any::<u8>(), 0..300).prop_map(Value::Bytes),
            (any::<i64>(), 0..1_000_000_000u32)
                .prop_map(|(seconds, nanos)| manywire_core::Timestamp::utc(seconds, nanos).into()),
        ];
        leaf.prop_recursive(6, 100, 20, |inner| {
            prop_oneof![
                vec(inner.clone(), 0..20).prop_map(Value::from),
                vec((".{0,8}".prop_map(Value::from), inner), 0..20).prop_map(Value::Map),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_bytes_as_frames(packet in 1..100usize, bytes in vec(any::<u8>(), 0..2000)) {
            frames(packet, &bytes);
        }

        #[test]
        fn real_traffic_as_frames(packet in 1..100usize, bytes in traffic(), cut in any::<proptest::sample::Index>()) {
            frames(packet, &bytes);
            frames(packet, &bytes[..cut.index(bytes.len() + 1)]);
        }

        #[test]
        fn any_bytes_as_an_event(bytes in vec(any::<u8>(), 0..200)) {
            event(&bytes);
            event(&[b"\x93\x81\xaamessage_id\xa1i\xa4echo", &bytes[..]].concat());
        }

        #[test]
        fn any_value_there_and_back(written in values()) {
            let mut bytes = Vec::new();
            encode_value(&mut bytes, &written, Keys::Texts).unwrap();
            let (read, _) = Reader::new(&bytes).value(BOUNDS).unwrap();
            let (same, nan) = (read == written, format!("{written:?}").contains("NaN"));
            prop_assert!(same || nan, "{written:?} came back as {read:?}");
            for cut in 0..bytes.len() {
                prop_assert!(Reader::new(&bytes[..cut]).value(BOUNDS).is_err());
                prop_assert!(Reader::new(&bytes[..cut]).skip().is_err());
            }
        }
    }
}
