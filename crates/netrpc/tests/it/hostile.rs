//! Peers that send noise, lies, bombs, or nothing.

use manywire_core::Limits;
use proptest::prelude::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::{Form, Server, exchange, read_all, serve};

/// A first call, as Go sends it: `Arith.Multiply` of 17 and 8.
const CALL: &[u8] = b"\x2f\xff\x81\x03\x01\x01\x07Request\x01\xff\x82\x00\x01\x02\x01\rServiceMethod\x01\x0c\x00\x01\x03Seq\x01\x06\x00\x00\x00\
    \x13\xff\x82\x01\x0eArith.Multiply\x00\x1e\xff\x83\x03\x01\x01\x04Args\x01\xff\x84\x00\x01\x02\x01\x01A\x01\x04\x00\x01\x01B\x01\x04\x00\x00\x00\
    \x07\xff\x84\x01\x22\x01\x10\x00";

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn noise_ends_that_connection_and_nothing_else(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        runtime().block_on(async {
            for form in [Form::Gob, Form::Json, Form::Connect] {
                exchange(form, &bytes).await;
            }
        });
    }

    #[test]
    fn a_call_with_bytes_changed_is_answered_or_refused(changes in proptest::collection::vec((0..CALL.len(), any::<u8>()), 1..6)) {
        let mut bytes = CALL.to_vec();
        for (at, byte) in changes {
            bytes[at] = byte;
        }
        runtime().block_on(exchange(Form::Gob, &bytes));
    }
}

#[tokio::test]
async fn a_call_cut_off_anywhere_is_dropped_quietly() {
    for length in 0..CALL.len() {
        assert_eq!(exchange(Form::Gob, &CALL[..length]).await, b"", "{length} bytes");
    }
    assert!(!exchange(Form::Gob, CALL).await.is_empty());
}

#[tokio::test]
async fn a_length_of_2_to_the_62_is_refused_before_anything_is_allocated() {
    assert_eq!(exchange(Form::Gob, b"\xf8\x40\x00\x00\x00\x00\x00\x00\x00\xff\x81").await, b"");
    // One byte over the limit, and not a byte of it sent.
    let mut stream = serve(Form::Gob, Limits::default());
    stream.write_all(b"\xfc\x01\x00\x00\x01\xff").await.unwrap();
    assert_eq!(read_all(&mut stream).await, b"");
}

#[tokio::test]
async fn deep_json_is_an_error_and_the_connection_lives_on() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let bytes =
        format!(r#"{{"method":"js.J","params":[{deep}],"id":1}}{{"method":"js.J","params":["a"],"id":2}}"#);
    let answers = String::from_utf8(exchange(Form::Json, bytes.as_bytes()).await).unwrap();
    let (first, second) = answers.split_once('\n').unwrap();
    assert_eq!(first, r#"{"id":1,"result":null,"error":"json: nested deeper than the limit of 128"}"#);
    assert_eq!(second, "{\"id\":2,\"result\":\"123,a\",\"error\":null}\n");
}

#[tokio::test]
async fn an_over_long_request_ends_the_connection() {
    let limits = Limits { message_bytes: 1_000, ..Limits::default() };
    let mut stream = serve(Form::Json, limits);
    // The server may stop reading before all of it is sent.
    let _ = stream
        .write_all(format!(r#"{{"method":"js.J","params":["{}"]}}"#, "x".repeat(2_000)).as_bytes())
        .await;
    assert_eq!(read_all(&mut stream).await, b"");
}

#[tokio::test]
async fn a_peer_that_never_reads_is_not_read_from_for_ever() {
    let mut stream = serve(Form::Json, Limits::default());
    let request = format!(r#"{{"method":"js.J","params":["{}"],"id":1}}"#, "x".repeat(1_000));
    let flood = async {
        loop {
            stream.write_all(request.as_bytes()).await.unwrap();
        }
    };
    let stuck = tokio::time::timeout(std::time::Duration::from_millis(300), flood).await;
    assert!(stuck.is_err(), "the server holds the sender back");
    let mut answers = vec![0; 100_000];
    stream.read_exact(&mut answers).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn calls_in_flight_are_limited_by_not_reading() {
    let limits = Limits { in_flight: 2, ..Limits::default() };
    let mut stream = serve(Form::Json, limits);
    stream
        .write_all(
            br#"{"method":"Demo.Sleep","params":[40],"id":1}{"method":"Demo.Sleep","params":[20],"id":2}{"method":"js.J","params":["a"],"id":3}"#,
        )
        .await
        .unwrap();
    stream.shutdown().await.unwrap();
    let answers = String::from_utf8(read_all(&mut stream).await).unwrap();
    let order: Vec<&str> = answers.lines().map(|line| &line[6..7]).collect();
    assert_eq!(order, ["2", "3", "1"], "the third waits for the second");
}

#[tokio::test]
async fn a_drain_finishes_calls_under_way_and_closes_idle_connections() {
    let server = Server::new(Limits::default());
    let (mut idle, mut busy) = (server.connect(Form::Gob), server.connect(Form::Json));
    busy.write_all(br#"{"method":"js.J","params":["a"],"id":0}{"method":"Demo.Sleep","params":[50],"id":1}"#)
        .await
        .unwrap();
    // Once the fast call is answered, the slow one is under way.
    let mut first = [0; 39];
    busy.read_exact(&mut first).await.unwrap();
    assert!(first.ends_with(
        b"}
"
    ));
    let (cut, last_words, nothing) = tokio::join!(
        server.shutdown.finish(std::time::Duration::from_secs(10)),
        read_all(&mut busy),
        read_all(&mut idle)
    );
    assert_eq!(cut, 0);
    assert_eq!(String::from_utf8(last_words).unwrap().trim(), r#"{"id":1,"result":50,"error":null}"#);
    assert_eq!(nothing, b"");
}
