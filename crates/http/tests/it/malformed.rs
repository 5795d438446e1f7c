//! Requests that HTTP/1.1 does not take.

use manywire_core::{Limits, Shutdown};
use tokio::io::AsyncWriteExt as _;

use crate::demo::start;
use crate::read_to_end;

async fn status(request: &str) -> u16 {
    let mut stream = start(Limits::default(), &Shutdown::new());
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let answer = read_to_end(&mut stream).await;
    answer.split(' ').nth(1).unwrap_or_else(|| panic!("{request:?}: {answer:?}")).parse().unwrap()
}

#[tokio::test]
async fn a_head_is_refused_that_could_be_read_in_two_ways() {
    for (request, expected) in [
        ("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nhi", 200),
        ("POST / HTTP/1.0\r\ncontent-length: 2\r\n\r\nhi", 200),
        ("\r\n\r\nPOST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nhi", 200),
        ("POST / HTTP/1.1\r\ncontent-length: 2\r\n\r\nhi", 400),
        ("POST / HTTP/1.1\r\nhost: x\r\nhost: y\r\ncontent-length: 2\r\n\r\nhi", 400),
        ("POST / HTTP/1.1\r\nhost: x y\r\ncontent-length: 2\r\n\r\nhi", 400),
        ("POST / HTTP/1.1\r\nhost: x:port\r\ncontent-length: 2\r\n\r\nhi", 400),
        ("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nhi", 400),
        ("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: +2\r\n\r\nhi", 400),
        ("POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", 200),
        ("POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip, chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", 501),
        (
            "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked, chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
            501,
        ),
        ("POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked, gzip\r\n\r\n2\r\nhi\r\n0\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: identity\r\n\r\nhi", 400),
        ("POST / HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nhost: x\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\nhi", 400),
        ("POST / HTTP/1.1\r\nhost: x\r\ncontent-encoding: br\r\ncontent-length: 2\r\n\r\nhi", 415),
    ] {
        assert_eq!(status(request).await, expected, "{request:?}");
    }
    let long = format!("GET / HTTP/1.1\r\nhost: x\r\nlong: {}\r\n\r\n", "x".repeat(100_000));
    assert_eq!(status(&long).await, 431);
}

#[tokio::test]
async fn a_body_that_is_announced_as_too_long_is_not_asked_for() {
    let limits = Limits { message_bytes: 1_000, ..Limits::default() };
    let mut stream = start(limits, &Shutdown::new());
    let head = "POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 1001\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let answer = read_to_end(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("connection: close"), "{answer}");
    // Nor is one that no one will read.
    let mut stream = start(Limits::default(), &Shutdown::new());
    stream.write_all(head.replace("POST / ", "POST /left ").as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let answer = read_to_end(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
}
