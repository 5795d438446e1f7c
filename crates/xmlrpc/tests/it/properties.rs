//! What holds for every value and every input.

use manywire_core::{Limits, Timestamp, Value};
use manywire_xmlrpc::{
    EncodeError, Fault, decode_call, decode_response, encode_call, encode_fault, encode_result,
};
use proptest::prelude::*;

/// Text of characters that XML can carry.
fn text() -> impl Strategy<Value = String> {
    let character = any::<char>().prop_filter(
        "XML cannot carry it",
        |c| !matches!(c, '\0'..='\x08' | '\x0B' | '\x0C' | '\x0E'..='\x1F' | '\u{FFFE}' | '\u{FFFF}'),
    );
    let marked = prop::sample::select(vec!['\r', '\n', '\t', ' ', '&', '<', '>', ']']);
    prop::collection::vec(prop_oneof![character, marked], 0..12).prop_map(String::from_iter)
}

fn timestamp() -> impl Strategy<Value = Timestamp> {
    // From the year 1 to the year 9998, so that an offset never leads beyond four digits.
    let seconds = -62_135_000_000_i64..253_370_000_000;
    (seconds, 0..1_000_000_000_u32, prop::option::of(-86_399..86_400_i32))
        .prop_map(|(seconds, nanos, offset)| Timestamp { seconds, nanos, offset })
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        any::<i32>().prop_map(Value::from),
        any::<f64>().prop_filter("no number equals itself here", |f| !f.is_nan()).prop_map(Value::Float),
        text().prop_map(Value::String),
        prop::collection::vec(any::<u8>(), 0..20).prop_map(Value::Bytes),
        timestamp().prop_map(Value::Timestamp),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::vec((text(), inner), 0..6).prop_map(Value::map),
        ]
    })
}

proptest! {
    #[test]
    fn a_value_comes_back_as_it_went(value in any_value(), name in "[a-zA-Z0-9_.:/]{1,20}") {
        let limits = Limits::default();
        let params = vec![value.clone(), value.clone()];
        let call = decode_call(&encode_call(&name, &params).unwrap(), &limits).unwrap();
        prop_assert_eq!((call.name, call.params), (name, params));
        prop_assert_eq!(decode_response(&encode_result(&value).unwrap(), &limits), Ok(Ok(value)));
    }

    #[test]
    fn a_fault_comes_back_as_it_went(code in any::<i64>(), message in text()) {
        let fault = Fault { code, message };
        prop_assert_eq!(decode_response(&encode_fault(&fault), &Limits::default()), Ok(Err(fault)));
    }

    #[test]
    fn no_bytes_cause_a_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode_call(&body, &Limits::default());
    }

    #[test]
    fn no_markup_causes_a_panic(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "<methodCall>", "<methodName>m</methodName>", "<params>", "<param>", "<value>", "</value>", "<array><data>",
            "</data></array>", "<struct>", "<member>", "<name>", "</name>", "</member>", "</struct>", "<int>1</int>", "<i8>",
            "</i8>", "text", "&amp;", "&#13;", "<!--", "-->", "<![CDATA[", "]]>", "<!", "<?", "?>", "<?xml ", "<!DOCTYPE", "<", ">",
            "/>", "</", "-", "!", "&", ";", "'", "\"", "=", "a", "[", "]", "<nil/>", "<!-->", "<!--->", "\u{FEFF}",
        ]), 0..30),
    ) {
        let _ = decode_call(pieces.concat().as_bytes(), &Limits::default());
    }

    #[test]
    fn no_damage_causes_a_panic(at in 0_usize..600, byte in any::<u8>()) {
        let value = Value::map([("a", Value::Array(vec![1.into(), "é&".into(), Value::Bytes(vec![1]), 0.5.into()]))]);
        let mut body = encode_call("m", &[value, Timestamp::utc(0, 5).into()]).unwrap();
        let length = body.len();
        body[at % length] = byte;
        let _ = decode_call(&body, &Limits::default());
    }
}

#[test]
fn what_xml_rpc_cannot_carry_is_refused() {
    let refused = |value: Value| encode_result(&value).unwrap_err();
    for c in ['\0', '\x0B', '\x1F', '\u{FFFE}', '\u{FFFF}'] {
        assert_eq!(refused(format!("a{c}b").into()), EncodeError::Character(c));
        assert_eq!(refused(Value::map([(c.to_string(), Value::Null)])), EncodeError::Character(c));
    }
    assert_eq!(refused(u64::MAX.into()), EncodeError::Integer(u64::MAX));
    assert_eq!(refused(Value::Map(vec![(1.into(), Value::Null)])), EncodeError::MemberName("int"));
    assert!(matches!(refused(Timestamp::utc(-99_000_000_000, 0).into()), EncodeError::Year(_)));
    assert!(matches!(refused(Timestamp::utc(i64::MAX, 0).into()), EncodeError::Year(_)));
}

#[test]
fn numbers_are_written_as_python_reads_them() {
    let written = |value: Value| {
        let text = String::from_utf8(encode_result(&value).unwrap()).unwrap();
        let (_, rest) = text.split_once("<value>").unwrap();
        rest.split_once("</value>").unwrap().0.to_owned()
    };
    for (value, expected) in [
        (Value::Int(2_147_483_647), "<int>2147483647</int>"),
        (Value::Int(2_147_483_648), "<i8>2147483648</i8>"),
        (Value::Float(1.0), "<double>1.0</double>"),
        (Value::Float(-0.0), "<double>-0.0</double>"),
        (Value::Float(1e16), "<double>10000000000000000.0</double>"),
        (Value::Float(1e-7), "<double>0.0000001</double>"),
        (Value::Float(f64::NAN), "<double>nan</double>"),
        (Value::Float(-f64::INFINITY), "<double>-inf</double>"),
        (Value::Null, "<nil/>"),
        ("a\r\n".into(), "<string>a&#13;\n</string>"),
    ] {
        assert_eq!(written(value), expected);
    }
}
