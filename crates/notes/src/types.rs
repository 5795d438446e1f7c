//! `TypesService`: a message of every type that proto3 has, returned as it came.

use std::collections::BTreeMap;

use manywire_core::{Blob, Original, RpcError};

/// A first message, of `hello.proto`.
#[manywire_core::message]
#[derive(Debug, Clone, Default, PartialEq)]
#[serde(default)]
pub struct Hello {
    name: String,
    age: i32,
    hobbies: Vec<String>,
}

/// A message in a message, perhaps of the same type.
#[manywire_core::message]
#[derive(Debug, Clone, Default, PartialEq)]
#[serde(default)]
pub struct Nested {
    text: String,
    inner: Option<Box<Nested>>,
}

/// Any message, with its type.
#[manywire_core::message]
#[derive(Debug, Clone, Default, PartialEq)]
#[serde(default)]
pub struct Any {
    type_url: String,
    value: Blob,
}

/// Every type that proto3 has. Of the three choices at most one is there.
#[manywire_core::message]
#[derive(Debug, Clone, Default, PartialEq)]
#[serde(default)]
pub struct AllTypes {
    double_value: f64,
    float_value: f32,
    int32_value: i32,
    int64_value: i64,
    uint32_value: u32,
    uint64_value: u64,
    sint32_value: i32,
    sint64_value: i64,
    fixed32_value: u32,
    fixed64_value: u64,
    sfixed32_value: i32,
    sfixed64_value: i64,
    bool_value: bool,
    string_value: String,
    bytes_value: Blob,
    /// By its name, or by its number where it has none.
    color: String,
    nested: Option<Nested>,
    imported: Option<Hello>,
    any: Option<Any>,
    optional_int32: Option<i32>,
    optional_string: Option<String>,
    numbers: Vec<i32>,
    texts: Vec<String>,
    nested_list: Vec<Nested>,
    colors: Vec<String>,
    counts: BTreeMap<String, i64>,
    nested_map: BTreeMap<i32, Nested>,
    choice_text: Option<String>,
    choice_number: Option<u64>,
    choice_hello: Option<Hello>,
    doubles: Vec<f64>,
}

/// The same message: a negative zero, an unknown field and a NaN's payload come back too.
pub async fn echo(message: Original<AllTypes>) -> Result<Original<AllTypes>, RpcError> {
    Ok(message)
}
