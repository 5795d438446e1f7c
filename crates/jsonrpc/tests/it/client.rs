//! Our client against our server.

use std::time::Duration;

use manywire_core::{ErrorKind, Limits, Value};
use manywire_jsonrpc::{Arguments, Client};

use crate::server::TestServer;

#[tokio::test]
async fn calls_notifications_and_batches_over_both_transports() {
    let server = TestServer::start().await;
    for scheme in ["http", "ws"] {
        let client = server.client(scheme).await;
        assert_eq!(client.call("add", vec![1.into(), 2.5.into()]).await, Ok(3.5.into()));
        let named = vec![(Value::from("A"), Value::from(6)), ("B".into(), 7.into())];
        assert_eq!(client.call("Arith.Multiply", Arguments::Named(named)).await, Ok(42.into()));
        let error = client.call("Arith.Divide", vec![1.into(), 0.into()]).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.message(), error.code()),
            (ErrorKind::Failed, "divide by zero.", Some(-32000))
        );
        let error = client.call("nothing", vec![]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnknownMethod);
        client.notify("hello", vec!["you".into()]).await.unwrap();
        let answers = client
            .batch(vec![
                ("ping", Arguments::from(vec![Value::Null])),
                ("nothing", vec![Value::Null].into()),
                ("ping", vec![Value::map([("é", Value::Array(vec![1.into()]))])].into()),
            ])
            .await
            .unwrap();
        assert_eq!(answers[0], Ok(Value::Null));
        assert_eq!(answers[1].as_ref().unwrap_err().kind(), ErrorKind::UnknownMethod);
        assert_eq!(answers[2], Ok(Value::map([("é", Value::Array(vec![1.into()]))])));
        assert_eq!(client.batch(vec![]).await, Ok(vec![]));
    }
    assert_eq!(server.metrics.calls_of("hello"), 2);
}

#[tokio::test]
async fn many_calls_are_in_flight_at_once() {
    let server = TestServer::start().await;
    for scheme in ["http", "ws"] {
        let client = server.client(scheme).await;
        let calls = (0..200).map(|n| client.call("sleep", vec![(200 - n).into()]));
        let began = std::time::Instant::now();
        for (n, answer) in futures_util::future::join_all(calls).await.into_iter().enumerate() {
            assert_eq!(answer, Ok(Value::from(200 - n as i64)));
        }
        assert!(began.elapsed() < Duration::from_secs(10), "the calls waited for each other");
    }
}

#[tokio::test]
async fn a_subscription_yields_items_and_ends() {
    let server = TestServer::start().await;
    let client = server.client("ws").await;
    let mut range = client.subscribe("streaming_range", vec![0.into(), 3.into(), 1.into()]).await.unwrap();
    for n in 0..3 {
        assert_eq!(range.next().await, Some(Ok(n.into())));
    }
    assert_eq!(range.next().await, None);
    let mut ticks = client.subscribe("ticks", vec![]).await.unwrap();
    let tick = ticks.next().await.unwrap().unwrap();
    assert_eq!(tick.get("n"), Some(&Value::Int(1)));
    drop(ticks);
    let refused = client.subscribe("streaming_range", vec![0.into(), 3.into(), 0.into()]).await;
    assert!(refused.err().unwrap().message().contains("zero"));
    let http = server.client("http").await.subscribe("ticks", vec![]).await;
    assert_eq!(http.err().unwrap().kind(), ErrorKind::Unsupported);
}

#[tokio::test]
async fn a_server_that_goes_away_is_an_error() {
    let server = TestServer::start().await;
    let client = server.client("ws").await;
    let mut ticks = client.subscribe("ticks", vec![]).await.unwrap();
    server.shutdown.finish(Duration::from_secs(5)).await;
    let end = loop {
        match ticks.next().await {
            Some(Ok(_)) => {}
            end => break end,
        }
    };
    assert_eq!(end.unwrap().unwrap_err().kind(), ErrorKind::Unavailable);
    let error = client.call("ping", vec![1.into()]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.message().contains(&server.address.to_string()), "{error}");
}

#[tokio::test]
async fn no_server_is_an_error_that_says_where() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let limits = Limits::default();
    let http = Client::connect(&format!("http://127.0.0.1:{port}"), &limits).await.unwrap();
    let error = http.call("ping", vec![1.into()]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.message().contains(&port.to_string()) && error.message().contains("refused"), "{error}");
    let error = Client::connect(&format!("ws://127.0.0.1:{port}"), &limits).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.message().contains(&port.to_string()) && error.message().contains("refused"), "{error}");
}

#[tokio::test]
async fn what_is_too_long_is_an_error_that_says_so() {
    let server = TestServer::with_limits(Limits { message_bytes: 1_000, ..Limits::default() }).await;
    let long = || vec![Value::from("x".repeat(2_000))];
    let error = server.client("http").await.call("ping", long()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ResourceExhausted, "{error}");
    let error = server.client("ws").await.call("ping", long()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
}

#[tokio::test]
async fn an_address_that_is_none_is_an_error() {
    for url in ["localhost:8080", "ftp://localhost", "ws:/", "", "ws://", "http://", "http://localhost:port"]
    {
        let error = Client::connect(url, &Limits::default()).await.err().unwrap();
        assert!(error.message().contains(url), "{url}: {error}");
    }
}
