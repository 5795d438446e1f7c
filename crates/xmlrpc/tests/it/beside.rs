//! What travels beside a call: headers both ways, and the deadline.

use std::sync::Arc;

use manywire_core::{
    Connection, Context, Dispatch, Empty, Limits, Methods, Metrics, RpcError, Shutdown, current_deadline,
};
use manywire_http::Terms;
use manywire_xmlrpc::{Server, encode_call};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

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

/// Sends one request, and returns all that comes back.
async fn ask(headers: &str, body: &str) -> String {
    let limits = Arc::new(Limits::default());
    let dispatch = Dispatch::new("test", Arc::new(methods()), &Metrics::new());
    let connection = Connection::new(dispatch.session(&limits), limits, Shutdown::new().drain());
    let (mut ours, theirs) = duplex(64 << 10);
    let terms = Terms::of(&connection);
    tokio::spawn(async move { manywire_http::serve(theirs, Server::new(connection), &terms).await });
    let length = body.len();
    let request = format!(
        "POST /RPC2 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n{body}"
    );
    ours.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    ours.read_to_string(&mut answer).await.unwrap();
    answer
}

fn call(method: &str) -> String {
    String::from_utf8(encode_call(method, &[]).unwrap()).unwrap()
}

#[tokio::test]
async fn headers_reach_the_method_and_come_back_with_the_answer() {
    let answer = ask("x-trace: 7\r\n", &call("test.trace")).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("x-seen: 7\r\n"), "{answer}");
    assert!(answer.contains("<string>7, false</string>"), "{answer}");
}

#[tokio::test]
async fn the_headers_of_many_calls_go_with_their_one_answer() {
    let entry = "<value><struct><member><name>methodName</name><value>test.trace</value></member>\
        <member><name>params</name><value><array><data/></array></value></member></struct></value>";
    let multicall = format!(
        "<methodCall><methodName>system.multicall</methodName><params><param><value><array><data>\
         {entry}{entry}</data></array></value></param></params></methodCall>"
    );
    let answer = ask("x-trace: 7\r\n", &multicall).await;
    assert_eq!(answer.matches("x-seen: 7\r\n").count(), 2, "{answer}");
}

#[tokio::test(start_paused = true)]
async fn a_deadline_ends_the_call_and_a_malformed_one_is_refused() {
    let answer = ask("request-timeout: 2.5\r\n", &call("test.trace")).await;
    assert!(answer.contains("none, true"), "{answer}");
    let late = ask("request-timeout: 2.5\r\n", &call("test.never")).await;
    assert!(late.contains("<int>-32400</int>") && late.contains("the deadline of the call passed"), "{late}");
    let malformed = ask("request-timeout: soon\r\n", &call("test.trace")).await;
    assert!(malformed.starts_with("HTTP/1.1 400") && malformed.contains("<int>-32600</int>"), "{malformed}");
}
