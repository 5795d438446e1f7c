//! What HTTP adds: methods, content types, compression, keep-alive.

use std::io::{Read as _, Write as _};
use std::num::NonZeroU32;

use flate2::read::GzDecoder;
use flate2::write::{GzEncoder, ZlibEncoder};
use manywire_core::Limits;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::server::{TestServer, split};

const CALL: &[u8] = br#"{"jsonrpc":"2.0","method":"add","params":[1,2],"id":1}"#;
const ANSWER: &str = r#"{"jsonrpc":"2.0","result":3,"id":1}"#;

async fn exchange(server: &TestServer, request: &[u8]) -> Vec<u8> {
    let (mut stream, mut answer) = (server.connect().await, Vec::new());
    stream.write_all(request).await.unwrap();
    stream.shutdown().await.unwrap();
    stream.read_to_end(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn any_content_type_will_do() {
    let server = TestServer::start().await;
    for header in
        ["", "content-type: text/plain\r\n", "content-type: application/json-rpc; charset=UTF-8\r\n"]
    {
        assert_eq!(server.post_as(header, CALL).await, (200, ANSWER.to_owned()), "{header}");
    }
}

#[tokio::test]
async fn bodies_may_be_compressed() {
    let server = TestServer::start().await;
    let mut gzip = GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(CALL).unwrap();
    let (status, body) = server.post_as("content-encoding: gzip\r\n", &gzip.finish().unwrap()).await;
    assert_eq!((status, body.as_str()), (200, ANSWER));

    let mut deflate = ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    deflate.write_all(CALL).unwrap();
    let (status, body) = server.post_as("content-encoding: deflate\r\n", &deflate.finish().unwrap()).await;
    assert_eq!((status, body.as_str()), (200, ANSWER));
}

#[tokio::test]
async fn a_long_answer_is_compressed_where_that_is_accepted() {
    let server = TestServer::start().await;
    let text = "long ".repeat(1000);
    let body = format!(r#"{{"jsonrpc":"2.0","method":"ping","params":["{text}"],"id":1}}"#);
    let head = format!(
        "POST / HTTP/1.1\r\nhost: x\r\naccept-encoding: gzip\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let answer = exchange(&server, &[head.as_bytes(), body.as_bytes()].concat()).await;
    let end = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap() + 4;
    assert!(String::from_utf8_lossy(&answer[..end]).contains("content-encoding: gzip"));
    let mut unpacked = String::new();
    GzDecoder::new(&answer[end..]).read_to_string(&mut unpacked).unwrap();
    assert!(unpacked.contains(&text));
}

#[tokio::test]
async fn get_is_refused_with_what_is_allowed() {
    let server = TestServer::start().await;
    let answer =
        String::from_utf8(exchange(&server, b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await)
            .unwrap();
    assert_eq!(split(&answer).0, 405);
    assert!(answer.contains("allow: POST\r\n"), "{answer}");
}

#[tokio::test]
async fn requests_follow_each_other_on_one_connection() {
    let server = TestServer::start().await;
    let one = format!("POST /any/path HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", CALL.len());
    let chunked = format!(
        "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{{\r\n{:x}\r\n",
        CALL.len() - 1
    );
    let all = [one.as_bytes(), CALL, one.as_bytes(), CALL, chunked.as_bytes(), &CALL[1..], b"\r\n0\r\n\r\n"]
        .concat();
    let answer = String::from_utf8(exchange(&server, &all).await).unwrap();
    assert_eq!(answer.matches(ANSWER).count(), 3, "{answer}");
}

#[tokio::test]
async fn notifications_run() {
    let server = TestServer::start().await;
    let body = br#"{"jsonrpc":"2.0","method":"add","params":[1,2]}"#;
    assert_eq!(server.post(body).await, (204, String::new()));
    // jsonrpclib's client takes anything but 200 for a failure; either of these says that it is one.
    for header in
        ["content-type: application/json-rpc\r\n", "user-agent: jsonrpclib/1.2.0 (Python 3.11.7)\r\n"]
    {
        assert_eq!(server.post_as(header, body).await, (200, String::new()));
    }
    assert_eq!(server.metrics.calls_of("add"), 3);
}

#[tokio::test]
async fn subscriptions_need_a_websocket() {
    let server = TestServer::start().await;
    for method in ["subscribe_ticks", "unsubscribe_ticks", "ticks"] {
        let body = format!(r#"{{"jsonrpc":"2.0","method":"{method}","id":1}}"#);
        let (status, answer) = server.post(body.as_bytes()).await;
        assert_eq!(status, 200);
        assert!(answer.contains("-32601") && answer.contains("WebSocket"), "{answer}");
    }
}

#[tokio::test]
async fn all_methods_are_listed() {
    let server = TestServer::start().await;
    let (_, answer) = server.post(br#"{"jsonrpc":"2.0","method":"system.listMethods","id":1}"#).await;
    for name in ["add", "Arith.Multiply", "subscribe_ticks", "unsubscribe_ticks", "system.methodHelp"] {
        assert!(answer.contains(&format!("\"{name}\"")), "{name} is missing in {answer}");
        let call =
            format!(r#"{{"jsonrpc":"2.0","method":"system.methodSignature","params":["{name}"],"id":1}}"#);
        assert!(server.post(call.as_bytes()).await.1.contains("[["), "{name} has no signature");
    }
}

#[tokio::test]
async fn a_rate_limit_counts_the_calls_of_a_batch() {
    let limits = Limits { calls_per_second: NonZeroU32::new(2), ..Limits::default() };
    let server = TestServer::with_limits(limits).await;
    let call = std::str::from_utf8(CALL).unwrap();
    let (_, answer) = server.post(format!("[{call},{call},{call},{call}]").as_bytes()).await;
    assert_eq!((answer.matches("result").count(), answer.matches("-32005").count()), (2, 2), "{answer}");
}
