//! What travels beside a call: headers both ways over HTTP, those of the handshake on a WebSocket, and the deadline.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use manywire_core::{
    Connection, Context, Dispatch, Empty, Limits, Methods, Metrics, RpcError, Shutdown, current_deadline,
};
use manywire_http::Terms;
use manywire_jsonrpc::Server;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

/// A method that tells what came beside its call, and one that never answers.
fn methods() -> Methods {
    let mut methods = Methods::new();
    methods.add(
        "test.trace",
        "Says what x-trace is, and sends x-seen back.",
        |context: Context, _: Empty| {
            let trace = context.metadata().text("x-trace").unwrap_or("none").to_owned();
            context.answer_with("x-seen", trace.as_bytes());
            context.answer_with("content-length", *b"1");
            async move { Ok(format!("{trace}, {}", current_deadline().is_some())) }
        },
    );
    methods.add("test.never", "Never answers.", |_: Empty| std::future::pending::<Result<i64, RpcError>>());
    methods
}

fn connect() -> DuplexStream {
    let limits = Arc::new(Limits::default());
    let dispatch = Dispatch::new("test", Arc::new(methods()), &Metrics::new());
    let connection = Connection::new(dispatch.session(&limits), limits, Shutdown::new().drain());
    let (ours, theirs) = duplex(64 << 10);
    let terms = Terms::of(&connection);
    tokio::spawn(async move { manywire_http::serve(theirs, Server::new(connection), &terms).await });
    ours
}

/// Sends one request, and returns all that comes back.
async fn ask(headers: &str, body: &str) -> String {
    let mut ours = connect();
    let length = body.len();
    let request = format!(
        "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n{body}"
    );
    ours.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    ours.read_to_string(&mut answer).await.unwrap();
    answer
}

fn call(method: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","method":"{method}","id":1}}"#)
}

#[tokio::test]
async fn headers_reach_the_method_and_come_back_with_the_answer() {
    let answer = ask("x-trace: 7\r\n", &call("test.trace")).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("x-seen: 7\r\n"), "{answer}");
    assert!(answer.ends_with(r#"{"jsonrpc":"2.0","result":"7, false","id":1}"#), "{answer}");
    let batch = format!("[{0},{0}]", call("test.trace"));
    assert_eq!(ask("x-trace: 7\r\n", &batch).await.matches("x-seen: 7\r\n").count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_ends_the_call_and_a_malformed_one_is_refused() {
    let answer = ask("request-timeout: 2.5\r\n", &call("test.trace")).await;
    assert!(answer.contains("\"none, true\""), "{answer}");
    let batch = format!("[{},{}]", call("test.never"), call("test.trace"));
    let late = ask("request-timeout: 2.5\r\n", &batch).await;
    assert!(late.contains("-32002") && late.contains("\"none, true\""), "{late}");
    let malformed = ask("request-timeout: soon\r\n", &call("test.trace")).await;
    assert!(malformed.starts_with("HTTP/1.1 400") && malformed.contains("-32600"), "{malformed}");
}

/// A WebSocket whose handshake has this header beside those that it needs.
async fn websocket(name: &'static str, value: &'static str) -> Result<WebSocketStream<DuplexStream>, Error> {
    let mut request = "ws://localhost/".into_client_request()?;
    request.headers_mut().insert(name, value.parse()?);
    Ok(client_async(request, connect()).await?.0)
}

#[tokio::test(start_paused = true)]
async fn the_headers_of_a_handshake_are_those_of_each_call_on_its_websocket() {
    let mut socket = websocket("x-trace", "7").await.unwrap();
    for _ in 0..2 {
        socket.send(Message::text(call("test.trace"))).await.unwrap();
        let answer = socket.next().await.unwrap().unwrap().into_text().unwrap();
        assert!(answer.contains("\"7, false\""), "{answer}");
    }
    // The time of each call begins when it comes.
    let mut socket = websocket("request-timeout", "2.5").await.unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
    for (method, expected) in [("test.trace", "\"none, true\""), ("test.never", "-32002")] {
        socket.send(Message::text(call(method))).await.unwrap();
        let answer = socket.next().await.unwrap().unwrap().into_text().unwrap();
        assert!(answer.contains(expected), "{answer}");
    }
    let Err(Error::Http(refused)) = websocket("request-timeout", "soon").await else { panic!("a refusal") };
    assert_eq!(refused.status(), 400);
}
