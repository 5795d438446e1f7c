//! What a peer makes the server hold is counted, bounded, and given back.

use std::time::Duration;

use manywire_core::Limits;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{Instant, sleep, timeout};

use crate::peers::{Server, service};
use crate::raw::{Peer, event, message, request};
use crate::streams::counting;

/// A call of `echo` with so many bytes.
fn echo(id: &str, bytes: usize) -> Vec<u8> {
    let length = u32::try_from(bytes).unwrap().to_be_bytes();
    request(id, "echo", &[&b"\x91\xc6"[..], &length, &vec![b'x'; bytes]].concat())
}

/// Waits until nothing is held any more.
async fn until_freed(server: &Server) {
    let falls = async {
        while server.memory.held() > 0 {
            sleep(Duration::from_millis(1)).await;
        }
    };
    let held = || panic!("{} bytes are still held", server.memory.held());
    timeout(Duration::from_secs(20), falls).await.unwrap_or_else(|_| held());
}

/// The next client is served, and within a second.
async fn assert_serves(server: &Server) {
    let call = async {
        let mut peer = Peer::ready(server).await;
        peer.send(&request("well", "add", b"\x92\x01\x02")).await;
        peer.event().await.unwrap()
    };
    let answer = timeout(Duration::from_secs(1), call).await;
    assert_eq!(answer.expect("the next client waits"), "\\xa2OK\\x91\\x03");
}

#[tokio::test(start_paused = true)]
async fn answers_that_are_never_read_are_few_and_end_their_connection() {
    let server = Server::start().await;
    let mut peer = Peer::by_pipe(&server).await;
    let began = Instant::now();
    let mut most = 0;
    // The server reads no further once an answer waits, and leaves when it has waited for too long.
    while peer.io.write_all(&echo("e", 5 << 20)).await.is_ok() {
        most = most.max(server.memory.held());
    }
    assert!(most > 4 << 20 && most < 30 << 20, "{most} bytes were held");
    assert!((30..40).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    until_freed(&server).await;
}

#[tokio::test(start_paused = true)]
async fn a_slow_and_steady_reader_gets_everything() {
    let server = Server::start().await;
    let mut peer = Peer::by_pipe(&server).await;
    peer.send(&echo("e", 2_400_000)).await;
    let began = Instant::now();
    let (mut received, mut piece) = (0, vec![0; 19_000]);
    while received < 2_400_000 {
        let count = peer.io.read(&mut piece).await.unwrap();
        assert!(count > 0, "the connection ended after {received} bytes");
        received += count;
        sleep(Duration::from_secs(25)).await;
    }
    assert!(began.elapsed() > Duration::from_secs(3_000));
}

#[tokio::test]
async fn those_who_hold_halves_of_messages_do_not_shut_others_out() {
    let limits = Limits { memory: 8 << 20, stall: Duration::from_millis(300), ..Limits::default() };
    let server = Server::with(service(), limits).await;
    let mut holding = Vec::new();
    for _ in 0..8 {
        let mut peer = Peer::ready(&server).await;
        // The header of a frame of 15 MiB, and 2 MiB of it. What is not read stays in the socket.
        let half = [&b"\x01\x00\x02\0\0\0\0\x00\xf0\0\0"[..], &vec![0; 2 << 20]].concat();
        let _ = timeout(Duration::from_millis(50), peer.io.write_all(&half)).await;
        holding.push(peer);
    }
    assert!(server.memory.held() <= 9 << 20, "{}", server.memory.held());
    assert_serves(&server).await;
    let mut closed = 0;
    for peer in &mut holding {
        closed += usize::from(timeout(Duration::from_millis(500), peer.closed()).await.is_ok());
    }
    assert!(closed > 0, "all of them wait for each other");
    drop(holding);
    until_freed(&server).await;
}

#[tokio::test]
async fn what_has_no_room_is_refused_and_the_next_call_is_not() {
    let limits = Limits { connection_memory: 1 << 20, ..Limits::default() };
    let server = Server::with(service(), limits).await;
    let mut peer = Peer::ready(&server).await;
    // Values take more room than their bytes.
    let values = [&b"\x91\xdd\x00\x01\x00\x00"[..], &[0xc0; 1 << 16]].concat();
    peer.send(&request("many", "echo", &values)).await;
    let refused = peer.event().await.unwrap();
    assert!(refused.contains("holds too much"), "{refused}");
    peer.send(&request("few", "add", b"\x92\x01\x02")).await;
    assert_eq!(peer.event().await.unwrap(), "\\xa2OK\\x91\\x03");
}

#[tokio::test]
async fn calls_that_wait_are_charged_with_their_envelopes_and_given_back() {
    let server = Server::start().await;
    let mut peer = Peer::ready(&server).await;
    // As much as may come before a message: brokers put identities there.
    let envelope = [&[1, 255][..], &[b'i'; 255]].concat().repeat(3);
    for n in 0..500 {
        let call = event(&format!("{n:0200}"), None, "sleep", b"\x91\xcd\xea\x60");
        peer.send(&[&envelope[..], &message(&call)].concat()).await;
    }
    let grows = async {
        while server.memory.held() < 500 * 1_400 {
            sleep(Duration::from_millis(1)).await;
        }
    };
    let held = || panic!("only {} bytes are held", server.memory.held());
    timeout(Duration::from_secs(20), grows).await.unwrap_or_else(|_| held());
    assert!(server.memory.held() < 500 * 4_000, "{} bytes are held", server.memory.held());
    // A peer that is gone waits for nothing.
    drop(peer);
    until_freed(&server).await;
}

#[tokio::test]
async fn frames_without_end_hold_next_to_nothing() {
    let server = Server::start().await;
    // PINGs whose answers are not read, empty messages, and grants for streams that are not there.
    let grant = message(&event("m", Some("none"), "_zpc_more", b"\x91\x02"));
    for frames in
        [b"\x04\x07\x04PING\0\0".repeat(200_000), grant.repeat(20_000), b"\x04\x05\x04NONE".repeat(200_000)]
    {
        let mut peer = Peer::ready(&server).await;
        let mut most = 0;
        for piece in frames.chunks(64 << 10) {
            if timeout(Duration::from_millis(300), peer.io.write_all(piece)).await.is_err() {
                break;
            }
            most = most.max(server.memory.held());
        }
        assert!(most < 1 << 20, "{most} bytes were held");
        assert_serves(&server).await;
        drop(peer);
        until_freed(&server).await;
    }
}

#[tokio::test(start_paused = true)]
async fn streams_whose_items_are_never_read_end_with_their_connection() {
    let (methods, ..) = counting();
    let server = Server::with(methods, Limits::default()).await;
    let mut peer = Peer::by_pipe(&server).await;
    let began = Instant::now();
    let mut most = 0;
    for n in 0.. {
        let id = format!("s{n}");
        let grant = message(&event("m", Some(&id), "_zpc_more", b"\x91\xce\xff\xff\xff\xff"));
        if peer.io.write_all(&[request(&id, "count", b"\x90"), grant].concat()).await.is_err() {
            break;
        }
        most = most.max(server.memory.held());
    }
    assert!(most > 64 << 10 && most < 4 << 20, "{most} bytes were held");
    assert!((30..40).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    until_freed(&server).await;
}
