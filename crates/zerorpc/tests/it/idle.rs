//! Peers that have nothing to say, and peers that begin to say something and do not go on.

use std::time::Duration;

use manywire_core::Limits;
use tokio::io::AsyncWriteExt as _;
use tokio::time::{Instant, sleep};

use crate::peers::{Server, run_python, service};
use crate::raw::{GREETING, Peer, READY, request};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_peer_that_has_shaken_hands_may_be_idle() {
    let server = Server::start().await;
    let mut peer = Peer::by_pipe(&server).await;
    for _ in 0..3 {
        sleep(3600 * SECOND).await;
        // libzmq's heartbeats are no calls.
        peer.send(b"\x04\x07\x04PING\0\0").await;
        assert_eq!(peer.frame().await.unwrap(), (4, b"\x04PONG".to_vec()));
    }
    sleep(3600 * SECOND).await;
    peer.send(&request("late", "add", b"\x92\x01\x02")).await;
    assert_eq!(peer.event().await.unwrap(), "\\xa2OK\\x91\\x03");
}

#[tokio::test(start_paused = true)]
async fn a_first_call_has_what_the_handshake_left_of_the_time() {
    let server = Server::start().await;
    let mut peer = Peer::of(server.pipe(64 << 10));
    let accepted = Instant::now();
    sleep(3 * SECOND).await;
    peer.send(GREETING).await;
    sleep(3 * SECOND).await;
    peer.send(READY).await;
    sleep(3600 * SECOND).await;
    let began = Instant::now();
    let call = request("slow", "add", b"\x92\x01\x02");
    for byte in &call[..call.len() - 1] {
        if peer.io.write_all(&[*byte]).await.is_err() {
            break;
        }
        sleep(SECOND).await;
    }
    peer.closed().await;
    assert!((4..=6).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    assert!(accepted.elapsed() > 3600 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_handshake_has_one_limit_from_when_the_connection_was_accepted() {
    let server = Server::start().await;
    for steps in [&[][..], &[&GREETING[..]], &[&GREETING[..20], &GREETING[20..], &READY[..20]]] {
        let mut peer = Peer::of(server.pipe(64 << 10));
        let accepted = Instant::now();
        for step in steps {
            sleep(3 * SECOND).await;
            peer.send(step).await;
        }
        peer.closed().await;
        assert_eq!(accepted.elapsed().as_secs(), 10, "{} steps", steps.len());
    }
}

#[tokio::test]
async fn pythons_client_keeps_the_connection_that_it_does_not_use() {
    let limits = Limits { handshake: Duration::from_millis(300), ..Limits::default() };
    let server = Server::with(service(), limits).await;
    let script = r#"
import zmq
from zmq.utils.monitor import parse_monitor_message
c = zerorpc.Client()
monitor = c._events._socket.get_monitor_socket(zmq.EVENT_DISCONNECTED | zmq.EVENT_HANDSHAKE_SUCCEEDED)
c.connect(sys.argv[1])

def next_event(patience):
    return parse_monitor_message(monitor.recv_multipart())["event"] if monitor.poll(patience) else None

assert next_event(20000) == zmq.EVENT_HANDSHAKE_SUCCEEDED
# Several times as long as the server waits for a first call that has begun.
assert next_event(1500) is None, "the server closed an idle connection"
assert c.add(1, 2) == 3
"#;
    run_python(script, &server.url()).await;
}
