//! What a peer makes the server hold is counted, bounded, and given back.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use manywire_core::{Limits, Memory};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Bytes, Message};

use crate::server::TestServer;
use crate::websocket::{connect, connect_by_pipe};

/// Waits until the process holds no more than this.
async fn until_held(memory: &Memory, most: usize) {
    let falls = async {
        while memory.held() > most {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), falls).await.expect("the memory is still held");
}

fn ping(id: usize, bytes: usize) -> String {
    format!(r#"{{"jsonrpc":"2.0","method":"ping","params":["{}"],"id":{id}}}"#, "x".repeat(bytes))
}

#[tokio::test(start_paused = true)]
async fn answers_that_are_never_read_are_few_and_end_their_connection() {
    let server = TestServer::start().await;
    let mut socket = connect_by_pipe(&server).await;
    let began = Instant::now();
    let mut most = 0;
    // The server reads no further once an answer waits, and leaves when it has waited for too long.
    while socket.0.send(Message::text(ping(1, 5 << 20))).await.is_ok() {
        most = most.max(server.memory.held());
    }
    assert!(most > 4 << 20 && most < 20 << 20, "{most} bytes were held");
    assert!((30..40).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    until_held(&server.memory, 0).await;
}

#[tokio::test(start_paused = true)]
async fn a_slow_and_steady_reader_gets_everything() {
    let server = TestServer::start().await;
    let mut socket = connect_by_pipe(&server).await;
    socket.send(&ping(1, 2_400_000)).await;
    let began = Instant::now();
    let (mut received, mut piece) = (0, vec![0; 19_000]);
    while received < 2_400_000 {
        let count = socket.0.get_mut().read(&mut piece).await.unwrap();
        assert!(count > 0, "the connection ended after {received} bytes");
        received += count;
        tokio::time::sleep(Duration::from_secs(25)).await;
    }
    assert!(began.elapsed() > Duration::from_secs(3_000));
}

#[tokio::test]
async fn calls_with_long_ids_are_read_only_while_there_is_room_and_are_all_answered() {
    let limits = Limits { connection_memory: 4 << 20, message_bytes: 1 << 20, ..Limits::default() };
    let server = TestServer::with_limits(limits).await;
    let (mut sink, mut messages) = connect(&server).await.0.split();
    let id = "i".repeat(200_000);
    let asking = async {
        for n in 0..100 {
            let call = format!(r#"{{"jsonrpc":"2.0","method":"sleep","params":[30],"id":"{n}{id}"}}"#);
            sink.send(Message::text(call)).await.unwrap();
        }
    };
    let reading = async {
        for _ in 0..100 {
            let answer = messages.next().await.unwrap().unwrap();
            assert!(answer.to_text().unwrap().starts_with(r#"{"jsonrpc":"2.0","result":30,"id":""#));
            assert!(server.memory.held() <= 4 << 20, "{} bytes are held", server.memory.held());
        }
    };
    tokio::join!(asking, reading);
    until_held(&server.memory, 0).await;
}

#[tokio::test]
async fn those_who_hold_halves_of_messages_do_not_shut_others_out() {
    let limits = Limits { memory: 8 << 20, stall: Duration::from_millis(300), ..Limits::default() };
    let server = TestServer::with_limits(limits).await;
    let mut holding = Vec::new();
    for _ in 0..8 {
        let mut socket = connect(&server).await;
        // The header of a masked message of 15 MiB, and 2 MiB of it.
        let head = [0x82, 0xFF, 0, 0, 0, 0, 0, 0xF0, 0, 0, 0, 0, 0, 0];
        let io = socket.0.get_mut();
        io.write_all(&head).await.unwrap();
        let (half, sending) = (vec![b' '; 2 << 20], Duration::from_millis(50));
        // What is not read stays in the socket.
        let _ = tokio::time::timeout(sending, io.write_all(&half)).await;
        holding.push(socket);
    }
    assert!(server.memory.held() <= 8 << 20);
    let mut small = connect(&server).await;
    for id in 0..10 {
        small.send(&ping(id, 100)).await;
        assert!(small.receive().await.contains("result"));
    }
    let mut closed = 0;
    for socket in &mut holding {
        if let Ok(Some(Ok(Message::Close(Some(close))))) =
            tokio::time::timeout(Duration::from_millis(500), socket.0.next()).await
        {
            assert_eq!(close.code, CloseCode::Policy);
            closed += 1;
        }
    }
    assert!(closed > 0, "all of them wait for each other");
    drop(holding);
    until_held(&server.memory, 0).await;
}

#[tokio::test]
async fn what_has_no_room_is_refused_in_the_words_of_the_wire() {
    let limits = Limits { connection_memory: 1 << 20, ..Limits::default() };
    let server = TestServer::with_limits(limits).await;
    // Values take more room than their text.
    let values =
        format!(r#"{{"jsonrpc":"2.0","method":"ping","params":[[{}0]],"id":1}}"#, "0,".repeat(100_000));
    let (status, answer) = server.post(values.as_bytes()).await;
    assert_eq!(status, 200);
    assert!(answer.contains("-32005") && answer.contains("holds too much"), "{answer}");
    let batch = |n: usize| {
        let sleeps =
            vec![
                format!(r#"{{"jsonrpc":"2.0","method":"sleep","params":[1],"id":"{}"}}"#, "i".repeat(20_000));
                n
            ];
        format!("[{}]", sleeps.join(","))
    };
    let answer = server.post(batch(15).as_bytes()).await.1;
    assert_eq!(answer.matches("\"result\":1").count(), 15);
    let answer = server.post(batch(30).as_bytes()).await.1;
    assert!(answer.matches("\"result\":1").count() > 15 && answer.contains("-32005"));
    until_held(&server.memory, 0).await;
}

#[tokio::test]
async fn an_idle_websocket_holds_nothing_that_the_process_counts() {
    let server = TestServer::start().await;
    let mut sockets = Vec::new();
    for _ in 0..20 {
        let mut socket = connect(&server).await;
        socket.send(&ping(1, 100_000)).await;
        assert!(socket.receive().await.contains("result"));
        socket.0.send(Message::Ping(Bytes::from_static(b"here?"))).await.unwrap();
        assert!(matches!(socket.0.next().await, Some(Ok(Message::Pong(_)))));
        sockets.push(socket);
    }
    assert_eq!(server.memory.held(), 0);
}
