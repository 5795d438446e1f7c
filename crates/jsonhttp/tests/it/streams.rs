//! Streams as lines and as server-sent events.

use std::time::Duration;

use http::Method;
use manywire_core::Limits;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::time::Instant;

use crate::client::{ask, get, post, post_with};
use crate::serving::{in_memory, serve, until};

const EVENTS: (&str, &str) = ("accept", "text/event-stream");

#[tokio::test]
async fn items_are_lines_and_a_failure_is_the_last() {
    let address = serve(Limits::default()).await.address;
    let range = post(address, "/call/streaming_range", r#"{"fr":0,"to":6,"step":2}"#).await;
    assert_eq!((range.status.as_u16(), &*range.body), (200, "0\n2\n4\n"));
    assert_eq!(range.header("content-type"), Some("application/x-ndjson"));
    let empty = post(address, "/call/streaming_range", "[0,0,1]").await;
    assert_eq!((empty.status.as_u16(), &*empty.body), (200, ""));
    let broken = post(address, "/call/test.breaks", "").await;
    let last = r#"{"error":{"kind":"failed","message":"enough"}}"#;
    assert_eq!((broken.status.as_u16(), &*broken.body), (200, &*format!("1\n2\n{last}\n")));
}

#[tokio::test]
async fn a_stream_that_fails_at_once_has_a_status_that_says_so() {
    let address = serve(Limits::default()).await.address;
    let failed = post(address, "/call/streaming_range", "[0,1,0]").await;
    assert_eq!(failed.failure(), (400, "invalid_value".to_owned()));
}

#[tokio::test]
async fn items_are_events_where_those_are_accepted() {
    let address = serve(Limits::default()).await.address;
    let range = ask(address, Method::GET, "/call/streaming_range?fr=0&to=2&step=1", &[EVENTS], "").await;
    assert_eq!(range.header("content-type"), Some("text/event-stream"));
    assert_eq!(range.header("cache-control"), Some("no-store"));
    assert_eq!(range.body, "data: 0\n\ndata: 1\n\nevent: end\ndata: null\n\n");
    let broken = post_with(address, "/call/test.breaks", &[EVENTS], "").await;
    let error = "event: error\ndata: {\"error\":{\"kind\":\"failed\",\"message\":\"enough\"}}\n\n";
    assert_eq!(broken.body, format!("data: 1\n\ndata: 2\n\n{error}"));
    let refused = [("accept", "text/event-stream;q=0, */*")];
    assert_eq!(post_with(address, "/call/streaming_range", &refused, "[0,1,1]").await.body, "0\n");
    assert_eq!(get(address, "/call/streaming_range?fr=0&to=1&step=1").await.body, "0\n");
}

/// Reads until an answer has this in it.
async fn read_until(stream: &mut DuplexStream, end: &str) -> String {
    let mut answer = Vec::new();
    while !answer.ends_with(end.as_bytes()) {
        answer.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(answer).unwrap()
}

async fn begin(stream: &mut DuplexStream, path: &str, accept: &str, body: &str) {
    let length = body.len();
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         accept: {accept}\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_item_is_sent_when_it_is_there_with_the_headers_of_its_method() {
    let served = in_memory(Limits::default());
    let mut stream = served.connect();
    begin(&mut stream, "/call/test.endless", "*/*", "").await;
    let answer = read_until(&mut stream, "1\n\r\n").await;
    assert!(answer.contains("x-stream: yes\r\n"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn an_event_stream_without_events_shows_that_it_lives() {
    let served = in_memory(Limits::default());
    let mut stream = served.connect();
    begin(&mut stream, "/call/test.endless", "text/event-stream", "").await;
    read_until(&mut stream, "data: 1\n\n\r\n").await;
    let began = Instant::now();
    for _ in 0..3 {
        read_until(&mut stream, "3\r\n:\n\n\r\n").await;
    }
    assert_eq!(began.elapsed().as_secs(), 45);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_ends_a_stream_with_an_error() {
    for (accept, expected) in
        [("*/*", "{\"error\":"), ("text/event-stream", "event: error\ndata: {\"error\":")]
    {
        let served = in_memory(Limits::default());
        let mut stream = served.connect();
        begin(&mut stream, "/call/test.endless", accept, "").await;
        read_until(&mut stream, "1\n").await;
        let (cut, answer) = tokio::join!(served.shutdown.finish(Duration::from_secs(600)), async {
            let mut rest = String::new();
            stream.read_to_string(&mut rest).await.unwrap();
            rest
        });
        assert_eq!(cut, 0);
        assert!(answer.contains(expected) && answer.contains("\"kind\":\"unavailable\""), "{answer}");
        assert!(answer.ends_with("0\r\n\r\n"), "{answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_has_not_begun_holds_what_it_was_given_until_a_shutdown() {
    let served = in_memory(Limits::default());
    let mut stream = served.connect();
    let text = format!("[\"{}\"]", "x".repeat(100_000));
    begin(&mut stream, "/call/test.silent", "*/*", &text).await;
    until("the stream waits", || (90_000..150_000).contains(&served.memory.held())).await;
    let (cut, answer) = tokio::join!(served.shutdown.finish(Duration::from_secs(600)), async {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    });
    assert!(cut == 0 && answer.starts_with("HTTP/1.1 503 ") && answer.contains("shutting down"), "{answer}");
    assert_eq!(served.memory.held(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_ends_a_stream_with_an_error() {
    let served = in_memory(Limits::default());
    let mut stream = served.connect();
    let request = "POST /call/test.endless HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
                   request-timeout: 20\r\ncontent-length: 0\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    read_until(&mut stream, "1\n").await;
    let began = Instant::now();
    let rest = read_until(&mut stream, "0\r\n\r\n").await;
    assert!(rest.contains("\"kind\":\"deadline_exceeded\""), "{rest}");
    assert!((19..22).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_stands_still_holds_little_and_is_given_up() {
    for (path, body) in [("/call/streaming_range", "[0,9000000000000,1]"), ("/call/test.pages", "[300000]")] {
        let served = in_memory(Limits { stall: Duration::from_secs(20), ..Limits::default() });
        let mut stream = served.connect();
        begin(&mut stream, path, "*/*", body).await;
        read_until(&mut stream, "\r\n\r\n").await;
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert!(served.memory.held() < 2 << 20, "{path} holds {}", served.memory.held());
        assert_eq!(served.shutdown.open(), 1);
        let began = Instant::now();
        until("the stream was given up", || served.shutdown.open() == 0).await;
        assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
        assert_eq!(served.memory.held(), 0);
        let method = path.trim_start_matches("/call/");
        let line = format!("manywire_errors_total{{kind=\"cancelled\",method=\"{method}\",wire=\"http\"}} 1");
        assert!(served.metrics.render().contains(&line), "{}", served.metrics.render());
    }
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_does_not_wait_for_a_reader_that_stands_still() {
    let served = in_memory(Limits::default());
    let mut stream = served.connect();
    begin(&mut stream, "/call/test.pages", "*/*", "[300000]").await;
    read_until(&mut stream, "\r\n\r\n").await;
    let began = Instant::now();
    assert_eq!(served.shutdown.finish(Duration::from_secs(600)).await, 0);
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_reader_that_leaves_ends_the_stream() {
    let served = serve(Limits::default()).await;
    let mut tcp = tokio::net::TcpStream::connect(served.address).await.unwrap();
    let request =
        "GET /call/streaming_range?fr=0&to=9000000000000&step=1 HTTP/1.1\r\nhost: localhost\r\n\r\n";
    tcp.write_all(request.as_bytes()).await.unwrap();
    let mut start = [0; 4096];
    tcp.read_exact(&mut start).await.unwrap();
    drop(tcp);
    until("the connection ended", || served.shutdown.open() == 0).await;
}

#[tokio::test]
async fn an_item_that_json_cannot_carry_or_that_is_too_long_is_the_last() {
    let served = serve(Limits { message_bytes: 1_000, ..Limits::default() }).await;
    let answer = post(served.address, "/call/test.pages", "[2000]").await;
    let lines: Vec<_> = answer.body.lines().collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("longer than the limit of 1000 bytes"), "{lines:?}");
}
