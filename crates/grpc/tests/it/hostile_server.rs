//! Our client at servers that send what no server should.

use std::time::{Duration, Instant};

use manywire_core::{ErrorKind, Limits, Origin, RpcError, Value};
use manywire_grpc::{Client, ClientOptions};
use prost::Message as _;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    Any, DescriptorProto, FieldDescriptorProto, FileDescriptorProto, MethodDescriptorProto,
    ServiceDescriptorProto,
};

use crate::peer::frame;
use crate::rogue::{Rogue, Script};

const CALL: &str = "Service/Call";

fn field(name: &str, number: i32, of: &str, label: Label) -> FieldDescriptorProto {
    FieldDescriptorProto {
        name: Some(name.into()),
        number: Some(number),
        label: Some(label.into()),
        r#type: Some(Type::Message.into()),
        type_name: Some(of.into()),
        ..Default::default()
    }
}

/// `service.proto`: a method that takes a `Tree` and answers with this message.
fn service(output: &str) -> FileDescriptorProto {
    let tree = DescriptorProto {
        name: Some("Tree".into()),
        field: vec![field("trees", 1, ".Tree", Label::Repeated)],
        ..Default::default()
    };
    let method = MethodDescriptorProto {
        name: Some("Call".into()),
        input_type: Some(".Tree".into()),
        output_type: Some(output.into()),
        ..Default::default()
    };
    FileDescriptorProto {
        name: Some("service.proto".into()),
        syntax: Some("proto3".into()),
        message_type: vec![tree],
        service: vec![ServiceDescriptorProto {
            name: Some("Service".into()),
            method: vec![method],
            ..Default::default()
        }],
        ..Default::default()
    }
}

/// `google/protobuf/any.proto`, and the service that answers with one.
fn any_service() -> Vec<FileDescriptorProto> {
    let pool = prost_reflect::DescriptorPool::global();
    let any = pool.get_file_by_name("google/protobuf/any.proto").unwrap().file_descriptor_proto().clone();
    let dependency = vec![any.name().to_owned()];
    vec![any, FileDescriptorProto { dependency, ..service(".google.protobuf.Any") }]
}

/// Imports that are handed on to whoever imports them.
fn importing(name: &str, imports: &[String]) -> FileDescriptorProto {
    FileDescriptorProto {
        name: Some(name.into()),
        syntax: Some("proto3".into()),
        dependency: imports.to_vec(),
        public_dependency: (0..imports.len() as i32).collect(),
        ..Default::default()
    }
}

fn script(files: Vec<FileDescriptorProto>, body: Vec<u8>) -> Script {
    Script { files, services: vec!["Service".into()], answers: usize::MAX, body }
}

/// What our client makes of a server, with limits for messages of 64 KiB; it must not take long.
async fn call(script: Script) -> Result<Value, RpcError> {
    let rogue = Rogue::start(script).await;
    let limits = Limits { message_bytes: 64 << 10, handshake: Duration::from_secs(60), ..Limits::default() };
    let start = Instant::now();
    let called = async {
        let client = Client::connect(&rogue.url(), ClientOptions { limits, ..Default::default() }).await?;
        client.method(CALL)?;
        let first = client.call(CALL, vec![]).await;
        // Whatever it was, the connection is as good as before.
        assert_eq!(client.call(CALL, vec![]).await, first);
        first
    };
    let called = called.await;
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    called
}

#[tokio::test]
async fn an_answer_must_be_one_message() {
    let tree = frame(&());
    assert!(call(script(vec![service(".Tree")], tree.clone())).await.is_ok());
    for body in [Vec::new(), [tree.clone(), tree].concat()] {
        let error = call(script(vec![service(".Tree")], body)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal);
        assert!(error.message().contains("did not answer with one message"), "{error}");
    }
}

#[tokio::test]
async fn reflection_that_ends_before_its_time_is_an_error() {
    for answers in 0..2 {
        let script = Script { answers, ..script(vec![service(".Tree")], frame(&())) };
        let error = call(script).await.unwrap_err();
        assert!(error.message().contains("reflection"), "{answers}: {error}");
    }
    // When all questions are answered it may end as it likes.
    let script = Script { answers: 2, ..script(vec![service(".Tree")], frame(&())) };
    assert!(call(script).await.is_ok());
}

#[tokio::test]
async fn imports_in_circles_and_diamonds_are_followed_once() {
    let itself = "service.proto".to_owned();
    let mut circle = service(".Tree");
    (circle.dependency, circle.public_dependency) = (vec![itself], vec![0]);
    assert!(call(script(vec![circle], frame(&()))).await.is_ok());

    // 2^60 ways lead through these.
    let names = |level: i32| [format!("{level}a.proto"), format!("{level}b.proto")];
    let mut files = names(0).map(|name| importing(&name, &[])).to_vec();
    for level in 1..60 {
        files.extend(names(level).map(|name| importing(&name, &names(level - 1))));
    }
    files.push(FileDescriptorProto { dependency: names(59).to_vec(), ..service(".Tree") });
    assert!(call(script(files, frame(&()))).await.is_ok());
}

#[tokio::test]
async fn a_schema_without_measure_is_refused() {
    let mut wide = service(".Tree");
    wide.message_type
        .extend((0..60_000).map(|at| DescriptorProto { name: Some(format!("T{at}")), ..Default::default() }));
    let error = call(script(vec![wide], frame(&()))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ResourceExhausted, "{error}");
    let mut many = script(vec![service(".Tree")], frame(&()));
    many.services = (0..6_000).map(|at| format!("S{at}")).collect();
    let error = call(many).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ResourceExhausted, "{error}");
}

#[tokio::test]
async fn a_message_in_a_message_in_a_message_has_an_end() {
    let mut any = Any::default();
    let mut answers = Vec::new();
    for depth in 0..400 {
        if depth == 3 || depth == 399 {
            answers.push(any.clone());
        }
        any = Any { type_url: "x/google.protobuf.Any".into(), value: any.encode_to_vec() };
    }
    let shallow = call(script(any_service(), frame(&answers[0]))).await.unwrap();
    assert_eq!(shallow.get("@type"), Some(&"x/google.protobuf.Any".into()));
    let error = call(script(any_service(), frame(&answers[1]))).await.unwrap_err();
    assert!(error.message().contains("deep") || error.message().contains("memory"), "{error}");
}

#[tokio::test]
async fn two_bytes_that_become_hundreds_are_counted() {
    // Each of them is a Tree.
    let trees = [0x0a, 0].repeat(30_000);
    let message = [&[0][..], &(trees.len() as u32).to_be_bytes(), &trees].concat();
    let error = call(script(vec![service(".Tree")], message)).await.unwrap_err();
    assert_eq!(error.origin(), Origin::Protocol);
    assert!(error.message().contains("the answer is too large"), "{error}");
}
