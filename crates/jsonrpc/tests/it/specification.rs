//! Runs the examples of `specification.txt`, over HTTP and over a WebSocket.

use manywire_core::Value;

use crate::server::TestServer;
use crate::websocket::connect;

struct Example {
    title: &'static str,
    sent: &'static str,
    expected: &'static str,
}

fn examples() -> Vec<Example> {
    let (mut title, mut sent, mut examples) = ("", "", Vec::new());
    for line in include_str!("specification.txt").lines() {
        if let Some(text) = line.strip_prefix("## ") {
            title = text;
        } else if let Some(text) = line.strip_prefix("--> ") {
            sent = text;
        } else if let Some(expected) = line.strip_prefix("<--") {
            examples.push(Example { title, sent, expected: expected.trim() });
        }
    }
    assert!(examples.len() > 50, "the examples were not read");
    examples
}

#[tokio::test]
async fn every_example_over_http() {
    let server = TestServer::start().await;
    for Example { title, sent, expected } in examples() {
        let (status, body) = server.post(sent.as_bytes()).await;
        assert_eq!(status, if expected.is_empty() { 204 } else { 200 }, "{title}: {sent}");
        check(title, sent, expected, &body);
    }
}

#[tokio::test]
async fn every_example_over_a_websocket() {
    let server = TestServer::start().await;
    let mut socket = connect(&server).await;
    for Example { title, sent, expected } in examples() {
        socket.send(sent).await;
        if expected.is_empty() {
            // Nothing must come before the answer to this.
            socket.send(r#"{"jsonrpc":"2.0","method":"ping","params":["next"],"id":"next"}"#).await;
            let answer = socket.receive().await;
            assert_eq!(answer, r#"{"jsonrpc":"2.0","result":"next","id":"next"}"#, "{title}: {sent}");
        } else {
            check(title, sent, expected, &socket.receive().await);
        }
    }
}

fn check(title: &str, sent: &str, expected: &str, got: &str) {
    if expected.is_empty() {
        return assert_eq!(got, "", "{title}: {sent}");
    }
    let wanted: Value = serde_json::from_str(expected).unwrap();
    let answer: Value = serde_json::from_str(got).unwrap_or_else(|e| panic!("{title}: {e}: {got:?}"));
    assert!(fits(&wanted, &answer), "{title}:\n--> {sent}\n<-- {got}\nnot {expected}");
}

/// Whether an answer has what is wanted and nothing else, but for an error's message and data where none is wanted.
fn fits(wanted: &Value, got: &Value) -> bool {
    match (wanted, got) {
        (Value::Array(wanted), Value::Array(got)) => {
            wanted.len() == got.len() && wanted.iter().zip(got).all(|(wanted, got)| fits(wanted, got))
        }
        (Value::Map(pairs), Value::Map(_)) if wanted.get("code").is_some() => {
            let has_message = got.get("message").and_then(Value::as_str).is_some_and(|text| !text.is_empty());
            has_message && pairs.iter().all(|(key, value)| got.get(key.as_str().unwrap()) == Some(value))
        }
        (Value::Map(pairs), Value::Map(others)) if wanted.get("id").is_some() => {
            let has = |(key, value): &(Value, Value)| {
                got.get(key.as_str().unwrap()).is_some_and(|got| fits(value, got))
            };
            pairs.len() == others.len() && pairs.iter().all(has)
        }
        (wanted, got) => wanted == got,
    }
}
