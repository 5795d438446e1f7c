//! Bytes that nobody should send.

use manywire_core::{Shape, Value};
use manywire_protobuf::{ErrorKind, Limits, Reader};
use serde::Deserialize as _;

use crate::{Both, compile};

fn any(both: &Both, bytes: &[u8], limits: Limits) -> Result<Value, ErrorKind> {
    Value::deserialize(&mut Reader::new(&both.schema, bytes, limits)).map_err(|error| error.kind())
}

const LIMITS: Limits = Limits { nesting: 128, values: 10_000 };

#[test]
fn values_inside_each_other_have_a_limit() {
    let both = Both::made::<Value>();
    let nested = |depth: usize| {
        let field = |tag, inner: &[u8]| {
            let mut out = vec![tag];
            put(&mut out, inner);
            out
        };
        // A value's list, and in it a value.
        let value = (0..depth).fold(Vec::new(), |inner, _| field(0x4a, &field(0x0a, &inner)));
        field(0x0a, &value)
    };
    assert!(any(&both, &nested(100), LIMITS).is_ok());
    assert_eq!(any(&both, &nested(2_000), LIMITS), Err(ErrorKind::Malformed));
}

fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    let mut length = bytes.len();
    while length >= 0x80 {
        out.push(length as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
    out.extend_from_slice(bytes);
}

#[test]
fn values_are_counted() {
    let both = Both::made::<Vec<i64>>();
    let packed = |count: usize| {
        let mut bytes = vec![0x0a];
        put(&mut bytes, &vec![0; count]);
        bytes
    };
    assert!(any(&both, &packed(9_000), LIMITS).is_ok());
    assert_eq!(any(&both, &packed(11_000), LIMITS), Err(ErrorKind::TooMuch));
    let empty = Both::made::<Vec<Vec<i64>>>();
    assert_eq!(any(&empty, &[0x0a, 0x00].repeat(11_000), LIMITS), Err(ErrorKind::TooMuch));
}

/// Every cut and every changed byte of a good message, and noise: an error or a value, and never a panic.
#[test]
fn nothing_that_comes_makes_it_panic() {
    let all = Both::of(compile("types.proto"), ".AllTypes", &Shape::Any);
    let good = all.foreign(
        r#"int32_value:5,nested{text:"a",inner{text:"b"}},counts:[{key:"k",value:1}],numbers:[1,2,300],color:COLOR_RED"#,
    );
    let value = Both::made::<Value>();
    let mut random = fastrand::Rng::with_seed(7);
    for round in 0..20_000 {
        let mut bytes = good.clone();
        match round % 3 {
            0 => bytes.truncate(random.usize(..=bytes.len())),
            1 => {
                for _ in 0..random.usize(1..4) {
                    let at = random.usize(..bytes.len());
                    bytes[at] = random.u8(..);
                }
            }
            _ => {
                bytes = vec![0; random.usize(..40)];
                random.fill(&mut bytes);
            }
        }
        let _ = (any(&all, &bytes, LIMITS), any(&value, &bytes, LIMITS));
    }
}
