//! Peers that mean harm, or are broken.

use std::io::Write as _;
use std::time::Duration;

use manywire_core::Limits;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::server::{TestServer, split};

#[tokio::test]
async fn every_truncation_of_a_call_is_answered() {
    let server = TestServer::start().await;
    let call = r#"{"jsonrpc":"2.0","method":"ping","params":[{"é":[1,2.5e3,"\n"]}],"id":"x"}"#.as_bytes();
    for end in 0..call.len() {
        let (status, body) = server.post(&call[..end]).await;
        assert_eq!(status, 200);
        assert!(body.contains("-32700") && body.ends_with(r#""id":null}"#), "{end}: {body}");
    }
}

#[tokio::test]
async fn nesting_is_limited_everywhere() {
    let server = TestServer::start().await;
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let call = |value: &str| format!(r#"{{"jsonrpc":"2.0","method":"ping","params":[{value}],"id":1}}"#);
    let deepest = nested(128);
    assert!(server.post(call(&deepest).as_bytes()).await.1.contains(&deepest));
    for depth in [129, 1_000, 1_000_000] {
        let answer = server.post(call(&nested(depth)).as_bytes()).await.1;
        assert!(answer.contains("-32602") && answer.contains("nested"), "{answer}");
    }
    // As a batch, as an id, as a member that no one reads.
    assert!(server.post(nested(1_000_000).as_bytes()).await.1.contains("-32600"));
    assert!(server.post("[".repeat(1_000_000).as_bytes()).await.1.contains("-32700"));
    let id = format!(r#"{{"jsonrpc":"2.0","method":"ping","params":[1],"id":{}}}"#, nested(100_000));
    assert!(server.post(id.as_bytes()).await.1.contains("-32600"));
    let other = format!(r#"{{"jsonrpc":"2.0","method":"ping","params":[1],"id":1,"x":{}}}"#, nested(100_000));
    assert!(server.post(other.as_bytes()).await.1.contains(r#""result":1"#));
}

#[tokio::test]
async fn a_batch_of_100_000_is_refused_with_one_error() {
    let server = TestServer::start().await;
    let entry = r#"{"jsonrpc":"2.0","method":"ping","params":[1],"id":1}"#;
    let batch = |length: usize| format!("[{}]", vec![entry; length].join(","));
    let (status, answer) = server.post(batch(100_000).as_bytes()).await;
    assert_eq!(status, 200);
    assert!(answer.starts_with(r#"{"jsonrpc":"2.0","error":{"code":-32600,"#), "{answer}");
    assert!(answer.contains("100000") && answer.contains("1000 at a time"), "{answer}");
    assert_eq!(server.metrics.calls_of("ping"), 0);
    assert_eq!(server.post(batch(1_000).as_bytes()).await.1.matches("result").count(), 1_000);
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused() {
    let server = TestServer::with_limits(Limits { message_bytes: 10_000, ..Limits::default() }).await;
    let (status, answer) = server.post(&vec![b' '; 10_001]).await;
    assert_eq!(status, 413);
    assert!(answer.contains("-32600"), "{answer}");

    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    bomb.write_all(&vec![b' '; 50 << 20]).unwrap();
    let bomb = bomb.finish().unwrap();
    let server = TestServer::with_limits(Limits { message_bytes: 1 << 20, ..Limits::default() }).await;
    let (status, answer) = server.post_as("content-encoding: gzip\r\n", &bomb).await;
    assert_eq!(status, 413);
    assert!(answer.contains("-32600"), "{answer}");
    let (status, answer) = server.post_as("content-encoding: gzip\r\n", b"no gzip").await;
    assert_eq!(status, 400);
    assert!(answer.contains("-32700"), "{answer}");
}

#[tokio::test]
async fn a_body_that_stops_coming_times_out() {
    let limits = Limits { handshake: Duration::from_millis(100), ..Limits::default() };
    let server = TestServer::with_limits(limits).await;
    let (mut stream, mut answer) = (server.connect().await, String::new());
    stream.write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 50\r\n\r\n{\"jsonrpc\"").await.unwrap();
    stream.read_to_string(&mut answer).await.unwrap();
    let (status, body) = split(&answer);
    assert_eq!(status, 408);
    assert!(body.contains("-32600"), "{body}");
}

#[tokio::test]
async fn a_length_that_is_too_long_is_cut_off_with_the_connection() {
    let server = TestServer::start().await;
    let (mut stream, mut answer) = (server.connect().await, String::new());
    stream.write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 50\r\n\r\n{}").await.unwrap();
    stream.shutdown().await.unwrap();
    let _ = stream.read_to_string(&mut answer).await;
    assert!(!answer.contains("200 OK"), "{answer}");
    assert_eq!(server.post(br#"{"jsonrpc":"2.0","method":"ping","params":[1],"id":1}"#).await.0, 200);
}

#[tokio::test]
async fn noise_is_answered_or_closed_and_harms_no_one() {
    let server = TestServer::start().await;
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let call = br#"[{"jsonrpc":"2.0","method":"ping","params":[{"a":[1,-2.5e3,"\u00e9"]}],"id":"x"},{"method":"add","params":[1,2],"id":3}]"#;
    for _ in 0..500 {
        let mut body = call.to_vec();
        for _ in 0..=random() % 4 {
            let at = random() as usize % body.len();
            body[at] = random() as u8;
        }
        let (status, answer) = server.post(&body).await;
        assert_eq!(status, 200);
        assert!(answer.is_empty() || answer.starts_with(['{', '[']), "{answer}");
    }
}
