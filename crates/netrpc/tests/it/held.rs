//! What a peer makes the server hold is counted, bounded, and given back.

use std::time::Duration;

use manywire_core::Limits;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::time::{Instant, sleep, timeout};

use crate::{Form, Server, assert_serves};

fn echo(id: usize, bytes: usize) -> String {
    format!(r#"{{"method":"js.J","params":["{}"],"id":{id}}}"#, "x".repeat(bytes))
}

#[tokio::test(start_paused = true)]
async fn answers_that_are_never_read_are_few_and_end_their_connection() {
    let server = Server::new(Limits::default());
    let mut stream = server.connect(Form::Json);
    let began = Instant::now();
    let mut most = 0;
    // The server reads no further once an answer waits, and leaves when it has waited for too long.
    while stream.write_all(echo(1, 5 << 20).as_bytes()).await.is_ok() {
        most = most.max(server.memory.held());
    }
    assert!(most > 4 << 20 && most < 30 << 20, "{most} bytes were held");
    assert!((30..40).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    server.until_freed().await;
}

#[tokio::test(start_paused = true)]
async fn a_slow_and_steady_reader_gets_everything() {
    let server = Server::new(Limits::default());
    let mut stream = server.connect(Form::Json);
    stream.write_all(echo(1, 2_400_000).as_bytes()).await.unwrap();
    let began = Instant::now();
    let (mut received, mut piece) = (0, vec![0; 19_000]);
    while received < 2_400_000 {
        let count = stream.read(&mut piece).await.unwrap();
        assert!(count > 0, "the connection ended after {received} bytes");
        received += count;
        sleep(Duration::from_secs(25)).await;
    }
    assert!(began.elapsed() > Duration::from_secs(3_000));
}

#[tokio::test]
async fn calls_with_long_ids_are_read_only_while_there_is_room_and_are_all_answered() {
    let limits = Limits { connection_memory: 4 << 20, message_bytes: 1 << 20, ..Limits::default() };
    let server = Server::new(limits);
    let (reading, mut writing) = tokio::io::split(server.connect(Form::Json));
    let id = "i".repeat(200_000);
    let asking = async {
        for n in 0..100 {
            let call = format!(r#"{{"method":"Demo.Sleep","params":[30],"id":"{n}{id}"}}"#);
            writing.write_all(call.as_bytes()).await.unwrap();
        }
    };
    let reading = async {
        let mut lines = BufReader::new(reading).lines();
        let mut most = 0;
        for _ in 0..100 {
            let answer = lines.next_line().await.unwrap().unwrap();
            assert!(answer.ends_with(r#"","result":30,"error":null}"#));
            most = most.max(server.memory.held());
        }
        assert!(most > 500_000 && most <= 4 << 20, "{most} bytes were held");
    };
    tokio::join!(asking, reading);
    drop(writing);
    server.until_freed().await;
}

#[tokio::test]
async fn those_who_hold_halves_of_messages_do_not_shut_others_out() {
    let limits = Limits { memory: 8 << 20, stall: Duration::from_millis(300), ..Limits::default() };
    for form in [Form::Json, Form::Gob] {
        let server = Server::new(limits.clone());
        let mut holding = Vec::new();
        for _ in 0..8 {
            let mut stream = server.connect(form);
            // A first call, so that there is no limit of time; then 2 MiB of 15.
            let (head, half) = match form {
                Form::Json => {
                    (r#"{"method":"js.J","params":["a"],"id":1}{"method":"#.as_bytes(), vec![b' '; 2 << 20])
                }
                _ => (&b"\xfd\xf0\x00\x00"[..], vec![0; 2 << 20]),
            };
            stream.write_all(head).await.unwrap();
            // What is not read stays in the stream.
            let _ = timeout(Duration::from_millis(50), stream.write_all(&half)).await;
            holding.push(stream);
        }
        assert!(server.memory.held() <= 9 << 20, "{form:?}: {}", server.memory.held());
        assert_serves(&server).await;
        let mut closed = 0;
        for stream in &mut holding {
            let ended = timeout(Duration::from_millis(500), stream.read_to_end(&mut Vec::new())).await;
            closed += usize::from(ended.is_ok());
        }
        assert!(closed > 0, "{form:?}: all of them wait for each other");
        drop(holding);
        server.until_freed().await;
    }
}

#[tokio::test]
async fn what_has_no_room_is_refused_and_the_next_call_is_not() {
    let limits = Limits { connection_memory: 1 << 20, ..Limits::default() };
    let mut stream = Server::new(limits).connect(Form::Json);
    // Values take more room than their text.
    let values = format!(r#"{{"method":"ping","params":[{{"x":[{}0]}}],"id":1}}"#, "0,".repeat(100_000));
    stream.write_all(values.as_bytes()).await.unwrap();
    stream.write_all(echo(2, 1).as_bytes()).await.unwrap();
    let mut lines = BufReader::new(stream).lines();
    let refused = lines.next_line().await.unwrap().unwrap();
    assert!(refused.contains("holds too much"), "{refused}");
    assert_eq!(lines.next_line().await.unwrap().unwrap(), r#"{"id":2,"result":"123,x","error":null}"#);
}
