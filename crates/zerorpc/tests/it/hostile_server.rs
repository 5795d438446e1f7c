//! Servers that answer our client with lies, floods and silence: the call fails, and soon, and the next one elsewhere does not.

use std::time::{Duration, Instant};

use manywire_core::{Limits, Value};
use manywire_raw::zerorpc::answer;
use manywire_zerorpc::{Answer, Client};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::time::timeout;

use crate::peers::Server;
use crate::raw::GREETING;

const READY: &[u8] = b"\x04\x29\x05READY\x0bSocket-Type\0\0\0\x06ROUTER\x08Identity\0\0\0\0";

/// Far more than any takes without optimization on a busy machine.
const LONGEST: Duration = Duration::from_secs(10);

/// A client of a server that has shaken hands, and that server's end.
async fn client(limits: &Limits) -> (Client, DuplexStream) {
    let (ours, mut server) = duplex(1 << 20);
    let greeted = async {
        server.write_all(GREETING).await.unwrap();
        server.read_exact(&mut [0; 64]).await.unwrap();
        server.write_all(READY).await.unwrap();
        server.read_exact(&mut vec![0; READY.len()]).await.unwrap();
        server
    };
    let (client, server) = tokio::join!(Client::over(ours, "hostile", limits), greeted);
    (client.unwrap(), server)
}

/// Reads a request, and returns its id.
async fn read_id(server: &mut DuplexStream) -> Vec<u8> {
    let mut request = Vec::new();
    loop {
        assert!(server.read_buf(&mut request).await.unwrap() > 0, "no request");
        let key = b"message_id\xc4\x20";
        if let Some(at) = request.windows(key.len()).position(|window| window == key)
            && request.len() >= at + key.len() + 32
        {
            return request[at + key.len()..][..32].to_vec();
        }
    }
}

/// What the client makes of these bytes as an answer to its call, before the server closes.
async fn outcome(bytes: impl FnOnce(&[u8]) -> Vec<u8>) -> Result<Answer, String> {
    let (client, mut server) = client(&Limits::default()).await;
    let answered = async {
        let id = read_id(&mut server).await;
        // The client may hang up before it has read all.
        let _ = server.write_all(&bytes(&id)).await;
        server
    };
    let started = Instant::now();
    let call = timeout(LONGEST, client.request("echo", vec![1.into()]));
    let (outcome, _server) = tokio::join!(call, answered);
    assert!(started.elapsed() < LONGEST, "{:?}", started.elapsed());
    outcome.expect("the call is not answered").map_err(|error| error.to_string())
}

/// The next call elsewhere is answered, and within a second.
async fn assert_serves() {
    let server = Server::start().await;
    let client = Client::over(server.pipe(64 << 10), "well", &Limits::default()).await.unwrap();
    let call = client.call("add", vec![1.into(), 2.into()]);
    assert_eq!(timeout(Duration::from_secs(1), call).await.expect("it waits"), Ok(3.into()));
}

#[tokio::test]
async fn what_is_no_answer_fails_the_call_at_once() {
    let long = |flags: u8, length: u64| [&[flags][..], &length.to_be_bytes()].concat();
    let deep = [&b"\xa2OK"[..], &[0x91; 100_000], &[0xc0]].concat();
    for (bytes, said) in [
        (long(2, 1 << 62), "limit"),
        (long(2, (16 << 20) + 1), "limit"),
        (long(6, 1 << 36), "limit"),
        ([1, 0].repeat(1_000), "1024"),
        (b"\x08\x00".to_vec(), "lost remote"),
        (b"\x04\x06\x05ERROR".to_vec(), "lost remote"),
        (deep, "nested more than 128 levels"),
        (b"\xa2OK\xdd\xff\xff\xff\xff".to_vec(), "ends inside a value"),
        (b"\xa2OK\x91\xc6\xff\xff\xff\xff".to_vec(), "ends inside a value"),
        (b"\xa2OK\x91\xdf\xff\xff\xff\xff".to_vec(), "ends inside a value"),
        (b"\xa2OK\x90".to_vec(), "no event of zerorpc"),
        (b"\xa5WHAT?\x91\x01".to_vec(), "no event of zerorpc"),
    ] {
        let is_event = bytes.starts_with(b"\xa2") || bytes.starts_with(b"\xa5");
        let error =
            outcome(|id| if is_event { answer(id, &bytes) } else { bytes.clone() }).await.unwrap_err();
        assert!(error.contains(said), "{}: {error}", bytes[..bytes.len().min(40)].escape_ascii());
    }
    assert_serves().await;
}

#[tokio::test]
async fn a_stream_that_keeps_no_window_ends() {
    let items = |id: &[u8]| answer(id, b"\xa6STREAM\x07").repeat(10_000);
    let Ok(Answer::Stream(mut stream)) = outcome(items).await else { panic!("no stream") };
    assert_eq!(stream.next().await, Some(Ok(Value::Int(7))));
    let mut read = 1;
    let error = loop {
        match timeout(LONGEST, stream.next()).await.unwrap() {
            Some(Ok(_)) => read += 1,
            Some(Err(error)) => break error.to_string(),
            None => panic!("the stream ended well"),
        }
    };
    assert!(error.contains("it sent more than it may"), "{error}");
    assert!(read <= 101, "{read} items were taken");
    assert_serves().await;
}

#[tokio::test]
async fn frames_without_number_do_not_keep_an_answer_back() {
    let flood = |id: &[u8]| {
        let beats = answer(id, b"\xa7_zpc_hb\x91\x00").repeat(20_000);
        let strangers = answer(b"someone else's", b"\xa2OK\x91\x01").repeat(20_000);
        let pings = b"\x04\x07\x04PING\0\0".repeat(200_000);
        [beats, strangers, pings, answer(id, b"\xa2OK\x91\x05")].concat()
    };
    assert!(matches!(outcome(flood).await, Ok(Answer::Value(Value::Int(5)))));
    assert_serves().await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_nothing_and_one_that_stops_are_lost_in_time() {
    for start in [&b""[..], b"\x02\0\0\0\0\0\x10\0\0", b"\x01\0"] {
        let (client, mut server) = client(&Limits::default()).await;
        let began = tokio::time::Instant::now();
        let call = client.call("echo", vec![1.into()]);
        let stops = async {
            read_id(&mut server).await;
            server.write_all(start).await.unwrap();
            // Its heartbeats are read, and none comes back.
            let _ = server.read_to_end(&mut Vec::new()).await;
        };
        let error = tokio::select! {
            answer = call => answer.unwrap_err(),
            () = stops => panic!("the client hung up before it gave up"),
        };
        assert!(error.to_string().contains("no heartbeat for 10s"), "{error}");
        assert!((10..=16).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    }
}
