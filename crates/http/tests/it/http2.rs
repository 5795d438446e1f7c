//! HTTP/2: windows, streams that stand still, and bodies that no one reads.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use h2::{RecvStream, SendStream};
use http::Request;
use manywire_core::{Budget, Limits, Shutdown};
use manywire_http::Terms;
use tokio::time::Instant;

use crate::budget::until;
use crate::demo::started;

struct Client {
    requests: SendRequest<Bytes>,
    budget: Budget,
    shutdown: Shutdown,
}

impl Client {
    async fn connect(limits: Limits, window: u32) -> Self {
        let shutdown = Shutdown::new();
        let (stream, budget) = started(Terms::new(Arc::new(limits), shutdown.drain()), &shutdown);
        let mut builder = h2::client::Builder::new();
        builder.initial_window_size(window).initial_connection_window_size(1 << 30);
        let (requests, connection) = builder.handshake(stream).await.unwrap();
        tokio::spawn(connection);
        Self { requests: requests.ready().await.unwrap(), budget, shutdown }
    }

    fn get(&mut self, path: &str) -> ResponseFuture {
        let request = Request::get(format!("http://x{path}")).body(()).unwrap();
        self.requests.send_request(request, true).unwrap().0
    }

    fn post(&mut self, path: &str, content_type: &str) -> (ResponseFuture, SendStream<Bytes>) {
        let request = Request::post(format!("http://x{path}")).header("content-type", content_type);
        self.requests.send_request(request.body(()).unwrap(), false).unwrap()
    }
}

/// Reads to the end, giving the window back by so much at a time.
async fn read(body: &mut RecvStream, step: usize, pause: Duration) -> Result<usize, h2::Error> {
    let (mut received, mut owed) = (0, 0);
    loop {
        match tokio::time::timeout(pause.max(Duration::from_millis(1)), body.data()).await {
            Ok(None) => return Ok(received),
            Ok(Some(data)) => {
                let length = data?.len();
                (received, owed) = (received + length, owed + length);
            }
            Err(_) => {
                let back = step.min(owed);
                owed -= back;
                body.flow_control().release_capacity(back).unwrap();
            }
        }
    }
}

#[tokio::test]
async fn a_connection_has_128_streams() {
    let mut client = Client::connect(Limits::default(), 65_535).await;
    let answer = client.get("/long/10").await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(client.requests.current_max_send_streams(), 128);
}

#[tokio::test]
async fn too_many_headers_are_refused_in_the_words_of_their_wire() {
    let mut client = Client::connect(Limits::default(), 65_535).await;
    for (content_type, code, status) in [
        ("application/grpc", 200, Some("8")),
        ("application/grpc-web-text", 200, Some("8")),
        ("application/json", 431, None),
    ] {
        for (length, is_refused) in [(15 << 10, false), (17 << 10, true), (60 << 10, true)] {
            let request = Request::post("http://x/").header("content-type", content_type);
            let request = request.header("x-long", "x".repeat(length)).body(()).unwrap();
            let (answer, _) = client.requests.send_request(request, true).unwrap();
            let answer = answer.await.unwrap();
            let expected = if is_refused { (code, status) } else { (200, None) };
            let status = answer.headers().get("grpc-status").map(|status| status.to_str().unwrap());
            assert_eq!((answer.status().as_u16(), status), expected, "{content_type} {length}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_and_steady_reader_gets_everything() {
    let mut client = Client::connect(Limits::default(), 16_000).await;
    let began = Instant::now();
    let mut body = client.get("/long/600000").await.unwrap().into_body();
    // Less than a piece in each of the stall limits.
    assert_eq!(read(&mut body, 10_000, Duration::from_secs(20)).await.unwrap(), 600_000);
    assert!(began.elapsed() > Duration::from_secs(1_000), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_stands_still_ends_and_the_others_go_on() {
    let mut client = Client::connect(Limits::default(), 65_535).await;
    let still = client.get("/long/1000000").await.unwrap().into_body();
    let mut moving = client.get("/long/2000000").await.unwrap().into_body();
    let moved = tokio::spawn(async move { read(&mut moving, 30_000, Duration::from_secs(1)).await });
    let began = Instant::now();
    let both = client.budget.held();
    assert!(both > 3_000_000);
    while client.budget.held() > both - 1_000_000 {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert!((30..62).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    assert_eq!(moved.await.unwrap().unwrap(), 2_000_000);
    drop(still);
    let mut next = client.get("/long/10").await.unwrap().into_body();
    assert_eq!(read(&mut next, 10, Duration::from_millis(1)).await.unwrap(), 10);
    assert_eq!(client.budget.held(), 0);
}

#[tokio::test(start_paused = true)]
async fn answers_for_a_window_of_nothing_stay_within_the_budget_and_end() {
    let limits = Limits { connection_memory: 8 << 20, ..Limits::default() };
    let mut client = Client::connect(limits, 0).await;
    let began = Instant::now();
    let mut answers = Vec::new();
    for _ in 0..128 {
        answers.push(client.get("/long/1000000").await.unwrap());
        assert!(client.budget.held() <= 8 << 20);
    }
    let refused = answers.iter().filter(|answer| answer.status() == 503).count();
    assert!((120..127).contains(&refused), "{refused}");
    while client.budget.held() > 0 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(began.elapsed() < Duration::from_secs(65));
    }
    for answer in answers {
        assert_eq!(answer.into_body().data().await.unwrap().unwrap_err().reason(), Some(h2::Reason::CANCEL));
    }
    assert_eq!(client.shutdown.open(), 1, "the connection goes on");
}

#[tokio::test(start_paused = true)]
async fn what_no_one_reads_is_charged_and_has_the_window_for_its_limit() {
    let mut client = Client::connect(Limits::default(), 65_535).await;
    let mut held = Vec::new();
    for _ in 0..20 {
        let (answer, mut sending) = client.post("/held", "application/grpc");
        sending.reserve_capacity(10 << 20);
        let mut sent = 0;
        while let Ok(Some(room)) =
            tokio::time::timeout(Duration::from_secs(1), std::future::poll_fn(|cx| sending.poll_capacity(cx)))
                .await
        {
            let room = room.unwrap();
            sending.send_data(Bytes::from(vec![0; room]), false).unwrap();
            sent += room;
        }
        assert_eq!(sent, 128 << 10);
        held.push((answer, sending));
    }
    until("it is charged", || client.budget.held() >= 20 * (128 << 10)).await;
    assert_eq!(client.budget.held(), 20 * (128 << 10));
    drop(held);
    until("it is given back", || client.budget.held() == 0).await;
}

#[tokio::test(start_paused = true)]
async fn a_body_that_trickles_ends_and_a_stream_between_two_messages_does_not() {
    let message = [&[0, 0, 0, 0, 100][..], &[7; 100]].concat();
    for (content_type, sent, ends) in [
        ("application/grpc-web", &message[..50], true),
        ("application/grpc-web+proto", &[][..], true),
        ("text/xml", &message[..50], true),
        ("application/grpc", &message[..50], true),
        ("application/grpc+proto", &message[..3], true),
        ("application/grpc", &message[..], false),
        ("application/grpc", &[][..], false),
    ] {
        let mut client = Client::connect(Limits::default(), 65_535).await;
        let (answer, mut sending) = client.post("/", content_type);
        sending.send_data(Bytes::copy_from_slice(sent), false).unwrap();
        let began = Instant::now();
        let answer = tokio::time::timeout(Duration::from_secs(300), answer).await;
        match answer {
            Ok(answer) => {
                assert!(ends, "{content_type} {}", sent.len());
                assert_eq!(answer.unwrap().status(), 408);
                assert!(began.elapsed() < Duration::from_secs(12));
            }
            Err(_) => assert!(!ends, "{content_type} {}", sent.len()),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_window_of_tiny_frames_is_no_flood() {
    let mut client = Client::connect(Limits::default(), 65_535).await;
    let (answer, mut sending) = client.post("/held", "application/grpc");
    sending.reserve_capacity(128 << 10);
    for _ in 0..(128 << 10) / 13 {
        sending.send_data(Bytes::from_static(&[0; 13]), false).unwrap();
    }
    sending.send_data(Bytes::new(), true).unwrap();
    assert_eq!(answer.await.unwrap().status(), 200);
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_an_end_is_not_waited_for_when_the_server_ends() {
    let mut client = Client::connect(Limits::default(), 100).await;
    let mut endless = client.get("/ever/1000").await.unwrap().into_body();
    let (answer, mut sending) = client.post("/", "text/plain");
    let shutdown = client.shutdown.clone();
    let began = Instant::now();
    let finishing = tokio::spawn(async move { shutdown.finish(Duration::from_secs(3_600)).await });
    assert_eq!(endless.data().await.unwrap().unwrap().len(), 100, "the window");
    let ended = endless.data().await.unwrap().unwrap_err();
    assert_eq!(ended.reason(), Some(h2::Reason::CANCEL));
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    // A call that has an end is waited for.
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(!finishing.is_finished());
    sending.send_data(Bytes::from_static(b"as it came"), true).unwrap();
    let mut answer = answer.await.unwrap().into_body();
    assert_eq!(answer.data().await.unwrap().unwrap(), "as it came");
    drop((answer, endless, sending, client));
    assert_eq!(finishing.await.unwrap(), 0);
}
