//! Batches: what runs together, in which order answers come, and how long they may become.

use std::time::{Duration, Instant};

use manywire_core::{Limits, Value};

use crate::server::TestServer;
use crate::websocket::connect;

fn call(id: usize, method: &str, params: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","method":"{method}","params":{params},"id":{id}}}"#)
}

fn batch(calls: impl IntoIterator<Item = String>) -> String {
    format!("[{}]", calls.into_iter().collect::<Vec<_>>().join(","))
}

fn ids(answer: &str) -> Vec<i64> {
    let Ok(Value::Array(answers)) = serde_json::from_str(answer) else { panic!("no list: {answer}") };
    answers.iter().map(|answer| answer.get("id").unwrap().as_i64().unwrap()).collect()
}

#[tokio::test]
async fn a_thousand_sleeps_take_as_long_as_one_and_are_answered_in_order() {
    let server = TestServer::start().await;
    // The later sleep less, so that they end in the reverse order.
    let sleeps = batch((0..1_000).map(|id| call(id, "sleep", &format!("[{}]", 500 - id / 2))));
    let began = Instant::now();
    let over_http = server.post(sleeps.as_bytes()).await.1;
    let mut socket = connect(&server).await;
    socket.send(&sleeps).await;
    let over_websocket = socket.receive().await;
    assert!(began.elapsed() < Duration::from_secs(20), "they took {:?}", began.elapsed());
    assert_eq!(ids(&over_http), (0..1_000).collect::<Vec<_>>());
    assert_eq!(over_http, over_websocket);
    assert_eq!(server.metrics.calls_of("sleep"), 2_000);
    assert_eq!(server.memory.held(), 0);
}

#[tokio::test]
async fn what_waits_and_what_does_not_keep_their_places() {
    let server = TestServer::start().await;
    let notification = r#"{"jsonrpc":"2.0","method":"sleep","params":[1]}"#.to_owned();
    let mixed = batch([
        notification.clone(),
        call(1, "ping", "[1]"),
        call(2, "sleep", "[20]"),
        "7".to_owned(),
        call(3, "ping", "[3]"),
        notification,
        call(4, "nothing", "[]"),
        call(5, "sleep", "[0]"),
    ]);
    let (status, answer) = server.post(mixed.as_bytes()).await;
    let expected = [
        r#"{"jsonrpc":"2.0","result":1,"id":1}"#,
        r#"{"jsonrpc":"2.0","result":20,"id":2}"#,
        r#"{"jsonrpc":"2.0","error":{"code":-32600,"message":"a request is an object"},"id":null}"#,
        r#"{"jsonrpc":"2.0","result":3,"id":3}"#,
        r#"{"jsonrpc":"2.0","error":{"code":-32601,"message":"no method nothing"},"id":4}"#,
        r#"{"jsonrpc":"2.0","result":0,"id":5}"#,
    ];
    assert_eq!((status, answer), (200, batch(expected.map(str::to_owned))));
    assert_eq!(server.metrics.calls_of("sleep"), 4);
    let silent = batch((0..3).map(|_| r#"{"jsonrpc":"2.0","method":"sleep","params":[1]}"#.to_owned()));
    assert_eq!(server.post(silent.as_bytes()).await, (204, String::new()));
}

#[tokio::test]
async fn a_batch_that_ends_with_its_connection_ends_its_calls() {
    let server = TestServer::start().await;
    let sleeps = batch((0..100).map(|id| call(id, "sleep", "[60000]")));
    let mut socket = connect(&server).await;
    socket.send(&sleeps).await;
    // It is under way when a message behind it is answered.
    socket.send(&call(1, "ping", "[1]")).await;
    assert!(socket.receive().await.contains("result"));
    assert!(server.memory.held() > 0);
    drop(socket);
    let ended = async {
        while server.metrics.calls_of("sleep") < 100 || server.memory.held() > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), ended).await.expect("the calls go on");
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_an_error_with_its_id() {
    let server = TestServer::with_limits(Limits { message_bytes: 10_000, ..Limits::default() }).await;
    let long = call(7, "strftime", &format!("[\"{}\"]", "%c".repeat(4_000)));
    let is_refused = |answer: &str| {
        let error = answer.contains("-32005") && answer.contains("longer than the limit of 10000 bytes");
        error && answer.ends_with(r#""id":7}"#) && answer.len() < 300
    };
    let (status, answer) = server.post(long.as_bytes()).await;
    assert!(status == 200 && is_refused(&answer), "{answer}");
    let mut socket = connect(&server).await;
    socket.send(&long).await;
    let answer = socket.receive().await;
    assert!(is_refused(&answer), "{answer}");
    // In a batch the others are answered; an id with no room beside its error is null.
    let text = "x".repeat(3_000);
    let pings = (0..3).map(|id| call(id, "ping", &format!("[\"{text}\"]")));
    let answer = server.post(batch(pings).as_bytes()).await.1;
    assert!(answer.len() <= 10_000 && ids(&answer) == [0, 1, 2], "{answer}");
    let id = "y".repeat(9_900);
    let answer = server
        .post(format!(r#"{{"jsonrpc":"2.0","method":"ping","params":[1],"id":"{id}"}}"#).as_bytes())
        .await
        .1;
    assert!(answer.contains(&id), "{answer}");
    let answer = server.post(format!(r#"{{"jsonrpc":"2.0","method":"p","id":"{id}"}}"#).as_bytes()).await.1;
    assert!(answer.len() <= 10_000, "{}", answer.len());
}

#[tokio::test]
async fn the_answers_of_a_batch_have_a_limit_together() {
    let server = TestServer::with_limits(Limits { message_bytes: 20_000, ..Limits::default() }).await;
    for method in ["ping", "sleep"] {
        // Each is answered with what is far longer than what asked for it, the second kind after a wait.
        let begin = if method == "sleep" { call(99, "sleep", "[20]") } else { call(99, "ping", "[20]") };
        let format = format!("[\"{}\"]", "%c".repeat(100));
        let calls = std::iter::once(begin).chain((0..10).map(|id| call(id, "strftime", &format)));
        let answer = server.post(batch(calls).as_bytes()).await.1;
        assert!(answer.len() <= 20_000, "{}", answer.len());
        assert_eq!(ids(&answer)[..4], [99, 0, 1, 2]);
        assert!(answer.contains("result") && answer.contains("-32005"), "{answer}");
    }
    // Not even their errors.
    let answer = server.post(batch(vec!["1".to_owned(); 300]).as_bytes()).await.1;
    assert!(answer.len() < 300 && answer.contains("-32005") && answer.ends_with(r#""id":null}"#), "{answer}");
}
