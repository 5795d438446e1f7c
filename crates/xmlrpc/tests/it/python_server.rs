//! Our client against Python's `SimpleXMLRPCServer`, and against no server at all.

use std::process::Stdio;
use std::time::Duration;

use manywire_core::{ErrorKind, Limits, Timestamp, Value};
use manywire_xmlrpc::Client;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::process::Child;

use crate::serving::{python, serve};

/// The server's process, which ends with the value, and a client of it.
async fn start(protocol: &str) -> Option<(Child, Client)> {
    let mut server = python("server.py")?.arg(protocol).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let line = lines.next_line().await.unwrap().unwrap();
    let address = line.strip_prefix("LISTENING python ").unwrap();
    Some((server, client(&format!("http://{address}"))))
}

fn client(url: &str) -> Client {
    Client::connect(url, &Limits::default()).unwrap()
}

#[tokio::test]
async fn every_type_goes_there_and_back() {
    let Some((_server, client)) = start("HTTP/1.1").await else { return };
    let civil = Timestamp { seconds: 900_684_535, nanos: 0, offset: None };
    for value in [
        Value::Null,
        true.into(),
        0.into(),
        i32::MIN.into(),
        1.5.into(),
        (-0.0).into(),
        0.1.into(),
        1e300.into(),
        f64::MIN_POSITIVE.into(),
        f64::NEG_INFINITY.into(),
        "".into(),
        " é <&>]]>\u{1F600}\n\t".into(),
        Value::Bytes((0..=255).collect()),
        civil.into(),
        Value::Array(vec![1.into(), Value::Array(vec![])]),
        Value::map([("", Value::Null), ("a & b", Value::map([("deep", true.into())]))]),
        "x".repeat(1 << 20).into(),
    ] {
        assert_eq!(client.call("echo", vec![value.clone()]).await, Ok(value));
    }
    assert_eq!(client.call("date", vec![]).await, Ok(civil.into()));
    for (value, seen) in [
        (Value::Int(i64::MAX), "int 9223372036854775807"),
        (Value::Float(f64::NAN), "float nan"),
        (Value::from("a\r\nb"), r"str 'a\r\nb'"),
        (Value::Bytes(vec![0]), r"bytes b'\x00'"),
        (Value::Timestamp(civil), "datetime datetime.datetime(1998, 7, 17, 14, 8, 55)"),
    ] {
        assert_eq!(client.call("kind", vec![value]).await, Ok(seen.into()));
    }
}

#[tokio::test]
async fn faults_become_errors_with_their_code() {
    let Some((_server, client)) = start("HTTP/1.0").await else { return };
    let error = client.call("fail", vec![]).await.unwrap_err();
    // Python's server sends the carriage return as it is, and so it stays.
    assert_eq!(
        (error.kind(), error.code(), error.message()),
        (ErrorKind::Failed, Some(42), "as told <&>\r\n")
    );
    let error = client.call("divide", vec![1.into(), 0.into()]).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Failed, Some(1)));
    assert!(error.message().contains("division by zero"), "{error}");

    let mut outcomes = client
        .multicall([
            ("add", vec![1.into(), 2.into()]),
            ("fail", vec![]),
            ("echo", vec![Value::Array(vec![])]),
        ])
        .await
        .unwrap()
        .into_iter();
    assert_eq!(outcomes.next(), Some(Ok(3.into())));
    assert_eq!(outcomes.next().unwrap().unwrap_err().code(), Some(42));
    assert_eq!(outcomes.next(), Some(Ok(Value::Array(vec![]))));
}

#[tokio::test]
async fn a_connection_is_kept_for_the_next_call() {
    let Some((_server, client)) = start("HTTP/1.1").await else { return };
    for _ in 0..10 {
        assert_eq!(client.call("connections", vec![]).await, Ok(1.into()));
    }
}

#[tokio::test]
async fn our_own_codes_become_kinds_again() {
    let address = serve(Limits::default()).await;
    let client = client(&format!("http://{address}"));
    for (method, params, kind) in [
        ("nothing", vec![], ErrorKind::UnknownMethod),
        ("add", vec![], ErrorKind::InvalidParams),
        ("test.panics", vec![], ErrorKind::Internal),
        ("divide", vec![1.into(), 0.into()], ErrorKind::Failed),
    ] {
        assert_eq!(client.call(method, params).await.unwrap_err().kind(), kind);
    }
    let calls = (0..50).map(|i| client.call("add", vec![i.into(), 1.into()]));
    for (i, sum) in futures_util::future::join_all(calls).await.into_iter().enumerate() {
        assert_eq!(sum, Ok(Value::Int(i as i64 + 1)));
    }
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_before() {
    let client = client("http://127.0.0.1:1");
    let error = client.call("echo", vec!["\0".into()]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidParams);
    assert!(error.message().contains("U+0000"), "{error}");
}

#[tokio::test]
async fn no_server_a_slow_one_and_a_wrong_one_are_told_apart() {
    for url in ["", "localhost", "ftp://localhost/", "http://", "/RPC2"] {
        let refused = Client::connect(url, &Limits::default()).err().unwrap();
        assert_eq!(refused.kind(), ErrorKind::InvalidRequest, "{url}");
    }

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let patient = client(&url);
    let hurried = client(&url).with_timeout(Duration::from_millis(50));
    let error = hurried.call("echo", vec![]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DeadlineExceeded);
    assert!(error.message().contains(&url), "{error}");

    let answers = tokio::spawn(async move {
        drop(listener.accept().await.unwrap());
        for answer in [
            "HTTP/1.1 404 Not Found\r\ncontent-length: 4\r\n\r\nnone",
            "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n{}\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 400\r\n\r\n<methodResponse>",
            "",
        ] {
            let (stream, _) = listener.accept().await.unwrap();
            let mut stream = BufReader::new(stream);
            let mut line = String::new();
            while !line.ends_with("</methodCall>\n") {
                stream.read_line(&mut line).await.unwrap();
            }
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
        listener
    });
    for (expected, kind) in [
        ("HTTP status 404", ErrorKind::Unavailable),
        ("text outside the root", ErrorKind::Internal),
        ("broke off", ErrorKind::Unavailable),
        ("connection broke", ErrorKind::Unavailable),
    ] {
        let error = patient.call("echo", vec![]).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.message().contains(expected), "{expected}: {error}");
    }
    drop(answers.await.unwrap());
    let error = patient.call("echo", vec![]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.message().starts_with(&format!("cannot connect to {url}/RPC2")), "{error}");
}
