//! What every gRPC user expects of a server beside its methods.

use std::sync::Arc;
use std::time::Duration;

use crate::pb::greeter_client::GreeterClient;
use crate::pb::up_file_service_client::UpFileServiceClient;
use crate::pb::{HelloReply, HelloRequest, StreamReqData, UpFileRequest};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as STANDARD;
use futures_util::{StreamExt as _, stream};
use http::Request;
use manywire_core::Limits;
use manywire_grpc::pb::health::HealthCheckRequest;
use manywire_grpc::pb::health::health_client::HealthClient;
use manywire_http::{Http2, Origins};
use tonic::Code;
use tonic::codec::CompressionEncoding::{Gzip, Zstd};

use crate::host::{Host, until};
use crate::peer::{Peer, frame};

const HELLO: &str = "/Greeter/SayHello";

fn hello(name: &str) -> HelloRequest {
    HelloRequest { name: name.into() }
}

#[tokio::test]
async fn answers_are_compressed_as_their_questions_are() {
    let host = Host::start().await;
    let name = "n".repeat(100_000);
    for encoding in [Gzip, Zstd] {
        let greeter = GreeterClient::new(host.channel().await);
        let mut greeter = greeter.send_compressed(encoding).accept_compressed(encoding);
        let answer = greeter.say_hello(hello(&name)).await.unwrap();
        assert_eq!(answer.metadata().get("grpc-encoding").unwrap(), &encoding.to_string());
        assert_eq!(answer.get_ref().message.len(), 6 + name.len());
    }
    let mut peer = Peer::connect(&host).await;
    let plain = peer.call(HELLO, &[("grpc-accept-encoding", "gzip")], frame(&hello(&name))).await;
    assert_eq!((plain.status(), plain.headers.get("grpc-encoding")), (Some(0), None));
    let unknown = peer.call(HELLO, &[("grpc-encoding", "br")], frame(&hello("x"))).await;
    assert_eq!(unknown.status(), Some(Code::Unimplemented as i32));
    assert!(unknown.headers["grpc-accept-encoding"].to_str().unwrap().contains("gzip"));
}

#[tokio::test]
async fn a_bomb_stops_at_the_message_limit() {
    let host = Host::limited(|limits| limits.message_bytes = 10_000).await;
    for compressed in [false, true] {
        let mut greeter = GreeterClient::new(host.channel().await);
        if compressed {
            greeter = greeter.send_compressed(Gzip);
        }
        let status = greeter.say_hello(hello(&"n".repeat(1_000_000))).await.unwrap_err();
        assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
        let large = stream::iter([StreamReqData { data: "n".repeat(20_000) }]);
        assert_eq!(greeter.put_stream(large).await.unwrap_err().code(), Code::ResourceExhausted);
        greeter.say_hello(hello(&"n".repeat(9_000))).await.unwrap();
    }
}

#[tokio::test]
async fn a_deadline_is_kept_by_the_server() {
    let host = Host::with(|choices| choices.tick = Duration::from_secs(60), Http2::default()).await;
    let mut peer = Peer::connect(&host).await;
    // The peer never gives up by itself, so it is the server that ends these.
    let data = frame(&StreamReqData::default());
    let answer = peer.call("/Greeter/GetStream", &[("grpc-timeout", "50m")], data.clone()).await;
    assert_eq!(answer.status(), Some(Code::DeadlineExceeded as i32));
    assert_eq!(answer.body.len(), 5 + 12);
    let long = peer.call(HELLO, &[("grpc-timeout", "99999999H")], frame(&hello("x"))).await;
    assert_eq!(long.status(), Some(0));
    let answer = peer.call(HELLO, &[("grpc-timeout", "soon")], frame(&hello("x"))).await;
    assert_eq!(answer.status(), Some(Code::Internal as i32));
    assert!(answer.message().contains("grpc-timeout"), "{}", answer.message());
}

#[tokio::test]
async fn grpc_web_carries_calls_over_http_1() {
    let host = Host::with(
        |choices| choices.settings.web_origins = Origins::new(&["https://page.example".into()]).unwrap(),
        Http2::default(),
    )
    .await;
    let body = frame(&hello("web"));
    let answer = http1(
        &host,
        "POST",
        HELLO,
        "content-type: application/grpc-web+proto\r\norigin: https://page.example\r\n",
        &body,
    )
    .await;
    let text = String::from_utf8_lossy(&answer);
    assert!(text.starts_with("HTTP/1.1 200"), "{text}");
    assert!(text.contains("hello web") && text.contains("grpc-status:0"), "{text}");
    assert!(text.contains("access-control-allow-origin: https://page.example"), "{text}");

    let asked = "access-control-request-method: POST\r\naccess-control-request-headers: x-grpc-web\r\n";
    let allowed =
        http1(&host, "OPTIONS", HELLO, &format!("origin: https://page.example\r\n{asked}"), b"").await;
    assert!(String::from_utf8_lossy(&allowed).contains("access-control-allow-headers: x-grpc-web"));
    let stranger =
        http1(&host, "OPTIONS", HELLO, &format!("origin: https://evil.example\r\n{asked}"), b"").await;
    assert!(stranger.starts_with(b"HTTP/1.1 403"));

    for (kind, status) in [("application/grpc", "505"), ("text/plain", "415"), ("application/grpcx", "415")] {
        let answer = http1(&host, "POST", HELLO, &format!("content-type: {kind}\r\n"), &body).await;
        assert!(answer.starts_with(format!("HTTP/1.1 {status}").as_bytes()), "{kind}");
    }
}

#[tokio::test]
async fn grpc_web_is_answered_as_it_was_asked() {
    let host = Host::start().await;
    let body = frame(&hello("web"));
    let base64 = STANDARD.encode(&body);
    let (binary, text) = ("application/grpc-web+proto", "application/grpc-web-text+proto");
    for (sent, accepted, answered) in [
        (binary, "", binary),
        (text, "", text),
        ("application/grpc-web-text; charset=utf-8", "accept: */*\r\n", text),
        (text, "accept: text/html, application/grpc-web;q=0.5\r\n", binary),
        ("application/grpc-web", "accept: application/grpc-web-text\r\n", text),
    ] {
        let headers = format!("content-type: {sent}\r\n{accepted}");
        let body = if sent.contains("text") { base64.as_bytes() } else { &body };
        let answer = http1(&host, "POST", HELLO, &headers, body).await;
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.contains(&format!("content-type: {answered}\r\n")), "{headers} {answer}");
        let is_plain = answer.contains("hello web");
        assert_eq!(is_plain, answered == binary, "{headers} {answer}");
        // The message, with its prefix, is a piece of base64 of its own.
        let expected = STANDARD.encode(frame(&HelloReply { message: "hello web".into() }));
        assert_eq!(answer.contains(&expected), answered == text, "{headers} {answer}");
    }
}

#[tokio::test]
async fn what_grpc_servers_elsewhere_speak_too_is_refused_at_once() {
    let host = Host::start().await;
    let mut peer = Peer::connect(&host).await;
    for kind in ["application/proto", "application/connect+proto"] {
        let request = Request::post(format!("http://peer{HELLO}")).header("content-type", kind);
        let mut ready = peer.send.clone().ready().await.unwrap();
        // The request goes on, as a stream of Connect does until its answer has begun.
        let (answer, sending) = ready.send_request(request.body(()).unwrap(), false).unwrap();
        let answer = tokio::time::timeout(Duration::from_secs(2), answer).await.unwrap().unwrap();
        assert_eq!(answer.status(), 415, "{kind}");
        assert!(answer.headers()["accept"].to_str().unwrap().contains("application/grpc-web"));
        drop(sending);
    }
    let json = Request::post(format!("http://peer{HELLO}"))
        .header("content-type", "application/json")
        .header("connect-protocol-version", "1");
    let answer = peer.exchange(json.body(()).unwrap(), b"{}".to_vec()).await;
    assert_eq!(answer.http_status, 415);
    assert!(answer.body.starts_with(b"Connect is not served here"));
    let upgrade = "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
        sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-protocol: grpc-websockets\r\n";
    let answer = http1(&host, "GET", HELLO, upgrade, b"").await;
    assert!(answer.starts_with(b"HTTP/1.1 501 "), "{}", String::from_utf8_lossy(&answer));
}

/// One request on a connection of its own, and the whole answer.
async fn http1(host: &Host, method: &str, path: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut tcp = tokio::net::TcpStream::connect(host.address).await.unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n",
        body.len()
    );
    tcp.write_all(&[head.as_bytes(), body].concat()).await.unwrap();
    let mut answer = Vec::new();
    tcp.read_to_end(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_shutdown_finishes_calls_and_ends_conversations() {
    let host = Host::start().await;
    let channel = host.channel().await;
    let mut greeter = GreeterClient::new(channel.clone());
    let mut all = greeter.all_stream(stream::pending::<StreamReqData>()).await.unwrap().into_inner();
    all.next().await.unwrap().unwrap();
    let mut watch =
        HealthClient::new(channel.clone()).watch(HealthCheckRequest::default()).await.unwrap().into_inner();
    watch.next().await.unwrap().unwrap();
    let (send, sent) = tokio::sync::mpsc::channel(1);
    let pieces = stream::unfold(sent, |mut sent| async { sent.recv().await.map(|piece| (piece, sent)) });
    let mut files = UpFileServiceClient::new(channel);
    let upload = tokio::spawn(async move { files.up_load(pieces).await });
    send.send(UpFileRequest { name: "late".into(), content: "a".into() }).await.unwrap();
    until("the upload is under way", || send.capacity() == 1).await;

    let finishing = tokio::spawn({
        let shutdown = host.shutdown.clone();
        async move { shutdown.finish(Duration::from_secs(20)).await }
    });
    let ended = loop {
        match all.next().await.unwrap() {
            Ok(_) => {}
            Err(status) => break status,
        }
    };
    assert_eq!((ended.code(), ended.message()), (Code::Unavailable, "the server is shutting down"));
    assert_eq!(watch.next().await.unwrap().unwrap_err().code(), Code::Unavailable);
    assert!(!upload.is_finished());
    send.send(UpFileRequest { name: String::new(), content: "b".into() }).await.unwrap();
    drop(send);
    assert_eq!(upload.await.unwrap().unwrap().get_ref().state, "success");
    drop((greeter, all, watch));
    assert_eq!(finishing.await.unwrap(), 0);
    assert_eq!(std::fs::read(host.data().join("late")).unwrap(), b"ab");
}

#[tokio::test]
async fn an_old_connection_is_told_to_go() {
    let http2 = Http2 { max_age: Some(Duration::from_millis(50)), ..Http2::default() };
    let host = Host::with(|_| {}, http2).await;
    let mut peer = Peer::connect(&host).await;
    let answer = peer.call("/Greeter/GetStream", &[], frame(&StreamReqData::default())).await;
    assert_eq!(answer.status(), Some(0), "the call under way is finished");
    until("the server closes", || host.shutdown.open() == 0).await;
}

#[tokio::test]
async fn limits_reach_every_call() {
    let limits = Limits { in_flight: 2, ..Limits::default() };
    let host = Host::with(|choices| choices.settings.limits = Arc::new(limits), Http2::default()).await;
    let mut greeter = GreeterClient::new(host.channel().await);
    // The first answer brings the limit.
    greeter.say_hello(hello("x")).await.unwrap();
    // More calls than may be in flight wait their turn and succeed.
    let calls = (0..50).map(|n| {
        let mut greeter = greeter.clone();
        async move { greeter.say_hello(hello(&n.to_string())).await }
    });
    assert!(futures_util::future::join_all(calls).await.iter().all(Result::is_ok));
}

#[tokio::test]
async fn other_requests_are_told_what_is_here() {
    let host = Host::start().await;
    let mut peer = Peer::connect(&host).await;
    let get = Request::get("http://peer/").body(()).unwrap();
    assert_eq!(peer.exchange(get, Vec::new()).await.http_status, 415);
    let get = Request::get("http://peer/Greeter/SayHello")
        .header("content-type", "application/grpc")
        .body(())
        .unwrap();
    assert_eq!(peer.exchange(get, Vec::new()).await.http_status, 405);
    for path in ["/", "/Greeter", "/Greeter/", "//", "/grpc.testing.TestService/EmptyCall"] {
        assert_eq!(peer.call(path, &[], frame(&hello("x"))).await.status(), Some(12), "{path}");
    }
    let text = host.metrics.render();
    assert!(text.contains(r#"manywire_calls_total{method="(unknown)",wire="grpc"} 5"#), "{text}");
}
