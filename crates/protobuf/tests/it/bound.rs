//! Messages of a `.proto`, and types bound to them.

use std::collections::BTreeMap;

use manywire_core::{Shape, Value};
use manywire_protobuf::Files;
use serde::{Deserialize, Serialize};

use crate::{Both, compile};

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Nested {
    text: String,
    inner: Option<Box<Nested>>,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Some_ {
    int32_value: i32,
    uint64_value: u64,
    sint32_value: i32,
    sint64_value: i64,
    fixed32_value: u32,
    sfixed64_value: i64,
    float_value: f32,
    bytes_value: serde_bytes_of::Bytes,
    color: String,
    nested: Option<Nested>,
    optional_int32: Option<i32>,
    numbers: Vec<i32>,
    nested_list: Vec<Nested>,
    colors: Vec<String>,
    counts: BTreeMap<String, i64>,
    nested_map: BTreeMap<i32, Nested>,
    choice_text: Option<String>,
    choice_number: Option<u64>,
}

/// Bytes, as serde has a name for them.
mod serde_bytes_of {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Debug, Default, PartialEq)]
    pub(super) struct Bytes(pub(super) Vec<u8>);

    impl Serialize for Bytes {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_bytes(&self.0)
        }
    }

    impl<'de> Deserialize<'de> for Bytes {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Visitor;
            impl serde::de::Visitor<'_> for Visitor {
                type Value = Bytes;
                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("bytes")
                }
                fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Bytes, E> {
                    Ok(Bytes(bytes.to_vec()))
                }
            }
            deserializer.deserialize_byte_buf(Visitor)
        }
    }
}

fn all_types(shape: &Shape) -> Both {
    Both::of(compile("types.proto"), ".AllTypes", shape)
}

#[test]
fn every_type_of_the_format_is_read_and_written() {
    let both = all_types(&Shape::of::<Some_>());
    let deep = Nested { text: "a".into(), inner: Some(Box::new(Nested { text: "b".into(), inner: None })) };
    let value = Some_ {
        int32_value: -5,
        uint64_value: u64::MAX,
        sint32_value: i32::MIN,
        sint64_value: -7,
        fixed32_value: u32::MAX,
        sfixed64_value: i64::MIN,
        float_value: 0.1,
        bytes_value: serde_bytes_of::Bytes(vec![0, 1, 255]),
        color: "COLOR_GREEN".into(),
        nested: Some(deep),
        optional_int32: Some(0),
        numbers: vec![0, -1, 300],
        nested_list: vec![Nested::default(), Nested { text: "c".into(), inner: None }],
        colors: vec!["COLOR_RED".into(), "COLOR_UNSPECIFIED".into()],
        counts: [("x".to_owned(), -1)].into(),
        nested_map: [(-3, Nested::default())].into(),
        choice_text: Some(String::new()),
        choice_number: None,
    };
    let bytes = both.write(&value);
    let told = both.told(&bytes);
    assert!(told.contains("color:COLOR_GREEN,nested{text:\"a\",inner{text:\"b\"}}"), "{told}");
    for bytes in [bytes, both.foreign(&told)] {
        assert_eq!(both.read::<Some_>(&bytes).unwrap(), value);
    }
    assert_eq!(both.read::<Some_>(&[]).unwrap().color, "COLOR_UNSPECIFIED");
    let unnamed: Some_ = both.read(&both.foreign("color:9")).unwrap();
    assert_eq!(unnamed.color, "9");
    assert_eq!(both.told(&both.write(&unnamed)), "color:9");
}

#[test]
fn a_message_comes_as_a_value_of_any_type() {
    let both = all_types(&Shape::Any);
    let bytes =
        both.foreign(r#"int32_value:5,nested{text:"a",inner{}},counts:[{key:"k",value:1}],choice_number:7"#);
    let value: Value = both.read(&bytes).unwrap();
    assert_eq!(value.get("int32_value"), Some(&5.into()));
    assert_eq!(value.get("choice_number"), Some(&7.into()));
    assert_eq!(value.get("choice_text"), None);
    assert_eq!(value.get("counts"), Some(&Value::map([("k", 1.into())])));
    assert_eq!(value.get("nested").unwrap().get("inner").unwrap().get("text"), Some(&"".into()));
    assert_eq!(both.read::<Value>(&both.write(&value)).unwrap(), value);
}

#[test]
fn pieces_of_a_message_are_one_and_the_last_of_a_number_counts() {
    let both = all_types(&Shape::of::<Some_>());
    let mut bytes = both.foreign(r#"int32_value:1,nested{text:"a",inner{text:"b"}},numbers:[1,2]"#);
    bytes.extend(both.foreign(r#"int32_value:2,nested{text:"c"},numbers:[3]"#));
    // Not packed: tag 22 and a varint.
    bytes.extend([0xb0, 0x01, 0x04]);
    let value: Some_ = both.read(&bytes).unwrap();
    assert_eq!((value.int32_value, value.numbers), (2, vec![1, 2, 3, 4]));
    let nested = value.nested.unwrap();
    assert_eq!((nested.text.as_str(), nested.inner.unwrap().text.as_str()), ("c", "b"));
}

fn misfit<T: for<'de> Deserialize<'de>>(message: &str) -> String {
    let mut files = Files::default();
    compile("types.proto").iter().for_each(|file| files.add(file));
    files.bind(message, &Shape::of::<T>()).unwrap_err().to_string()
}

#[test]
#[expect(dead_code, reason = "only their shapes are looked at")]
fn a_type_that_does_not_fit_is_told_with_its_field() {
    #[derive(Deserialize)]
    struct Unknown {
        nothing: i64,
    }
    #[derive(Deserialize)]
    struct Wrong {
        numbers: Vec<String>,
    }
    #[derive(Deserialize)]
    struct NoList {
        numbers: i64,
    }
    #[derive(Deserialize)]
    struct Absent {
        int32_value: Option<i32>,
    }
    #[derive(Deserialize)]
    struct Deep {
        nested: Wrong,
    }
    for (told, expected) in [
        (misfit::<Unknown>(".AllTypes"), "field `nothing` of AllTypes: the file has no such field"),
        (
            misfit::<Wrong>(".AllTypes"),
            "field `numbers` of AllTypes: it is int32 in the file, and string in the code",
        ),
        (
            misfit::<NoList>(".AllTypes"),
            "field `numbers` of AllTypes: it is a list in the file, and int in the code",
        ),
        (
            misfit::<Absent>(".AllTypes"),
            "field `int32_value` of AllTypes: it may be absent in the code, and the file does not tell absent from zero: write `optional` there",
        ),
        (misfit::<Deep>(".AllTypes"), "field `numbers` of AllTypes.Nested: the file has no such field"),
        (misfit::<i64>(".AllTypes"), "AllTypes is a message, and int in the code"),
        (misfit::<Wrong>(".Nope"), "the file has no message Nope"),
    ] {
        assert_eq!(told, expected);
    }
}
