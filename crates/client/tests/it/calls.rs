//! What a caller may ask of each wire, and what it is told where the wire has no such thing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use manywire_client::{Answer, Arguments, Client, MethodKind, Options};
use manywire_core::{ErrorKind, Value};

use crate::cable::Record;
use crate::{named, pair, serve};

/// A scheme of each wire and transport, and a path where it needs one.
pub(crate) const WIRES: &[(&str, &str)] = &[
    ("gob+tcp", ""),
    ("gob+http", ""),
    ("jsonrpc1+tcp", ""),
    ("jsonrpc1+http", "/jsonrpc"),
    ("jsonrpc+http", ""),
    ("jsonrpc+ws", ""),
    ("xmlrpc+http", "/RPC2"),
    ("zerorpc+tcp", ""),
    ("grpc+http", ""),
];

/// The method that sleeps, as each wire has it.
pub(crate) fn sleep(scheme: &str, ms: i64) -> (&'static str, Arguments) {
    let name =
        if scheme.starts_with("gob") || scheme.starts_with("jsonrpc1") { "Demo.Sleep" } else { "sleep" };
    (name, vec![ms.into()].into())
}

#[tokio::test]
async fn answers_come_as_values_or_as_types() {
    let (_running, at) = serve(&[]).await;
    for (scheme, path) in WIRES.iter().filter(|(scheme, _)| !scheme.starts_with("grpc")) {
        let client = Client::connect(&format!("{scheme}://{at}{path}"), Options::default()).await.unwrap();
        assert_eq!(client.call("Arith.Multiply", pair(17, 8)).await, Ok(136.into()), "{scheme}");
        assert_eq!(client.call_as::<i64>("Arith.Multiply", pair(-3, 7)).await, Ok(-21), "{scheme}");
        let error = client.call_as::<String>("Arith.Multiply", pair(1, 1)).await.unwrap_err();
        assert!(error.message().contains("another type than expected"), "{scheme}: {error}");
        let error = client.call("Arith.Divide", pair(1, 0)).await.unwrap_err();
        assert!(error.message().contains("divide by zero"), "{scheme}: {error}");
    }
    let client = Client::connect(&format!("grpc://{at}"), Options::default()).await.unwrap();
    let hello = client.call("Greeter/SayHello", vec![named("name", "you")]).await;
    assert_eq!(hello, Ok(named("message", "hello you")));
}

#[tokio::test]
async fn all_four_kinds_of_grpc_are_called() {
    let (_running, at) = serve(&[]).await;
    let client = Client::connect(&format!("grpc://{at}"), Options::default()).await.unwrap();
    for (method, kind) in [
        ("Greeter/SayHello", MethodKind::Unary),
        ("Greeter/GetStream", MethodKind::ServerStream),
        ("Greeter/PutStream", MethodKind::ClientStream),
        ("ChatService/TextChat", MethodKind::TwoWay),
    ] {
        assert_eq!(client.kind_of(method), Some(kind));
    }
    let sent = client.send("Greeter/PutStream", stream::iter(vec![named("data", "x"); 1000])).await;
    assert_eq!(sent, Ok(named("data", "received 1000")));
    let said = stream::iter(vec![named("message", "x"); 3]);
    let heard: Vec<_> =
        client.exchange("ChatService/TextChat", said).await.unwrap().try_collect().await.unwrap();
    assert_eq!(heard[2], named("message", "server send world to client!i=2"));
    let error = client.send("Greeter/GetStream", stream::iter([named("data", "")])).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
}

#[tokio::test]
async fn a_stream_outlives_the_time_limit_of_its_first_item() {
    let (_running, at) = serve(&[]).await;
    let options = Options { timeout: Some(Duration::from_millis(400)), ..Options::default() };
    for (scheme, method) in
        [("zerorpc", "streaming_range"), ("grpc", "Greeter/AllStream"), ("jsonrpc+ws", "subscribe_ticks")]
    {
        let client = Client::connect(&format!("{scheme}://{at}"), options.clone()).await.unwrap();
        let begun = Instant::now();
        let mut items = match scheme {
            "zerorpc" => client.stream(method, vec![0.into(), i64::MAX.into(), 1.into()]).await,
            "grpc" => client.exchange(method, stream::pending()).await,
            _ => client.stream(method, Vec::new()).await,
        }
        .unwrap();
        while begun.elapsed() < Duration::from_millis(600) {
            items.next().await.unwrap().unwrap();
        }
        drop(items);
    }
}

#[tokio::test]
async fn a_method_is_asked_for_whatever_it_answers_with() {
    let (_running, at) = serve(&[]).await;
    let client = Client::connect(&format!("zerorpc://{at}"), Options::default()).await.unwrap();
    let range = vec![0.into(), 6.into(), 2.into()];
    let Ok(Answer::Stream(items)) = client.request("streaming_range", range).await else {
        panic!("a stream")
    };
    assert_eq!(items.try_collect::<Vec<Value>>().await.unwrap(), [0.into(), 2.into(), 4.into()]);
    let Ok(Answer::Value(sum)) = client.request("add", vec![1.into(), 2.into()]).await else {
        panic!("a value")
    };
    assert_eq!(sum, 3.into());
}

#[tokio::test]
async fn a_late_answer_is_an_error_on_every_wire() {
    let (_running, at) = serve(&[]).await;
    let options = Options { timeout: Some(Duration::from_millis(400)), ..Options::default() };
    for (scheme, path) in WIRES {
        let url = format!("{scheme}://{at}{path}");
        let client = Client::connect(&url, options.clone()).await.unwrap();
        let error = if scheme.starts_with("grpc") {
            client.send("Greeter/PutStream", stream::pending()).await.unwrap_err()
        } else {
            let (method, arguments) = sleep(scheme, 60_000);
            client.call(method, arguments).await.unwrap_err()
        };
        assert_eq!(error.kind(), ErrorKind::DeadlineExceeded, "{scheme}: {error}");
        assert!(error.message().contains("400ms"), "{scheme}: {error}");
    }
}

#[tokio::test]
async fn what_a_wire_has_not_is_an_error_before_anything_is_sent() {
    let (_running, at) = serve(&[]).await;
    for (scheme, path) in WIRES {
        let record = Arc::new(Record::default());
        let options = Options { tap: Some(record.clone()), ..Options::default() };
        let client = Client::connect(&format!("{scheme}://{at}{path}"), options).await.unwrap();
        let before = record.sent();
        let mut errors = Vec::new();
        if !scheme.starts_with("grpc") {
            errors.push(client.send("x", stream::empty()).await.unwrap_err());
            errors.push(client.exchange("x", stream::empty()).await.err().unwrap());
        }
        if !scheme.starts_with("jsonrpc+") {
            errors.push(client.notify("x", Vec::new()).await.unwrap_err());
        }
        if !["grpc+http", "zerorpc+tcp", "jsonrpc+ws"].contains(scheme) {
            errors.push(client.stream("x", Vec::new()).await.err().unwrap());
        }
        for error in errors {
            assert!(
                error.kind() == ErrorKind::Unsupported && error.message().contains(scheme),
                "{scheme}: {error}"
            );
        }
        assert_eq!(record.sent(), before, "{scheme}");
    }
}

#[tokio::test]
async fn headers_travel_where_there_are_any() {
    let (_running, at) = serve(&[]).await;
    let headers = Options { metadata: vec![("x-request-id".into(), "seven".into())], ..Options::default() };
    for (scheme, path) in WIRES {
        let record = Arc::new(Record::default());
        let options = Options { tap: Some(record.clone()), ..headers.clone() };
        let connected = Client::connect(&format!("{scheme}://{at}{path}"), options).await;
        if ["gob+tcp", "gob+http", "jsonrpc1+tcp", "zerorpc+tcp"].contains(scheme) {
            assert_eq!(connected.unwrap_err().kind(), ErrorKind::Unsupported, "{scheme}");
            continue;
        }
        let client = connected.unwrap();
        if *scheme != "grpc+http" {
            client.call("Arith.Multiply", pair(1, 1)).await.unwrap();
            assert!(record.sent_to(at, "x-request-id: seven") > 0, "{scheme}");
        }
    }
}

#[tokio::test]
async fn a_tap_hears_of_every_connection_and_its_end() {
    let (_running, at) = serve(&[]).await;
    let record = Arc::new(Record::default());
    let options = Options { tap: Some(record.clone()), ..Options::default() };
    let client = Client::connect(&format!("jsonrpc1+tcp://{at}"), options).await.unwrap();
    // What the method takes is asked for first.
    client.call("js.J", vec!["".into()]).await.unwrap();
    let before = record.received();
    client.call("js.J", vec!["heard".into()]).await.unwrap();
    assert_eq!(record.sent_to(at, r#"{"method":"js.J","params":["heard"],"id":2}"#), 1);
    assert_eq!(record.received() - before, "{\"id\":2,\"result\":\"123,heard\",\"error\":null}\n".len());
    drop(client);
    while record.closed() == 0 {
        tokio::task::yield_now().await;
    }
}
