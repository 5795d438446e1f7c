//! Peers that are slow, and peers that stand still.

use std::sync::Arc;
use std::time::Duration;

use manywire_core::{Limits, Shutdown};
use manywire_http::Terms;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::Instant;

use crate::demo::{start, started};
use crate::read_to_end;

fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").into_bytes()
}

#[tokio::test(start_paused = true)]
async fn a_slow_and_steady_reader_gets_everything() {
    let mut stream = start(Limits::default(), &Shutdown::new());
    stream.write_all(&get("/long/15700000")).await.unwrap();
    let began = Instant::now();
    let mut received = 0;
    let mut piece = vec![0; 64 << 10];
    while received < 15_700_000 {
        received += stream.read(&mut piece).await.unwrap();
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    assert!(began.elapsed() > Duration::from_secs(400), "{:?}", began.elapsed());
    // What is left of it is the head; and the connection serves the next request.
    stream.write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\nnext").await.unwrap();
    while !piece[..received.min(piece.len())].ends_with(b"next") {
        received = stream.read(&mut piece).await.unwrap();
        assert!(received > 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_stands_still_is_given_up_and_what_it_held_is_given_back() {
    for path in ["/long/15700000", "/many/15700000"] {
        for headers in ["", "accept-encoding: gzip\r\n"] {
            let shutdown = Shutdown::new();
            let limits = Arc::new(Limits { stall: Duration::from_secs(20), ..Limits::default() });
            let (mut stream, budget) = started(Terms::new(limits, shutdown.drain()), &shutdown);
            let began = Instant::now();
            stream
                .write_all(format!("GET {path} HTTP/1.1\r\nhost: x\r\n{headers}\r\n").as_bytes())
                .await
                .unwrap();
            tokio::time::sleep(Duration::from_secs(10)).await;
            assert!(budget.held() > 15_000_000 || path == "/long/15700000", "{}", budget.held());
            while shutdown.open() > 0 {
                tokio::time::sleep(Duration::from_secs(1)).await;
                assert!(began.elapsed() < Duration::from_secs(35), "{path} {headers}");
            }
            assert!(began.elapsed() >= Duration::from_secs(20), "{:?}", began.elapsed());
            assert_eq!(budget.held(), 0);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn requests_whose_answers_are_not_read_are_not_read_either() {
    let shutdown = Shutdown::new();
    let (stream, budget) = started(Terms::new(Arc::default(), shutdown.drain()), &shutdown);
    let (_unread, mut sending) = tokio::io::split(stream);
    // Answered before their bodies are read, with nothing in the answer to wait for.
    let request = b"POST /none HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\n\r\nx".repeat(1_000);
    let mut taken = 0;
    while let Ok(written) = tokio::time::timeout(Duration::from_secs(5), sending.write(&request)).await {
        taken += written.unwrap();
        assert!(taken < 1 << 20, "the server took {taken} bytes of requests");
    }
    assert!(budget.held() < 100_000);
    let began = Instant::now();
    while shutdown.open() > 0 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(began.elapsed() < Duration::from_secs(60));
    }
}

#[tokio::test(start_paused = true)]
async fn all_that_comes_before_a_first_call_has_one_time_limit() {
    for first in [
        &b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..],
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
        b"G",
        b"",
    ] {
        let shutdown = Shutdown::new();
        let (mut stream, _) = started(Terms::new(Arc::default(), shutdown.drain()), &shutdown);
        let began = Instant::now();
        stream.write_all(first).await.unwrap();
        while shutdown.open() > 0 {
            tokio::time::sleep(Duration::from_secs(1)).await;
            // Pings are no call.
            let _ = match first.len() {
                ..15 => stream.write_all(b"x").await,
                _ => stream.write_all(b"\0\0\x08\x06\0\0\0\0\0pingpong").await,
            };
            assert!(began.elapsed() < Duration::from_secs(25), "{first:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn half_a_header_block_has_the_handshake_limit_at_any_time() {
    let shutdown = Shutdown::new();
    let (mut stream, _) = started(Terms::new(Arc::default(), shutdown.drain()), &shutdown);
    // A whole GET, then after a long rest the first half of another.
    let get = b"\0\0\x04\x01\x05\0\0\0\x01\x82\x86\x84\x41";
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    stream.write_all(b"\0\0\x06\x01\x05\0\0\0\x01\x82\x86\x84\x41\x01x").await.unwrap();
    tokio::time::sleep(Duration::from_secs(15)).await;
    assert_eq!(shutdown.open(), 1, "an HTTP/2 connection may rest");
    stream.write_all(&get[..11]).await.unwrap();
    let began = Instant::now();
    while shutdown.open() > 0 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(began.elapsed() < Duration::from_secs(25));
    }
}

#[tokio::test(start_paused = true)]
async fn what_exceeds_the_limit_slowly_is_not_listened_to_for_ever() {
    let shutdown = Shutdown::new();
    let limits = Arc::new(Limits { message_bytes: 1_000, ..Limits::default() });
    let (stream, _) = started(Terms::new(limits, shutdown.drain()), &shutdown);
    let (mut reading, mut writing) = tokio::io::split(stream);
    writing.write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n").await.unwrap();
    let began = Instant::now();
    let mut answer = [0; 12];
    reading.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");
    while shutdown.open() > 0 {
        let _ = writing.write_all(b"x").await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(began.elapsed() < Duration::from_secs(25));
    }
}

#[tokio::test(start_paused = true)]
async fn a_first_body_has_what_is_left_of_the_time_for_its_head() {
    let mut stream = start(Limits::default(), &Shutdown::new());
    let began = Instant::now();
    stream.write_all(b"POST / HTTP/1.1\r\n").await.unwrap();
    tokio::time::sleep(Duration::from_secs(8)).await;
    stream.write_all(b"host: x\r\ncontent-length: 9\r\n\r\nhalf").await.unwrap();
    assert!(read_to_end(&mut stream).await.starts_with("HTTP/1.1 408"));
    assert!(began.elapsed() < Duration::from_secs(22), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_an_end_ends_with_the_server() {
    let shutdown = Shutdown::new();
    let mut stream = start(Limits::default(), &shutdown);
    stream.write_all(&get("/ever/100000")).await.unwrap();
    let began = Instant::now();
    assert_eq!(shutdown.finish(Duration::from_secs(3_600)).await, 0);
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
}
