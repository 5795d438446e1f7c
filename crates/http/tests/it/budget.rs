//! What peers make the server hold, in figures.

use std::sync::Arc;
use std::time::Duration;

use manywire_core::{Limits, Memory, Shutdown};
use manywire_http::Terms;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::Instant;

use crate::demo::started;

fn limits() -> Limits {
    Limits { connection_memory: 8 << 20, memory: 16 << 20, message_bytes: 4 << 20, ..Limits::default() }
}

/// Waits until a condition holds.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..2_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{what}");
}

#[tokio::test]
async fn a_body_is_charged_while_it_comes_and_given_back_when_its_peer_leaves() {
    let shutdown = Shutdown::new();
    let (mut stream, budget) = started(Terms::new(Arc::new(limits()), shutdown.drain()), &shutdown);
    stream.write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4000000\r\n\r\n").await.unwrap();
    stream.write_all(&vec![0; 3_000_000]).await.unwrap();
    until("3 MB are charged", || budget.held() >= 2_900_000).await;
    assert!(budget.held() <= 4_000_000, "{}", budget.held());
    drop(stream);
    until("all is given back", || budget.held() == 0).await;
}

#[tokio::test]
async fn a_small_call_is_not_charged_and_a_long_one_until_its_answer_was_read() {
    let shutdown = Shutdown::new();
    let (mut stream, budget) = started(Terms::new(Arc::new(limits()), shutdown.drain()), &shutdown);
    stream.write_all(b"GET /long/1000 HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    stream.read_exact(&mut [0; 1_000]).await.unwrap();
    assert_eq!(budget.held(), 0);
    stream.write_all(b"GET /long/4000000 HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    until("the answer is charged", || budget.held() >= 4_000_000).await;
    assert!(budget.held() < 5_000_000, "{}", budget.held());
    stream.read_exact(&mut vec![0; 4_000_000]).await.unwrap();
    until("all is given back", || budget.held() == 0).await;
}

#[tokio::test]
async fn what_is_over_the_budget_is_refused_whether_it_comes_or_goes() {
    let limits = Arc::new(Limits { connection_memory: 1 << 20, ..limits() });
    let body = vec![0; 2_000_000];
    let packed = {
        use std::io::Write as _;
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&body).unwrap();
        encoder.finish().unwrap()
    };
    let post = |headers: &str, body: &[u8]| {
        let length = body.len();
        [format!("POST / HTTP/1.1\r\nhost: x\r\n{headers}content-length: {length}\r\n\r\n").as_bytes(), body]
            .concat()
    };
    for request in [
        post("", &body),
        post("content-encoding: gzip\r\n", &packed),
        b"GET /long/2000000 HTTP/1.1\r\nhost: x\r\n\r\n".to_vec(),
    ] {
        let shutdown = Shutdown::new();
        let (stream, budget) = started(Terms::new(limits.clone(), shutdown.drain()), &shutdown);
        let (mut reading, mut writing) = tokio::io::split(stream);
        let sending = tokio::spawn(async move { writing.write_all(&request).await.map(|()| writing) });
        let mut status = [0; 12];
        reading.read_exact(&mut status).await.unwrap();
        assert_eq!(&status, b"HTTP/1.1 503");
        sending.await.unwrap().unwrap();
        drop(reading);
        until("all is given back", || budget.held() == 0).await;
    }
}

#[tokio::test]
async fn many_connections_hold_no_more_than_the_process_may_and_small_calls_are_served_meanwhile() {
    let limits = Arc::new(limits());
    let (memory, shutdown) = (Memory::new(&limits), Shutdown::new());
    let connect = || {
        let budget = memory.connection(&limits);
        started(Terms { budget, ..Terms::new(limits.clone(), shutdown.drain()) }, &shutdown).0
    };
    let mut greedy = Vec::new();
    for number in 0..64 {
        let mut stream = connect();
        let gzip = if number % 2 == 0 { "accept-encoding: gzip\r\n" } else { "" };
        let request = format!("GET /long/4000000 HTTP/1.1\r\nhost: x\r\n{gzip}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        greedy.push(stream);
    }
    until("the memory is in use", || memory.held() > 11 << 20).await;
    for _ in 0..20 {
        assert!(memory.held() <= limits.memory + 64 * (64 << 10), "{}", memory.held());
        let mut modest = connect();
        modest.write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\nhere").await.unwrap();
        let mut status = [0; 12];
        modest.read_exact(&mut status).await.unwrap();
        assert_eq!(&status, b"HTTP/1.1 200");
    }
    drop(greedy);
    until("all is given back", || memory.held() == 0).await;
}

#[tokio::test(start_paused = true)]
async fn a_body_waits_for_the_memory_of_others_and_not_for_ever() {
    let limits = Arc::new(Limits { memory: 4 << 20, ..limits() });
    let (memory, shutdown) = (Memory::new(&limits), Shutdown::new());
    for is_freed in [true, false] {
        let budget = memory.connection(&limits);
        let terms = Terms { budget, ..Terms::new(limits.clone(), shutdown.drain()) };
        let (mut stream, _) = started(terms, &shutdown);
        let others = memory.connection(&limits).charge(3_500_000).unwrap();
        let began = Instant::now();
        let length = 1_000_000;
        stream
            .write_all(format!("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n").as_bytes())
            .await
            .unwrap();
        let (mut reading, mut writing) = tokio::io::split(stream);
        let sending = tokio::spawn(async move { writing.write_all(&vec![0; length]).await });
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert!(!sending.is_finished(), "it is not read");
        let kept = (!is_freed).then_some(others);
        let mut status = [0; 12];
        reading.read_exact(&mut status).await.unwrap();
        assert_eq!(&status[9..], if is_freed { b"200" } else { b"503" });
        assert!(began.elapsed() < Duration::from_secs(11), "{:?}", began.elapsed());
        drop((reading, kept));
        sending.abort();
        until("all is given back", || memory.held() == 0).await;
    }
}
