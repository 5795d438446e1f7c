//! WebSockets: subscriptions, order, limits, and how they end.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use manywire_core::{Limits, Value};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, DuplexStream};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Bytes, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::server::TestServer;

/// A WebSocket as a peer of ours would have it, without any JSON-RPC client around it.
pub(crate) struct Socket<IO = TcpStream>(pub(crate) WebSocketStream<IO>);

pub(crate) async fn connect(server: &TestServer) -> Socket {
    Socket(client_async(server.url("ws"), server.connect().await).await.unwrap().0)
}

/// The same through a pipe, for tests in which time is not real.
pub(crate) async fn connect_by_pipe(server: &TestServer) -> Socket<DuplexStream> {
    Socket(client_async(server.url("ws"), server.pipe(64 << 10)).await.unwrap().0)
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Socket<IO> {
    pub(crate) async fn send(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.unwrap();
    }

    pub(crate) async fn receive(&mut self) -> String {
        match self.next().await {
            Message::Text(text) => text.to_string(),
            other => panic!("no text came: {other:?}"),
        }
    }

    async fn next(&mut self) -> Message {
        let next = tokio::time::timeout(Duration::from_secs(10), self.0.next()).await;
        next.expect("nothing came").expect("the connection ended").unwrap()
    }

    async fn closed_with(&mut self) -> CloseCode {
        loop {
            match self.next().await {
                Message::Close(frame) => return frame.unwrap().code,
                Message::Text(_) => {}
                other => panic!("no close came: {other:?}"),
            }
        }
    }
}

fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

const SUBSCRIBE: &str = r#"{"jsonrpc":"2.0","method":"subscribe_ticks","id":1}"#;

#[tokio::test]
async fn ticks_come_until_they_are_unsubscribed() {
    let server = TestServer::start().await;
    let mut socket = connect(&server).await;
    socket.send(SUBSCRIBE).await;
    assert_eq!(socket.receive().await, r#"{"jsonrpc":"2.0","result":1,"id":1}"#);
    for n in 1..=3 {
        let tick = value(&socket.receive().await);
        assert_eq!(tick.get("method").and_then(Value::as_str), Some("ticks"));
        assert_eq!((tick.get("jsonrpc"), tick.get("id")), (Some(&Value::from("2.0")), None));
        let params = tick.get("params").unwrap();
        assert_eq!(params.get("subscription"), Some(&Value::Int(1)));
        let result = params.get("result").unwrap();
        assert_eq!(result.get("n"), Some(&Value::Int(n)));
        assert!(result.get("unix_seconds").and_then(Value::as_i64).unwrap() > 1_600_000_000);
    }
    let unsubscribe = |id: i64, subscription: i64| {
        format!(r#"{{"jsonrpc":"2.0","method":"unsubscribe_ticks","params":[{subscription}],"id":{id}}}"#)
    };
    for (id, subscription, ended) in [(2, 7, false), (3, 1, true), (4, 1, false)] {
        socket.send(&unsubscribe(id, subscription)).await;
        let answer = loop {
            let text = socket.receive().await;
            if !text.contains("\"method\"") {
                break text;
            }
            assert!(id < 4, "a tick came after the subscription's end");
        };
        assert_eq!(answer, format!(r#"{{"jsonrpc":"2.0","result":{ended},"id":{id}}}"#));
    }
}

#[tokio::test]
async fn a_stream_tells_its_end_and_its_errors() {
    let server = TestServer::start().await;
    let mut socket = connect(&server).await;
    let range = |step: i64| {
        format!(r#"{{"jsonrpc":"2.0","method":"subscribe_streaming_range","params":[0,3,{step}],"id":1}}"#)
    };
    socket.send(&range(2)).await;
    assert_eq!(socket.receive().await, r#"{"jsonrpc":"2.0","result":1,"id":1}"#);
    for tail in
        [r#""result":0}}"#, r#""result":2}}"#, r#""error":{"code":0,"message":"the stream has ended"}}}"#]
    {
        let head = r#"{"jsonrpc":"2.0","method":"streaming_range","params":{"subscription":1,"#;
        assert_eq!(socket.receive().await, format!("{head}{tail}"));
    }
    socket.send(&range(0)).await;
    let refused = socket.receive().await;
    assert!(refused.contains("-32000") && refused.contains("zero"), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn a_slow_call_blocks_no_fast_one() {
    let server = TestServer::start().await;
    let mut socket = connect_by_pipe(&server).await;
    socket.send(r#"{"jsonrpc":"2.0","method":"sleep","params":[300],"id":"slow"}"#).await;
    socket.send(r#"{"jsonrpc":"2.0","method":"sleep","params":[0],"id":"fast"}"#).await;
    assert!(socket.receive().await.contains("fast"));
    assert!(socket.receive().await.contains("slow"));
}

#[tokio::test]
async fn binary_messages_and_pings_are_answered() {
    let server = TestServer::start().await;
    let mut socket = connect(&server).await;
    let call = Bytes::from_static(br#"{"jsonrpc":"2.0","method":"ping","params":[7],"id":1}"#);
    socket.0.send(Message::Binary(call)).await.unwrap();
    assert_eq!(socket.receive().await, r#"{"jsonrpc":"2.0","result":7,"id":1}"#);
    socket.0.send(Message::Ping(Bytes::from_static(b"here?"))).await.unwrap();
    assert_eq!(socket.next().await, Message::Pong(Bytes::from_static(b"here?")));
    socket.send("").await;
    assert!(socket.receive().await.contains("-32700"));
}

#[tokio::test]
async fn a_close_is_answered() {
    let server = TestServer::start().await;
    let mut socket = connect(&server).await;
    socket.send(SUBSCRIBE).await;
    socket.0.close(None).await.unwrap();
    while let Some(message) = socket.0.next().await {
        assert!(message.is_ok(), "the connection broke off: {message:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_drain_ends_streams_finishes_calls_and_says_goodbye() {
    let server = TestServer::start().await;
    let (mut idle, mut busy) = (connect_by_pipe(&server).await, connect_by_pipe(&server).await);
    idle.send(SUBSCRIBE).await;
    assert!(idle.receive().await.contains("result"));
    busy.send(r#"{"jsonrpc":"2.0","method":"sleep","params":[300],"id":"under way"}"#).await;
    busy.send(r#"{"jsonrpc":"2.0","method":"ping","params":[0],"id":"begun"}"#).await;
    assert!(busy.receive().await.contains("begun"));
    let (shutdown, _open) = (server.shutdown.clone(), server.shutdown.track());
    let finish = tokio::spawn(async move { shutdown.finish(Duration::from_secs(5)).await });
    assert_eq!(idle.closed_with().await, CloseCode::Away);
    assert!(busy.receive().await.contains("under way"));
    assert_eq!(busy.closed_with().await, CloseCode::Away);
    drop(_open);
    assert_eq!(finish.await.unwrap(), 0);
}

#[tokio::test]
async fn what_is_too_long_is_refused_with_its_code() {
    let server = TestServer::with_limits(Limits { message_bytes: 1000, ..Limits::default() }).await;
    let mut socket = connect(&server).await;
    socket.send(&"x".repeat(1001)).await;
    assert_eq!(socket.closed_with().await, CloseCode::Size);
    // However much of it is still on its way when we say so.
    let mut socket = connect(&server).await;
    socket.send(&"x".repeat(30_000_000)).await;
    assert_eq!(socket.closed_with().await, CloseCode::Size);
}

#[tokio::test]
async fn subscriptions_are_limited() {
    let server = TestServer::with_limits(Limits { in_flight: 2, ..Limits::default() }).await;
    let mut socket = connect(&server).await;
    let three = format!("[{SUBSCRIBE},{SUBSCRIBE},{SUBSCRIBE}]");
    socket.send(&three).await;
    let answer = socket.receive().await;
    assert_eq!((answer.matches("result").count(), answer.matches("-32005").count()), (2, 1), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn beyond_the_limit_of_calls_the_server_stops_reading() {
    let server = TestServer::with_limits(Limits { in_flight: 2, ..Limits::default() }).await;
    let mut socket = connect_by_pipe(&server).await;
    for id in 1..=3 {
        socket
            .send(&format!(r#"{{"jsonrpc":"2.0","method":"sleep","params":[{}],"id":{id}}}"#, 200 / id))
            .await;
    }
    socket.send(r#"{"jsonrpc":"2.0","method":"ping","params":[0],"id":4}"#).await;
    let mut order = Vec::new();
    for _ in 0..4 {
        order.push(value(&socket.receive().await).get("id").unwrap().as_i64().unwrap());
    }
    assert_eq!(order[0], 2, "the third call began before one of the first two had ended");
    assert_eq!(order.len(), 4);
}

#[tokio::test]
async fn a_peer_that_does_not_read_holds_the_stream_back() {
    let server = TestServer::start().await;
    let mut socket = connect(&server).await;
    socket
        .send(r#"{"jsonrpc":"2.0","method":"subscribe_streaming_range","params":[0,1000000000,1],"id":1}"#)
        .await;
    assert!(socket.receive().await.contains("result"));
    // Items come in order and without a gap, however long they were not read.
    for n in 0..50_000 {
        let item = socket.receive().await;
        assert!(item.ends_with(&format!("\"result\":{n}}}}}")), "{item}");
    }
    socket.send(r#"{"jsonrpc":"2.0","method":"unsubscribe_streaming_range","params":[1],"id":2}"#).await;
    while !socket.receive().await.ends_with(r#""result":true,"id":2}"#) {}
}

#[tokio::test]
async fn a_handshake_that_is_none_is_refused() {
    let server = TestServer::start().await;
    let upgrade = "connection: keep-alive, Upgrade\r\nupgrade: websocket\r\n";
    let (status, _) = server.post_as(upgrade, b"").await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn a_peer_that_never_reads_does_not_hold_a_drain_up() {
    let server = TestServer::start().await;
    let mut socket = connect(&server).await;
    socket
        .send(r#"{"jsonrpc":"2.0","method":"subscribe_streaming_range","params":[0,1000000000,1],"id":1}"#)
        .await;
    // By the time another peer has its answer, every buffer on the way to this one is full.
    server.client("ws").await.call("sleep", vec![300.into()]).await.unwrap();
    assert_eq!(server.metrics.calls_of("streaming_range"), 0);
    let (shutdown, _open) = (server.shutdown.clone(), server.shutdown.track());
    tokio::spawn(async move { shutdown.finish(Duration::from_secs(60)).await });
    let ended = async {
        while server.metrics.calls_of("streaming_range") == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), ended).await.expect("the stream still runs");
}

#[tokio::test]
async fn a_peer_that_sends_pings_and_never_reads_is_read_no_further() {
    const MUCH: usize = 64 << 20;
    let server = TestServer::start().await;
    let mut socket = connect(&server).await;
    let stream = socket.0.get_mut();
    let pings = [&[0x89, 0xFD, 0, 0, 0, 0][..], &[b'a'; 125]].concat().repeat(1_000);
    let mut sent = 0;
    // It stalls once every buffer on the way is full.
    while tokio::time::timeout(Duration::from_secs(1), stream.write_all(&pings)).await.is_ok() {
        sent += pings.len();
        assert!(sent < MUCH, "every ping was read");
    }
}
