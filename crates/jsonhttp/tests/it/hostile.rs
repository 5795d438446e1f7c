//! Peers that ask for too much.

use std::time::Duration;

use manywire_core::Limits;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::post;
use crate::serving::{Served, in_memory, serve, until};

async fn raw(served: &Served, request: &[u8]) -> String {
    let mut tcp = TcpStream::connect(served.address).await.unwrap();
    tcp.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    tokio::time::timeout(Duration::from_secs(60), tcp.read_to_end(&mut answer)).await.unwrap().unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

fn posting(path: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body.as_bytes()].concat()
}

#[tokio::test]
async fn the_limits_of_a_message_are_those_of_every_wire() {
    let served = serve(Limits { message_bytes: 10_000, nesting: 20, ..Limits::default() }).await;
    let nested = |depth: usize| format!("[{}{}]", "[".repeat(depth), "]".repeat(depth));
    for (body, status, kind) in [
        (format!("[\"{}\"]", "x".repeat(20_000)), 413, "resource_exhausted"),
        (format!("[[{}]]", vec!["1"; 3_000].join(",")), 429, "resource_exhausted"),
        (nested(21), 400, "invalid_params"),
        ("[".repeat(9_000), 400, "invalid_request"),
    ] {
        let answer = raw(&served, &posting("/call/echo", &body)).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        assert!(answer.contains(&format!("\"kind\":\"{kind}\"")), "{answer}");
    }
    assert!(raw(&served, &posting("/call/echo", &nested(20))).await.starts_with("HTTP/1.1 200 "));
    let long = post(served.address, "/call/test.text", "[20000]").await;
    assert_eq!(long.failure(), (429, "resource_exhausted".to_owned()));
    until("everything was given back", || served.memory.held() == 0).await;
}

#[tokio::test]
async fn a_body_over_the_budget_is_refused_and_holds_nothing() {
    let served = serve(Limits { connection_memory: 50_000, ..Limits::default() }).await;
    let answer = raw(&served, &posting("/call/echo", &format!("[\"{}\"]", "x".repeat(100_000)))).await;
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("holds too much"), "{answer}");
    until("everything was given back", || served.memory.held() == 0).await;
}

#[tokio::test]
async fn a_call_that_waits_is_charged_until_it_ends() {
    let served = serve(Limits::default()).await;
    let mut tcp = TcpStream::connect(served.address).await.unwrap();
    let text = format!("[\"{}\"]", "x".repeat(100_000));
    tcp.write_all(&posting("/call/test.holds", &text)).await.unwrap();
    // The body is given back once it was read; what the method holds is not.
    until("the call waits", || (90_000..150_000).contains(&served.memory.held())).await;
    served.shutdown.finish(Duration::ZERO).await;
    until("the call was given up", || served.memory.held() == 0).await;
}

#[tokio::test(start_paused = true)]
async fn a_method_that_takes_a_stream_is_refused_before_the_body_comes() {
    let served = in_memory(Limits::default());
    for (path, status) in [("/call/test.sum", 404), ("/call/nothing", 404), ("/call/sleep", 415)] {
        let mut stream = served.connect();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: text/plain\r\ncontent-length: 1000000\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut start = [0; 13];
        stream.read_exact(&mut start).await.unwrap();
        assert_eq!(String::from_utf8_lossy(&start), format!("HTTP/1.1 {status} "), "{path}");
    }
}

#[tokio::test]
async fn noise_in_paths_and_queries_is_refused_and_the_connection_lives() {
    let served = serve(Limits::default()).await;
    let mut tcp = TcpStream::connect(served.address).await.unwrap();
    let long = "x".repeat(8_000);
    for target in [
        "/call/%",
        "/call/%zz",
        "/call/%00",
        "/call/add?%ff=%ff",
        "/call/add?a=%ff",
        "/call/add?&&&=&",
        "/call//",
        "/call/..%2f..",
        "/call/add?a",
        &*format!("/call/{long}"),
        &*format!("/call/add?a={long}"),
    ] {
        tcp.write_all(format!("GET {target} HTTP/1.1\r\nhost: localhost\r\n\r\n").as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"}}") {
            answer.push(tcp.read_u8().await.unwrap());
        }
        assert!(answer.starts_with(b"HTTP/1.1 40"), "{target}: {}", String::from_utf8_lossy(&answer));
    }
}
