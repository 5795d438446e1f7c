//! Our own client, which learns everything from the server.

use std::process::Stdio;
use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use manywire_core::{ErrorKind, Value};
use manywire_grpc::{Client, ClientOptions};
use manywire_http::Http2;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::process::Command;

use crate::host::{Host, until};

async fn connect(host: &Host) -> Client {
    Client::connect(&host.url(), ClientOptions::default()).await.unwrap()
}

fn named(key: &str, value: impl Into<Value>) -> Value {
    Value::map([(key, value.into())])
}

#[tokio::test]
async fn all_four_kinds_are_called_by_name() {
    let host = Host::start().await;
    let client = connect(&host).await;
    let hello = client.call("Greeter/SayHello", vec![named("name", "world")]).await;
    assert_eq!(hello, Ok(named("message", "hello world")));
    assert_eq!(client.call("Greeter.SayHello", vec![]).await, Ok(named("message", "hello ")));

    let times = client.stream("Greeter/GetStream", stream::empty()).await.unwrap();
    assert_eq!(times.try_collect::<Vec<_>>().await.unwrap().len(), 12);

    let counted = client.call("Greeter/PutStream", vec![named("data", "x"); 3]).await;
    assert_eq!(counted, Ok(named("data", "received 3")));

    let said = stream::iter(vec![named("message", "x"); 2]);
    let answers: Vec<_> =
        client.stream("ChatService/TextChat", said).await.unwrap().try_collect().await.unwrap();
    assert_eq!(answers[1], named("message", "server send world to client!i=1"));
}

#[tokio::test]
async fn methods_are_listed_and_described() {
    let host = Host::start().await;
    let client = connect(&host).await;
    let names: Vec<_> = client.methods().into_iter().map(|method| method.name).collect();
    for name in ["Greeter/SayHello", "TypesService/Echo", "grpc.health.v1.Health/Check"] {
        assert!(names.iter().any(|known| known == name), "{names:?}");
    }
    assert!(!names.iter().any(|name| name.starts_with("grpc.testing.")), "{names:?}");
    let upload = client.method("UpFileService.UpLoad").unwrap();
    assert_eq!(upload.signature, "rpc UpLoad(stream UpFileRequest) returns (UpFileResponse)");
    assert!(upload.takes_stream && !upload.returns_stream);
    assert!(upload.messages.contains("bytes content = 2;"), "{}", upload.messages);
    let types = client.method("TypesService/Echo").unwrap().messages;
    for line in [
        "optional int32 optional_int32 = 20;",
        "map<string, int64> counts = 26;",
        "repeated Color colors = 25;",
    ] {
        assert!(types.contains(line), "{types}");
    }
}

#[tokio::test]
async fn mistakes_are_explained() {
    let host = Host::start().await;
    let client = connect(&host).await;
    let failed = |name: &'static str, requests| {
        let client = client.clone();
        async move { client.call(name, requests).await.unwrap_err() }
    };
    let error = failed("Greeter/SayHallo", vec![]).await;
    assert!(error.kind() == ErrorKind::UnknownMethod && error.message().contains("SayHello"), "{error}");
    assert_eq!(failed("Nobody/Nothing", vec![]).await.kind(), ErrorKind::UnknownMethod);
    assert_eq!(failed("SayHallo", vec![]).await.kind(), ErrorKind::UnknownMethod);
    let error = failed("Multiply", vec![]).await;
    assert_eq!(
        error.message(),
        "Multiply is a method of Arith and of MathService: write Arith/Multiply",
        "{error}"
    );
    assert_eq!(client.call("SayHello", vec![]).await, Ok(named("message", "hello ")));
    let error = failed("Greeter/SayHello", vec![named("nmae", "world")]).await;
    assert!(error.kind() == ErrorKind::InvalidParams && error.message().contains("nmae"), "{error}");
    let error = failed("UserService/GetUser", vec![named("id", i64::MAX)]).await;
    assert_eq!(error.kind(), ErrorKind::InvalidParams, "{error}");
    assert_eq!(
        failed("Greeter/SayHello", vec![Value::Null, Value::Null]).await.kind(),
        ErrorKind::InvalidParams
    );
    assert_eq!(failed("Greeter/GetStream", vec![]).await.kind(), ErrorKind::Unsupported);

    let error = failed("UserService/GetUser", vec![named("id", 0)]).await;
    assert_eq!((error.kind(), error.code()), (ErrorKind::Failed, Some(3)));
    assert_eq!(error.data().unwrap().get("field"), Some(&"id".into()));
}

#[tokio::test]
async fn a_bad_request_in_a_stream_never_passes_for_its_end() {
    let host = Host::start().await;
    let client = connect(&host).await;
    let pieces = [named("name", "file"), named("contents", "misspelt")];
    let answers = client.stream("UpFileService/UpLoad", stream::iter(pieces)).await;
    let outcome = match answers {
        Ok(answers) => answers.try_collect::<Vec<_>>().await,
        Err(error) => Err(error),
    };
    let error = outcome.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidParams);
    assert!(error.message().contains("UpFileRequest: unrecognized field name 'contents'"), "{error}");
    until("the server gives up the upload", || {
        host.metrics.render().contains(r#"kind="cancelled",method="UpFileService.UpLoad""#)
    })
    .await;
    assert!(host.names().is_empty());
}

#[tokio::test]
async fn dropping_the_answers_cancels_the_call() {
    let host = Host::start().await;
    let client = connect(&host).await;
    let mut answers = client.stream("Greeter/AllStream", stream::pending()).await.unwrap();
    assert_eq!(answers.next().await, Some(Ok(named("data", "I is server"))));
    drop(answers);
    until("the server hears of it", || {
        host.metrics.render().contains(r#"kind="cancelled",method="Greeter.AllStream""#)
    })
    .await;
    client.call("Greeter/SayHello", vec![]).await.unwrap();
}

#[tokio::test]
async fn a_deadline_ends_a_call_on_both_sides() {
    let host = Host::start().await;
    let options = ClientOptions { timeout: Some(Duration::from_millis(400)), ..Default::default() };
    let client = Client::connect(&host.url(), options).await.unwrap();
    let answers = client.stream("Greeter/AllStream", stream::pending()).await.unwrap();
    let heard: Vec<_> = answers.collect().await;
    let error = heard.last().unwrap().clone().unwrap_err();
    assert!(error.kind() == ErrorKind::DeadlineExceeded && heard.len() > 2, "{heard:?}");
    until("the server ends it too", || host.metrics.render().contains(r#"method="Greeter.AllStream""#)).await;
}

#[tokio::test]
async fn a_token_travels_as_metadata() {
    let host = Host::with(|choices| choices.token = Some("app:key".parse().unwrap()), Http2::default()).await;
    let error = connect(&host).await.call("Greeter/SayHello", vec![]).await.unwrap_err();
    assert_eq!((error.kind(), error.message()), (ErrorKind::Unauthenticated, "未传输token"));
    let metadata =
        [("appid", "app"), ("appkey", "key")].map(|(key, value)| (key.into(), value.into())).into();
    let options = ClientOptions { metadata, ..Default::default() };
    let client = Client::connect(&host.url(), options).await.unwrap();
    client.call("Greeter/SayHello", vec![]).await.unwrap();
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = Client::connect(&url, ClientOptions::default()).await.unwrap_err();
    assert!(error.kind() == ErrorKind::Unavailable && error.message().contains(&url), "{error}");
}

#[tokio::test]
async fn a_server_with_the_old_reflection_only_is_called_too() {
    let Some(python) = crate::python::interpreter() else { return };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/peer_server.py");
    let mut server = Command::new(python)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let port = lines.next_line().await.unwrap().unwrap();
    let client =
        Client::connect(&format!("http://127.0.0.1:{port}"), ClientOptions::default()).await.unwrap();
    let greeting = client.call("Greeter/SayHello", vec![named("name", "rust")]).await;
    assert_eq!(greeting, Ok(named("message", "python greets rust")));
    let error = client.call("Greeter/SayHello", vec![]).await.unwrap_err();
    assert_eq!((error.kind(), error.message(), error.code()), (ErrorKind::Failed, "who are you?", Some(9)));
    let said = stream::iter(vec![named("message", "loud"); 3]);
    let answers = client.stream("ChatService/TextChat", said).await.unwrap();
    assert_eq!(answers.try_collect::<Vec<_>>().await.unwrap(), vec![named("message", "LOUD"); 3]);
}
