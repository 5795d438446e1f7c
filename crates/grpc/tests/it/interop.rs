//! The official Go interop client, case by case, and the compression cases that it does not have.

use std::process::Stdio;

use futures_util::TryStreamExt as _;
use manywire_grpc::pb::testing::test_service_client::TestServiceClient;
use manywire_grpc::pb::testing::{
    BoolValue, Payload, ResponseParameters, SimpleRequest, StreamingInputCallRequest,
    StreamingOutputCallRequest,
};
use manywire_http::Http2;
use tokio::process::Command;
use tonic::Code;
use tonic::codec::CompressionEncoding::Gzip;

use crate::go;
use crate::host::Host;
use crate::peer::{Peer, frame};

const CASES: &[&str] = &[
    "empty_unary",
    "large_unary",
    "client_streaming",
    "server_streaming",
    "ping_pong",
    "empty_stream",
    "timeout_on_sleeping_server",
    "cancel_after_begin",
    "cancel_after_first_response",
    "status_code_and_message",
    "special_status_message",
    "custom_metadata",
    "unimplemented_method",
    "unimplemented_service",
];

async fn interop() -> Host {
    Host::with(|choices| choices.settings.interop = true, Http2::default()).await
}

#[tokio::test]
async fn the_official_go_client_passes_every_case() {
    let Some(client) = go::build("google.golang.org/grpc/interop/client") else { return };
    let host = interop().await;
    let port = host.address.port().to_string();
    for case in CASES {
        let run = Command::new(&client)
            .args([
                "--server_host=127.0.0.1",
                &format!("--server_port={port}"),
                &format!("--test_case={case}"),
            ])
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let output = tokio::time::timeout(std::time::Duration::from_secs(30), run).await.unwrap().unwrap();
        assert!(output.status.success(), "{case}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

fn yes() -> Option<BoolValue> {
    Some(BoolValue { value: true })
}

fn bytes(length: usize) -> Option<Payload> {
    Some(Payload { r#type: 0, body: vec![0; length].into() })
}

#[tokio::test]
async fn client_compressed_unary() {
    let host = interop().await;
    let plain = TestServiceClient::new(host.channel().await);
    let request = SimpleRequest {
        expect_compressed: yes(),
        response_size: 314_159,
        payload: bytes(271_828),
        ..Default::default()
    };
    let status = plain.clone().unary_call(request.clone()).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let answer = plain.send_compressed(Gzip).unary_call(request).await.unwrap().into_inner();
    assert_eq!(answer.payload.unwrap().body.len(), 314_159);
}

#[tokio::test]
async fn client_compressed_streaming() {
    let host = interop().await;
    let plain = TestServiceClient::new(host.channel().await);
    let messages = || {
        let message = |length| StreamingInputCallRequest { payload: bytes(length), expect_compressed: yes() };
        futures_util::stream::iter([message(27_182), message(45_904)])
    };
    let status = plain.clone().streaming_input_call(messages()).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let answer = plain.send_compressed(Gzip).streaming_input_call(messages()).await.unwrap();
    assert_eq!(answer.get_ref().aggregated_payload_size, 73_086);
}

#[tokio::test]
async fn server_compressed_unary() {
    let host = interop().await;
    let mut client = TestServiceClient::new(host.channel().await).accept_compressed(Gzip);
    for is_wanted in [true, false] {
        let response_compressed = Some(BoolValue { value: is_wanted });
        let request = SimpleRequest { response_compressed, response_size: 314_159, ..Default::default() };
        let answer = client.unary_call(request).await.unwrap();
        assert_eq!(answer.get_ref().payload.as_ref().unwrap().body.len(), 314_159);
    }
    let sent = |is_wanted| raw_answer(&host, "UnaryCall", unary_frame(is_wanted));
    assert_eq!(flags(&sent(true).await), [1]);
    assert_eq!(flags(&sent(false).await), [0]);
}

#[tokio::test]
async fn server_compressed_streaming() {
    let host = interop().await;
    let mut client = TestServiceClient::new(host.channel().await).accept_compressed(Gzip);
    let request = StreamingOutputCallRequest {
        response_parameters: vec![
            ResponseParameters { size: 31_415, interval_us: 0, compressed: yes() },
            ResponseParameters { size: 92_653, interval_us: 0, compressed: None },
        ],
        ..Default::default()
    };
    let answers = client.streaming_output_call(request.clone()).await.unwrap().into_inner();
    let sizes: Vec<_> =
        answers.map_ok(|answer| answer.payload.unwrap().body.len()).try_collect().await.unwrap();
    assert_eq!(sizes, [31_415, 92_653]);
    let raw = raw_answer(&host, "StreamingOutputCall", frame(&request)).await;
    assert_eq!(flags(&raw), [1, 0]);
}

fn unary_frame(is_wanted: bool) -> Vec<u8> {
    let response_compressed = Some(BoolValue { value: is_wanted });
    frame(&SimpleRequest { response_compressed, response_size: 1_000, ..Default::default() })
}

/// The answer's bytes, as they are on the wire.
async fn raw_answer(host: &Host, method: &str, request: Vec<u8>) -> Vec<u8> {
    let mut peer = Peer::connect(host).await;
    let path = format!("/grpc.testing.TestService/{method}");
    let answer = peer.call(&path, &[("grpc-accept-encoding", "gzip")], request).await;
    assert_eq!(answer.status(), Some(0));
    answer.body
}

/// The compression flag of each message.
fn flags(mut body: &[u8]) -> Vec<u8> {
    let mut flags = Vec::new();
    while let [flag, a, b, c, d, rest @ ..] = body {
        flags.push(*flag);
        body = &rest[u32::from_be_bytes([*a, *b, *c, *d]) as usize..];
    }
    flags
}
