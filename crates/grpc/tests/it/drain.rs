//! A server that winds down while its peers take nothing.

use std::time::{Duration, Instant};

use crate::pb::HelloRequest;
use bytes::Bytes;
use h2::client::ResponseFuture;
use h2::{Reason, SendStream};
use http::Request;

use crate::host::Host;
use crate::peer::{Peer, frame};

async fn begin(
    peer: &Peer,
    path: &str,
    body: Vec<u8>,
    is_whole: bool,
) -> (ResponseFuture, SendStream<Bytes>) {
    let request = Request::post(format!("http://peer{path}")).header("content-type", "application/grpc");
    let mut send = peer.send.clone().ready().await.unwrap();
    let (answer, mut sending) = send.send_request(request.body(()).unwrap(), false).unwrap();
    sending.send_data(body.into(), is_whole).unwrap();
    (answer, sending)
}

#[tokio::test]
async fn streams_that_no_one_reads_are_not_waited_for_and_calls_are() {
    let host = Host::start().await;
    let hello = frame(&HelloRequest { name: "late".into() });
    let peer = Peer::with_window(&host, 0).await;
    let mut unread = Vec::new();
    for (path, is_whole) in [
        ("/grpc.health.v1.Health/Watch", true),
        ("/Greeter/AllStream", false),
        ("/ChatService/TextChat", false),
    ] {
        // The message is empty, and good for each of them.
        let (answer, sending) = begin(&peer, path, vec![0; 5], is_whole).await;
        unread.push((path, answer.await.unwrap().into_body(), sending));
    }
    let caller = Peer::connect(&host).await;
    let (answer, mut sending) = begin(&caller, "/Greeter/SayHello", hello[..7].to_vec(), false).await;

    let began = Instant::now();
    let shutdown = host.shutdown.clone();
    let finishing = tokio::spawn(async move { shutdown.finish(Duration::from_secs(60)).await });
    for (path, body, _sending) in &mut unread {
        let ended = body.data().await.unwrap().unwrap_err();
        assert_eq!(ended.reason(), Some(Reason::CANCEL), "{path}");
    }
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    assert!(!finishing.is_finished());
    sending.send_data(hello[7..].to_vec().into(), true).unwrap();
    let mut body = answer.await.unwrap().into_body();
    assert_eq!(&body.data().await.unwrap().unwrap()[7..], b"hello late");
    assert_eq!(body.trailers().await.unwrap().unwrap()["grpc-status"], "0");
    drop((peer, unread, caller, sending, body));
    assert_eq!(finishing.await.unwrap(), 0);
}
