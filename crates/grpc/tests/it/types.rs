//! A message of every type goes from Rust to the server and to Python and Go and back, and is the same.

use std::path::Path;
use std::process::Stdio;

use crate::pb::all_types::{Choice, Nested};
use crate::pb::types_service_client::TypesServiceClient;
use crate::pb::{AllTypes, Color, Hello};
use bytes::Bytes;
use manywire_core::Value;
use manywire_grpc::{Client, ClientOptions};
use prost::Message as _;
use prost_types::Any;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::host::Host;
use crate::peer::Peer;
use crate::{go, python};

fn nested(text: &str, depth: usize) -> Nested {
    Nested { text: text.into(), inner: (depth > 0).then(|| Box::new(nested(text, depth - 1))) }
}

fn hello() -> Hello {
    Hello { name: "名前".into(), age: -1, hobbies: vec![String::new(), "音乐".into()] }
}

fn low() -> AllTypes {
    AllTypes {
        double_value: f64::MIN,
        float_value: f32::MIN,
        int32_value: i32::MIN,
        int64_value: i64::MIN,
        sint32_value: i32::MIN,
        sint64_value: i64::MIN,
        sfixed32_value: i32::MIN,
        sfixed64_value: i64::MIN,
        optional_int32: Some(0),
        optional_string: Some(String::new()),
        numbers: vec![0, -1, i32::MIN],
        doubles: vec![0.0, f64::NEG_INFINITY, f64::from_bits(1)],
        choice: Some(Choice::ChoiceNumber(0)),
        ..Default::default()
    }
}

fn high() -> AllTypes {
    AllTypes {
        double_value: f64::INFINITY,
        float_value: f32::MAX,
        int32_value: i32::MAX,
        int64_value: i64::MAX,
        uint32_value: u32::MAX,
        uint64_value: u64::MAX,
        sint32_value: i32::MAX,
        sint64_value: i64::MAX,
        fixed32_value: u32::MAX,
        fixed64_value: u64::MAX,
        sfixed32_value: i32::MAX,
        sfixed64_value: i64::MAX,
        bool_value: true,
        string_value: "\0é你😈\u{10ffff}".into(),
        bytes_value: Bytes::from((0..=255).collect::<Vec<u8>>()),
        color: Color::Blue.into(),
        nested: Some(nested("deep", 40)),
        imported: Some(hello()),
        any: Some(Any { type_url: "type.googleapis.com/Hello".into(), value: hello().encode_to_vec() }),
        optional_int32: Some(i32::MAX),
        optional_string: Some("x".repeat(70_000)),
        numbers: (0..1_000).collect(),
        texts: vec![String::new(), "t".into()],
        nested_list: vec![nested("", 0), nested("n", 1)],
        // 99 is no color of ours; a newer peer may have it.
        colors: vec![0, Color::Red.into(), 99],
        doubles: vec![f64::MAX, f64::EPSILON],
        counts: [(String::new(), i64::MIN), ("one".into(), 1), ("二".into(), i64::MAX)].into(),
        nested_map: [(i32::MIN, nested("low", 0)), (0, nested("", 0)), (i32::MAX, nested("high", 2))].into(),
        choice: Some(Choice::ChoiceHello(hello())),
    }
}

fn all() -> [AllTypes; 3] {
    [AllTypes::default(), low(), high()]
}

#[tokio::test]
async fn rust_gets_back_what_it_sent() {
    let host = Host::start().await;
    let mut types = TypesServiceClient::new(host.channel().await);
    for message in all() {
        assert_eq!(types.echo(message.clone()).await.unwrap().into_inner(), message);
    }
}

#[tokio::test]
async fn every_byte_comes_back() {
    let host = Host::start().await;
    let mut peer = Peer::connect(&host).await;
    // A negative zero, which prost would drop, a NaN with a payload, and a field that no schema of ours has.
    let mut message = vec![0x09, 0, 0, 0, 0, 0, 0, 0, 0x80];
    message.extend_from_slice(&[0x15, 1, 0, 0xc0, 0x7f, 0xf8, 0x3f, 7]);
    let body = [&[0, 0, 0, 0, message.len() as u8], &message[..]].concat();
    let answer = peer.call("/TypesService/Echo", &[], body.clone()).await;
    assert_eq!((answer.status(), answer.body), (Some(0), body));
}

#[tokio::test]
async fn values_carry_every_type() {
    let host = Host::start().await;
    let client = Client::connect(&host.url(), ClientOptions::default()).await.unwrap();
    let pairs = |pairs: Vec<(&str, Value)>| Value::map(pairs);
    let request = pairs(vec![
        ("int64Value", i64::MIN.into()),
        ("uint64Value", u64::MAX.into()),
        ("doubleValue", f64::NEG_INFINITY.into()),
        ("bytesValue", Value::Bytes(vec![0, 255])),
        ("color", "COLOR_BLUE".into()),
        ("numbers", vec![1.into(), 2.into()].into()),
        ("counts", pairs(vec![("one", 1.into())])),
        ("any", pairs(vec![("@type", "type.googleapis.com/Hello".into()), ("name", "in an Any".into())])),
        ("choiceNumber", 7.into()),
        ("optional_int32", 0.into()),
    ]);
    let answer = client.call("TypesService/Echo", vec![request]).await.unwrap();
    for (key, value) in [
        ("int64Value", i64::MIN.into()),
        ("uint64Value", u64::MAX.into()),
        ("doubleValue", f64::NEG_INFINITY.into()),
        ("bytesValue", Value::Bytes(vec![0, 255])),
        ("counts", pairs(vec![("one", 1.into())])),
        ("color", "COLOR_BLUE".into()),
        ("choiceNumber", 7.into()),
        ("optionalInt32", 0.into()),
        ("stringValue", "".into()),
    ] {
        assert_eq!(answer.get(key), Some(&value), "{key}");
    }
    assert_eq!(answer.get("optionalString"), None);
    assert_eq!(answer.get("any").unwrap().get("name"), Some(&"in an Any".into()));
}

#[tokio::test]
async fn python_reads_and_returns_the_same_messages() {
    let Some(python) = python::interpreter() else { return };
    let host = Host::start().await;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/peer_client.py");
    let lines = through(Path::new(python), &[script, &host.address.to_string(), "types"]).await;
    let sent: Vec<_> = all().into_iter().flat_map(|message| [message.clone(), message]).collect();
    assert_eq!(lines, sent);
}

#[tokio::test]
async fn go_reads_and_returns_the_same_messages() {
    let Some(program) = go::build("./cmd/grpc-types") else { return };
    let host = Host::start().await;
    assert_eq!(through(&program, &[&host.address.to_string()]).await, all());
}

/// Writes the messages to a program as hex, one a line, and reads what it makes of them.
async fn through(program: &Path, arguments: &[&str]) -> Vec<AllTypes> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let writing = tokio::spawn(async move {
        for message in all() {
            let line =
                message.encode_to_vec().iter().map(|byte| format!("{byte:02x}")).collect::<String>() + "\n";
            stdin.write_all(line.as_bytes()).await.unwrap();
        }
    });
    let output = tokio::time::timeout(std::time::Duration::from_secs(60), child.wait_with_output()).await;
    let output = output.unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    writing.await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| AllTypes::decode(&unhex(line)[..]).unwrap()).collect()
}

fn unhex(line: &str) -> Vec<u8> {
    let digits = line.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    digits.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}
