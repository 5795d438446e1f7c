//! Peers that leave in the middle of a call.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use manywire_core::{Limits, Shutdown};
use manywire_http::{Handler, Request, Response, Terms, reply, serve};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

#[derive(Debug, PartialEq, Eq)]
enum Event {
    Began,
    Cancelled,
}

/// Answers its second call; the first one takes until a permit is there.
struct Waits {
    events: UnboundedSender<Event>,
    permit: Arc<tokio::sync::Semaphore>,
}

/// Tells of its end, unless it is forgotten.
struct Cancelled<'a>(&'a UnboundedSender<Event>);

impl Drop for Cancelled<'_> {
    fn drop(&mut self) {
        let _ = self.0.send(Event::Cancelled);
    }
}

impl Handler for Waits {
    async fn handle(&self, request: Request) -> Response {
        let _ = self.events.send(Event::Began);
        let cancelled = Cancelled(&self.events);
        self.permit.acquire().await.unwrap().forget();
        std::mem::forget(cancelled);
        reply(StatusCode::OK, "text/plain", request.uri().path().to_owned())
    }
}

struct Call {
    stream: TcpStream,
    events: UnboundedReceiver<Event>,
    permit: Arc<tokio::sync::Semaphore>,
}

/// A call that is under way.
async fn begin(request: &str) -> Call {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (tcp, _) = listener.accept().await.unwrap();
    let (sender, mut events) = unbounded_channel();
    let permit = Arc::new(tokio::sync::Semaphore::new(0));
    let waits = Waits { events: sender, permit: permit.clone() };
    tokio::spawn(async move {
        let terms = Terms::new(Arc::new(Limits::default()), Shutdown::new().drain());
        serve(tcp, waits, &terms).await;
    });
    stream.write_all(request.as_bytes()).await.unwrap();
    assert_eq!(events.recv().await, Some(Event::Began));
    Call { stream, events, permit }
}

const GET: &str = "GET /first HTTP/1.1\r\nhost: x\r\n\r\n";

#[tokio::test]
async fn a_reset_cancels_the_call_and_more_requests_do_not_hide_it() {
    for more in ["", "GET /second HTTP/1.1\r\nhost: x\r\n\r\n"] {
        let mut call = begin(&format!("{GET}{more}")).await;
        call.stream.set_zero_linger().unwrap();
        drop(call.stream);
        let event = tokio::time::timeout(Duration::from_secs(20), call.events.recv()).await;
        assert_eq!(event.unwrap(), Some(Event::Cancelled));
    }
}

#[tokio::test]
async fn requests_that_come_during_a_call_are_answered_after_it() {
    let mut call = begin(GET).await;
    for at in 0..300 {
        let more = format!("GET /{at} HTTP/1.1\r\nhost: x\r\nx-padding: {}\r\n\r\n", "x".repeat(100));
        call.stream.write_all(more.as_bytes()).await.unwrap();
    }
    call.stream.shutdown().await.unwrap();
    call.permit.add_permits(301);
    let mut answers = String::new();
    call.stream.read_to_string(&mut answers).await.unwrap();
    let bodies: Vec<&str> = answers.split("\r\n\r\n").skip(1).collect();
    assert_eq!(bodies.len(), 301);
    assert!(bodies[0].starts_with("/first") && bodies[1].starts_with("/0"), "{answers:.300}");
    assert_eq!(bodies[300], "/299");
}
