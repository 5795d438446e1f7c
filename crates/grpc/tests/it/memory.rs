//! Peers that would make the server hold more than it may, and honest ones beside them.

use std::io::Write as _;
use std::time::Duration;

use crate::pb::all_types::Nested;
use crate::pb::greeter_client::GreeterClient;
use crate::pb::{AllTypes, FileRequest, HelloRequest, StreamReqData};
use bytes::Bytes;
use futures_util::future::join_all;
use futures_util::stream;
use h2::client::ResponseFuture;
use h2::{RecvStream, SendStream};
use http::{Request, Response};
use manywire_core::Limits;
use prost::Message as _;
use tonic::Code;
use tonic::codec::CompressionEncoding::{Gzip, Zstd};

use crate::host::{Host, until};
use crate::peer::{Peer, frame};

const HELLO: &str = "/Greeter/SayHello";
const MESSAGE: usize = 1 << 20;
const CONNECTION: usize = 4 << 20;

/// A server that holds 4 MiB for a connection and 10 MiB in all, in messages of 1 MiB.
async fn tight(adjust: impl FnOnce(&mut Limits)) -> Host {
    Host::limited(|limits| {
        (limits.message_bytes, limits.connection_memory, limits.memory) = (MESSAGE, CONNECTION, 10 << 20);
        adjust(limits);
    })
    .await
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A message as it goes over the wire, compressed.
fn packed(message: &impl prost::Message) -> Vec<u8> {
    let packed = gzip(&message.encode_to_vec());
    [&[1][..], &(packed.len() as u32).to_be_bytes(), &packed].concat()
}

/// A call whose request is sent, maybe not to its end, and whose answer no one reads.
struct Unread {
    answer: ResponseFuture,
    sending: SendStream<Bytes>,
}

async fn begin(peer: &Peer, path: &str, headers: &[(&str, &str)], body: Vec<u8>, is_whole: bool) -> Unread {
    let mut request = Request::post(format!("http://peer{path}")).header("content-type", "application/grpc");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut send = peer.send.clone().ready().await.unwrap();
    let (answer, mut sending) = send.send_request(request.body(()).unwrap(), false).unwrap();
    sending.send_data(body.into(), is_whole).unwrap();
    Unread { answer, sending }
}

/// The status that came in place of an answer, if one did.
fn refusal(response: &Response<RecvStream>) -> Option<&str> {
    response.headers().get("grpc-status").map(|status| status.to_str().unwrap())
}

/// Someone else is served at once.
async fn others_are_served(host: &Host) {
    let mut peer = Peer::connect(host).await;
    let call = peer.call(HELLO, &[], frame(&HelloRequest { name: "x".into() }));
    let answer = tokio::time::timeout(Duration::from_secs(1), call).await.unwrap();
    assert_eq!(answer.status(), Some(0), "{}", answer.message());
}

async fn everything_is_given_back(host: &Host) {
    until("nothing is held", || host.memory.held() == 0).await;
    until("every connection is gone", || host.shutdown.open() == 0).await;
}

#[tokio::test]
async fn bombs_whose_answers_are_not_read_are_held_within_the_budget() {
    let host = tight(|limits| limits.stall = Duration::from_millis(200)).await;
    let bomb = packed(&HelloRequest { name: "n".repeat(900_000) });
    assert!(bomb.len() < 2_000);
    let peer = Peer::with_window(&host, 0).await;
    let mut calls = Vec::new();
    for _ in 0..60 {
        calls.push(begin(&peer, HELLO, &[("grpc-encoding", "gzip")], bomb.clone(), true).await);
        assert!(host.memory.held() <= CONNECTION, "{}", host.memory.held());
    }
    let answers = join_all(calls.iter_mut().map(|call| &mut call.answer)).await;
    let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    let held = answers.iter().filter(|answer| refusal(answer).is_none()).count();
    assert!((1..=4).contains(&held), "{held} answers of 900 kB are held");
    assert!(answers.iter().all(|answer| matches!(refusal(answer), None | Some("8"))));
    assert!(host.memory.held() <= CONNECTION, "{}", host.memory.held());
    others_are_served(&host).await;
    drop((answers, calls, peer));
    everything_is_given_back(&host).await;
}

#[tokio::test]
async fn messages_that_are_announced_and_do_not_come_are_held_within_the_budget() {
    let host = tight(|limits| {
        (limits.handshake, limits.stall) = (Duration::from_millis(300), Duration::from_millis(100));
    })
    .await;
    let mut announced = vec![0];
    announced.extend_from_slice(&(MESSAGE as u32).to_be_bytes());
    let mut peers = Vec::new();
    let mut calls = Vec::new();
    for _ in 0..4 {
        let peer = Peer::connect(&host).await;
        for path in ["/Greeter/PutStream", "/Greeter/AllStream", HELLO, "/UpFileService/UpLoad"].repeat(8) {
            calls.push(begin(&peer, path, &[], announced.clone(), false).await);
        }
        assert!(host.memory.held() <= 10 << 20, "{}", host.memory.held());
        peers.push(peer);
    }
    others_are_served(&host).await;
    // Some are refused for want of room, the others when they keep the server waiting.
    until("every one of them is ended", || {
        let text = host.metrics.render();
        let errors = text.lines().filter(|line| line.starts_with("manywire_errors_total"));
        errors.filter_map(|line| line.rsplit(' ').next()?.parse::<u32>().ok()).sum::<u32>() == 128
    })
    .await;
    let text = host.metrics.render();
    for kind in ["resource_exhausted", "deadline_exceeded"] {
        assert!(text.contains(&format!("kind=\"{kind}\"")), "{text}");
    }
    until("nothing is held", || host.memory.held() == 0).await;
    assert!(host.names().is_empty());
    drop((calls, peers));
    everything_is_given_back(&host).await;
}

#[tokio::test]
async fn a_file_that_no_one_reads_is_not_read_from_the_disk() {
    let host = tight(|_| {}).await;
    let file = host.data().join("big");
    std::fs::write(&file, vec![7; 8 << 20]).unwrap();
    let open = || {
        let open = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
        open.filter(|entry| std::fs::read_link(entry.path()).is_ok_and(|target| target == file)).count()
    };
    let peer = Peer::with_window(&host, 0).await;
    let mut calls = Vec::new();
    let download = frame(&FileRequest { name: "big".into() });
    for _ in 0..100 {
        calls.push(begin(&peer, "/FileService/DownLoad", &[], download.clone(), true).await);
        assert!(host.memory.held() <= CONNECTION, "{}", host.memory.held());
    }
    let answers = join_all(calls.iter_mut().map(|call| &mut call.answer)).await;
    let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    let begun = answers.iter().filter(|answer| refusal(answer).is_none()).count();
    // Each is charged for its file and its stream, and has read 3 KiB, or more would be charged.
    assert!((40..=64).contains(&begun), "{begun}");
    assert_eq!(open(), begun);
    let held = host.memory.held() / begun;
    assert!(held <= (64 + 8) << 10, "{held} bytes for each");
    others_are_served(&host).await;
    drop((answers, calls, peer));
    everything_is_given_back(&host).await;
    assert_eq!(open(), 0);
}

#[tokio::test]
async fn many_large_messages_at_once_wait_for_one_another_and_all_succeed() {
    let host = tight(|_| {}).await;
    let name = "n".repeat(MESSAGE - 100);
    for encoding in [None, Some(Gzip), Some(Zstd)] {
        let mut greeter = GreeterClient::new(host.channel().await).max_decoding_message_size(MESSAGE);
        if let Some(encoding) = encoding {
            greeter = greeter.send_compressed(encoding).accept_compressed(encoding);
        }
        let hellos = join_all((0..20).map(|_| {
            let (mut greeter, name) = (greeter.clone(), name.clone());
            async move { greeter.say_hello(HelloRequest { name }).await }
        }));
        for answer in hellos.await {
            assert_eq!(answer.unwrap().get_ref().message.len(), "hello ".len() + name.len());
        }
        let counts = join_all((0..6).map(|_| {
            let mut greeter = greeter.clone();
            let messages = stream::iter(vec![StreamReqData { data: name.clone() }; 4]);
            async move { greeter.put_stream(messages).await }
        }));
        for answer in counts.await {
            assert_eq!(answer.unwrap().get_ref().data, "received 4");
        }
    }
    everything_is_given_back(&host).await;
}

#[tokio::test]
async fn an_answer_over_the_limit_is_refused() {
    let host = Host::limited(|limits| limits.message_bytes = 10_000).await;
    let mut peer = Peer::connect(&host).await;
    for headers in [&[][..], &[("grpc-encoding", "gzip"), ("grpc-accept-encoding", "gzip")]] {
        let mut hello = async |length: usize| {
            let hello = HelloRequest { name: "n".repeat(length) };
            let body = if headers.is_empty() { frame(&hello) } else { packed(&hello) };
            peer.call(HELLO, headers, body).await
        };
        assert_eq!(hello(9_990).await.status(), Some(0));
        let answer = hello(9_997).await;
        assert_eq!(answer.status(), Some(Code::ResourceExhausted as i32));
        assert!(answer.message().contains("10006"), "{}", answer.message());
    }
}

#[tokio::test]
async fn who_sends_slowly_and_steadily_is_waited_for() {
    let host = tight(|limits| limits.handshake = Duration::from_millis(200)).await;
    let peer = Peer::connect(&host).await;
    let body = frame(&HelloRequest { name: "n".repeat(20_000) });
    let mut call = begin(&peer, HELLO, &[], body[..3].to_vec(), false).await;
    for piece in body[3..].chunks(500) {
        // Ten times as fast as the slowest that is allowed, and several times as long as one that sends nothing.
        tokio::time::sleep(Duration::from_millis(6)).await;
        call.sending.send_data(piece.to_vec().into(), false).unwrap();
    }
    call.sending.send_data(Bytes::new(), true).unwrap();
    let answer = call.answer.await.unwrap();
    assert_eq!(refusal(&answer), None);
    let stopped = begin(&peer, HELLO, &[], body[..1_000].to_vec(), false).await;
    assert_eq!(refusal(&stopped.answer.await.unwrap()), Some("4"));
}

#[tokio::test]
async fn what_decoding_makes_of_a_message_is_charged_before_it_is_there() {
    let host = tight(|_| {}).await;
    let numbers = |count| AllTypes { numbers: vec![1; count], ..Default::default() };
    let nested = |count| AllTypes { nested_list: vec![Nested::default(); count], ..Default::default() };
    // A number is charged for 16 bytes, and an empty message, which is three bytes here, for 96.
    for (message, is_taken) in [
        (numbers(100_000), true),
        (numbers(200_000), true),
        (numbers(300_000), false),
        (numbers(1_000_000), false),
        (nested(15_000), true),
        (nested(60_000), false),
        (nested(300_000), false),
        (AllTypes { string_value: "x".repeat(900_000), ..Default::default() }, true),
        (AllTypes { bytes_value: vec![7; 900_000].into(), ..Default::default() }, true),
    ] {
        let mut peer = Peer::connect(&host).await;
        let body = frame(&message);
        assert!(body.len() < MESSAGE);
        for headers in [&[][..], &[("grpc-encoding", "gzip")]] {
            let body = if headers.is_empty() { body.clone() } else { packed(&message) };
            let answer = peer.call("/TypesService/Echo", headers, body).await;
            let expected = if is_taken { 0 } else { Code::ResourceExhausted as i32 };
            assert_eq!(
                answer.status(),
                Some(expected),
                "{} bytes: {}",
                message.encoded_len(),
                answer.message()
            );
        }
    }
    everything_is_given_back(&host).await;
}

#[tokio::test]
async fn decoding_gets_what_other_calls_have_left() {
    let host = tight(|_| {}).await;
    let peer = Peer::with_window(&host, 0).await;
    // Answers that no one takes: two of the four MiB that the connection may hold.
    let mut unread = Vec::new();
    for _ in 0..2 {
        let hello = frame(&HelloRequest { name: "n".repeat(MESSAGE - 100) });
        unread.push(begin(&peer, HELLO, &[], hello, true).await.answer.await.unwrap());
    }
    assert!(host.memory.held() > 2_000_000, "{}", host.memory.held());
    let echo = async |numbers: usize| {
        let message = AllTypes { numbers: vec![1; numbers], ..Default::default() };
        let call = begin(&peer, "/TypesService/Echo", &[], frame(&message), true).await;
        refusal(&call.answer.await.unwrap()).map(ToOwned::to_owned)
    };
    assert_eq!(echo(200_000).await.as_deref(), Some("8"));
    assert_eq!(echo(50_000).await, None);
    assert!(host.memory.held() <= CONNECTION, "{}", host.memory.held());
    drop((unread, peer));
    everything_is_given_back(&host).await;
}
