//! The HTTP layer on a stream in memory, with the clock in hand; and on sockets, with clients that were not written here.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod budget;
mod demo;
mod http2;
mod malformed;
mod refused;
mod reset;
mod slow;

use std::time::Duration;

use manywire_core::{Limits, Shutdown};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::time::Instant;

use demo::start;

async fn read_to_end(stream: &mut DuplexStream) -> String {
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

/// Reads the head and a body of known length.
async fn read_answer(stream: &mut DuplexStream, body: &str) -> String {
    let mut answer = Vec::new();
    while !answer.ends_with(body.as_bytes()) || !answer.windows(4).any(|w| w == b"\r\n\r\n") {
        answer.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(answer).unwrap()
}

const REQUEST: &[u8] = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nhi";

#[tokio::test(start_paused = true)]
async fn headers_have_the_handshake_limit_and_an_idle_connection_the_keep_alive_limit() {
    let mut stream = start(Limits::default(), &Shutdown::new());
    let began = Instant::now();
    stream.write_all(REQUEST).await.unwrap();
    read_answer(&mut stream, "hi").await;
    assert_eq!(read_to_end(&mut stream).await, "");
    assert!((75..80).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());

    let mut stream = start(Limits::default(), &Shutdown::new());
    let began = Instant::now();
    stream.write_all(&REQUEST[..20]).await.unwrap();
    assert_eq!(read_to_end(&mut stream).await, "");
    assert!((10..12).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_second_request_may_not_dawdle_either() {
    let mut stream = start(Limits::default(), &Shutdown::new());
    stream.write_all(REQUEST).await.unwrap();
    read_answer(&mut stream, "hi").await;
    tokio::time::sleep(Duration::from_secs(30)).await;
    let began = Instant::now();
    stream.write_all(b"POST").await.unwrap();
    assert_eq!(read_to_end(&mut stream).await, "");
    assert!(began.elapsed().as_secs() < 25, "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_slow_answer_is_waited_for() {
    let mut stream = start(Limits::default(), &Shutdown::new());
    stream.write_all(b"POST /slow HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\ndone").await.unwrap();
    assert!(read_answer(&mut stream, "done").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_stops_coming_is_told_so() {
    let mut stream = start(Limits::default(), &Shutdown::new());
    stream.write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nhalf").await.unwrap();
    let answer = read_answer(&mut stream, "in time").await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_trickles_is_not_waited_for() {
    let mut stream = start(Limits::default(), &Shutdown::new());
    let began = Instant::now();
    stream.write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n").await.unwrap();
    let (mut reading, mut writing) = tokio::io::split(stream);
    let trickle = tokio::spawn(async move {
        while writing.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
    });
    let mut status = [0; 12];
    reading.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 408");
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    trickle.abort();
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_announced_or_not() {
    let limits = Limits { message_bytes: 4, ..Limits::default() };
    for request in [
        "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello",
        "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
    ] {
        let mut stream = start(limits.clone(), &Shutdown::new());
        stream.write_all(request.as_bytes()).await.unwrap();
        let answer = read_to_end(&mut stream).await;
        assert!(
            answer.starts_with("HTTP/1.1 413") && answer.ends_with("longer than the limit of 4 bytes"),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn a_client_that_shuts_its_side_after_asking_is_answered() {
    let mut stream = start(Limits::default(), &Shutdown::new());
    stream.write_all(b"POST / HTTP/1.0\r\ncontent-length: 2\r\n\r\nhi").await.unwrap();
    stream.shutdown().await.unwrap();
    assert!(read_to_end(&mut stream).await.ends_with("\r\n\r\nhi"));
}

#[tokio::test(start_paused = true)]
async fn a_drain_closes_idle_connections_and_finishes_answers() {
    let shutdown = Shutdown::new();
    let mut idle = start(Limits::default(), &shutdown);
    idle.write_all(REQUEST).await.unwrap();
    read_answer(&mut idle, "hi").await;
    let mut busy = start(Limits::default(), &shutdown);
    busy.write_all(b"POST /slow HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\ndone").await.unwrap();
    // One turn of the clock, so that the request is being answered.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let finish = shutdown.finish(Duration::from_secs(600));
    let (cut, idle, busy) = tokio::join!(finish, read_to_end(&mut idle), read_to_end(&mut busy));
    assert_eq!((cut, idle.as_str()), (0, ""));
    assert!(busy.ends_with("done") && busy.contains("connection: close"), "{busy}");
}

#[tokio::test]
async fn a_client_that_waits_to_be_asked_for_its_body_keeps_its_connection() {
    let mut stream = start(Limits::default(), &Shutdown::new());
    for _ in 0..2 {
        let head = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\nexpect: 100-continue\r\n\r\n";
        stream.write_all(head).await.unwrap();
        read_answer(&mut stream, "").await;
        stream.write_all(b"body").await.unwrap();
        let answer = read_answer(&mut stream, "body").await;
        assert!(answer.starts_with("HTTP/1.1 200") && !answer.contains("connection: close"), "{answer}");
    }
}
