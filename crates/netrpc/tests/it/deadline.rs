//! The time limit for everything before a first call is complete, from the moment a connection was accepted.

use std::time::Duration;

use manywire_core::Limits;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::time::{Instant, advance, sleep};

use crate::{Form, Server, read_all};

const SECOND: Duration = Duration::from_secs(1);
const CALL: &[u8] = br#"{"method":"js.J","params":["a"],"id":1}"#;

/// Sends a byte each second, until the server has closed or all are sent.
async fn trickle(stream: &mut DuplexStream, bytes: &[u8]) {
    for byte in bytes {
        if stream.write_all(&[*byte]).await.is_err() {
            return;
        }
        sleep(SECOND).await;
    }
}

#[tokio::test(start_paused = true)]
async fn it_began_when_the_connection_was_accepted() {
    let server = Server::new(Limits::default());
    for (form, start) in
        [(Form::Json, &b"{\"method\":"[..]), (Form::Gob, b"\x2f\xff\x81"), (Form::Connect, b"CONN")]
    {
        let accepted = Instant::now();
        // So long it took until the wire was known.
        advance(7 * SECOND).await;
        let mut stream = server.accept(form, accepted);
        stream.write_all(start).await.unwrap();
        assert_eq!(read_all(&mut stream).await, b"");
        assert_eq!(accepted.elapsed().as_secs(), 10, "{form:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_byte_now_and_then_does_not_lengthen_it() {
    let server = Server::new(Limits::default());
    for (form, call) in
        [(Form::Json, CALL), (Form::Gob, &[0x2f, 0xff, 0x81, 3, 1, 1, 7, b'R', b'e', b'q', b'u', b'e'])]
    {
        let accepted = Instant::now();
        let mut stream = server.connect(form);
        trickle(&mut stream, call).await;
        assert_eq!(read_all(&mut stream).await, b"");
        assert!((10..=12).contains(&accepted.elapsed().as_secs()), "{form:?}: {:?}", accepted.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_first_call_has_what_the_connect_left_of_it() {
    let mut stream = Server::new(Limits::default()).connect(Form::Connect);
    sleep(6 * SECOND).await;
    stream.write_all(b"CONNECT /_goRPC_ HTTP/1.0\n\n").await.unwrap();
    let mut answer = [0; 34];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.0 200 Connected to Go RPC\n\n");
    // A client that has nothing to call may rest.
    sleep(3600 * SECOND).await;
    let began = Instant::now();
    stream.write_all(b"\x2f\xff\x81").await.unwrap();
    assert_eq!(read_all(&mut stream).await, b"");
    assert_eq!(began.elapsed().as_secs(), 4);
}

#[tokio::test(start_paused = true)]
async fn after_a_first_call_there_is_none() {
    let mut stream = Server::new(Limits::default()).connect(Form::Json);
    for part in [&CALL[..10], &CALL[10..]] {
        sleep(4 * SECOND).await;
        stream.write_all(part).await.unwrap();
    }
    sleep(3600 * SECOND).await;
    trickle(&mut stream, CALL).await;
    let mut answers = vec![0; 78];
    stream.read_exact(&mut answers).await.unwrap();
    assert_eq!(answers, b"{\"id\":1,\"result\":\"123,a\",\"error\":null}\n".repeat(2));
}
