//! Peers that send what no gRPC library would.

use crate::pb::{HelloRequest, TextRequest};
use bytes::Bytes;
use http::Request;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::host::{Host, until};
use crate::peer::{Peer, frame};

const HELLO: &str = "/Greeter/SayHello";

/// The server still answers a well-behaved caller, and nothing of the others is left.
async fn is_well(host: &Host) {
    let hello = frame(&HelloRequest { name: "x".into() });
    let mut peer = Peer::connect(host).await;
    assert_eq!(peer.call(HELLO, &[], hello).await.status(), Some(0));
    drop(peer);
    until("every connection is gone", || host.shutdown.open() == 0).await;
}

#[tokio::test]
async fn a_call_cut_off_at_any_byte_is_refused() {
    let host = Host::start().await;
    let whole = frame(&HelloRequest { name: "a name".into() });
    let mut peer = Peer::connect(&host).await;
    for length in 0..whole.len() {
        let answer = peer.call(HELLO, &[], whole[..length].to_vec()).await;
        assert_ne!(answer.status(), Some(0), "{length} bytes");
        assert!(answer.status().is_some(), "{length} bytes");
    }
    let twice = [whole.clone(), whole].concat();
    assert!(peer.call(HELLO, &[], twice).await.status().is_some());
    drop(peer);
    is_well(&host).await;
}

#[tokio::test]
async fn garbage_for_messages_is_an_error_of_its_call() {
    let host = Host::start().await;
    let mut peer = Peer::connect(&host).await;
    for path in
        [HELLO, "/Greeter/PutStream", "/Greeter/AllStream", "/TypesService/Echo", "/UpFileService/UpLoad"]
    {
        for body in [
            b"\x02\0\0\0\x01x".to_vec(),
            b"\x01\0\0\0\x01x".to_vec(),
            b"\0\xff\xff\xff\xff".to_vec(),
            b"\0\0\0\0\x03\x0a\xff\xff".to_vec(),
            b"\0\0\0\0\x02\x0a\x05".to_vec(),
            b"\0\0\0\0\x04\x0a\x02\xff\xfe".to_vec(),
            vec![0x55; 5_000],
        ] {
            if path == "/TypesService/Echo" && body == b"\0\0\0\0\x04\x0a\x02\xff\xfe" {
                // Its field 1 is a number: a text under that number is one that nobody knows, and comes back.
                continue;
            }
            let answer = peer.call(path, &[], body.clone()).await;
            assert!(
                answer.status().is_some_and(|status| status != 0),
                "{path} {body:?} {:?}",
                answer.status()
            );
        }
    }
    drop(peer);
    is_well(&host).await;
    assert!(host.names().is_empty());
}

#[tokio::test]
async fn nesting_without_end_is_refused() {
    let host = Host::start().await;
    let mut message = Vec::new();
    for _ in 0..5_000 {
        // Field 2 of Nested is a Nested.
        let mut outer = vec![0x12];
        prost::encoding::encode_varint(message.len() as u64, &mut outer);
        outer.extend_from_slice(&message);
        message = outer;
    }
    let mut types = vec![0x8a, 0x01];
    prost::encoding::encode_varint(message.len() as u64, &mut types);
    types.extend_from_slice(&message);
    let mut body = vec![0];
    body.extend_from_slice(&(types.len() as u32).to_be_bytes());
    body.extend_from_slice(&types);
    let mut peer = Peer::connect(&host).await;
    let answer = peer.call("/TypesService/Echo", &[], body).await;
    assert_eq!(answer.status(), Some(13));
    drop(peer);
    is_well(&host).await;
}

#[tokio::test]
async fn headers_without_measure_are_refused() {
    let host = Host::start().await;
    let mut peer = Peer::connect(&host).await;
    let call = frame(&HelloRequest::default());
    for length in [17 << 10, 60_000] {
        let long = "x".repeat(length);
        let answer = peer.call(HELLO, &[("x-long", &long)], call.clone()).await;
        assert_eq!((answer.http_status, answer.status()), (200, Some(8)), "{length}");
        assert!(answer.message().contains("more than the limit of 16384 bytes"), "{}", answer.message());
    }
    // A little is enough to name a lot, by HPACK's table.
    let long = "x".repeat(2_000);
    let answer = peer.call(HELLO, &[("x-long", &*long); 30], call.clone()).await;
    assert_eq!(answer.status(), Some(8));
    let answer = peer.call(HELLO, &[("x-long", &*long); 60], call.clone()).await;
    assert_eq!((answer.http_status, answer.status()), (431, None), "not looked at any more");
    assert_eq!(peer.call(HELLO, &[("x-long", &*long); 7], call).await.status(), Some(0));
    drop(peer);
    is_well(&host).await;
}

#[tokio::test]
async fn a_flood_of_headers_that_never_end_is_cut_off() {
    let host = Host::start().await;
    let mut tcp = TcpStream::connect(host.address).await.unwrap();
    tcp.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    // HEADERS without END_HEADERS, then CONTINUATION after CONTINUATION of literal headers.
    let block = [&b"\x40\x01a\x7f\x81\x01"[..], &[b'x'; 256]].concat();
    let piece =
        |kind: u8| [&(block.len() as u32).to_be_bytes()[1..], &[kind, 0, 0, 0, 0, 1], &block].concat();
    let mut is_cut = tcp.write_all(&piece(1)).await.is_err();
    for _ in 0..200_000 {
        if is_cut {
            break;
        }
        is_cut = tcp.write_all(&piece(9)).await.is_err();
    }
    assert!(is_cut, "the server took 50 MB of headers");
    is_well(&host).await;
}

#[tokio::test]
async fn rapid_resets_end_the_connection() {
    let host = Host::start().await;
    let tcp = TcpStream::connect(host.address).await.unwrap();
    let (mut incoming, mut tcp) = tcp.into_split();
    let reading = tokio::spawn(async move { tokio::io::copy(&mut incoming, &mut tokio::io::sink()).await });
    tcp.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    let mut is_cut = false;
    for stream in (1..400_001_u32).step_by(2) {
        let stream = stream.to_be_bytes();
        // HEADERS: POST http /, then RST_STREAM: CANCEL.
        let headers = [&b"\0\0\x06\x01\x04"[..], &stream, b"\x83\x86\x84\x41\x01x"].concat();
        let reset = [&b"\0\0\x04\x03\0"[..], &stream, b"\0\0\0\x08"].concat();
        is_cut = tcp.write_all(&[headers, reset].concat()).await.is_err();
        if is_cut {
            break;
        }
    }
    assert!(is_cut, "the server took 200,000 resets");
    let _ = reading.await;
    is_well(&host).await;
}

#[tokio::test]
async fn bytes_that_are_no_http_close_the_connection() {
    let host = Host::start().await;
    for garbage in [
        &b"\x16\x03\x01\x02\0"[..],
        b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nnonsense that is no frame",
    ] {
        let mut tcp = TcpStream::connect(host.address).await.unwrap();
        tcp.write_all(garbage).await.unwrap();
        tcp.shutdown().await.unwrap();
        let mut answer = Vec::new();
        let _ = tcp.read_to_end(&mut answer).await;
    }
    is_well(&host).await;
}

#[tokio::test]
async fn a_reader_that_stops_holds_only_its_own_stream() {
    let host = Host::start().await;
    std::fs::write(host.data().join("big"), vec![7; 8 << 20]).unwrap();
    let mut peer = Peer::connect(&host).await;
    // Nothing of this answer is read, so its window closes; that of the connection has room for others.
    let request =
        Request::post("http://peer/FileService/DownLoad").header("content-type", "application/grpc");
    let mut ready = peer.send.clone().ready().await.unwrap();
    let (answer, mut sending) = ready.send_request(request.body(()).unwrap(), false).unwrap();
    sending.send_data(Bytes::from_static(b"\0\0\0\0\x05\x0a\x03big"), true).unwrap();
    let stalled = answer.await.unwrap();
    for _ in 0..20 {
        let chat = frame(&TextRequest { message: "still here".into() });
        assert_eq!(peer.call("/ChatService/TextChat", &[], chat).await.status(), Some(0));
    }
    assert!(
        !host
            .metrics
            .render()
            .contains(r#"manywire_calls_total{method="FileService.DownLoad",wire="grpc"} 1"#)
    );
    drop((stalled, sending, ready, peer));
    is_well(&host).await;
}
