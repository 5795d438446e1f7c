//! What an event's header says of its call.

use std::time::{Duration, Instant};

use manywire_core::{Context, Empty, Limits, Methods, RpcError, current_deadline, hand_on};
use manywire_zerorpc::Client;

use crate::peers::{Server, run_python};
use crate::raw::{Peer, message};

/// A method that tells what came beside its call, and some that never answer.
fn methods() -> Methods {
    let mut methods = Methods::new();
    methods.add("trace", "Says what x-trace is.", |context: Context, _: Empty| async move {
        let trace = context.metadata().text("x-trace").unwrap_or("none").to_owned();
        Ok(format!("{trace}, {}", current_deadline().is_some()))
    });
    methods.add("never", "Never answers.", |_: Empty| std::future::pending::<Result<i64, RpcError>>());
    methods.add_stream("silent", "Has no items.", |_: Empty| {
        futures_util::stream::pending::<Result<i64, RpcError>>()
    });
    methods
}

/// A call of `trace` with these entries in its header, as msgpack, beside the protocol's two.
fn call(name: &str, entries: &[&[u8]]) -> Vec<u8> {
    let mut payload = vec![0x93, 0x82 + entries.len() as u8];
    payload.extend(b"\xaamessage_id\xc4\x02id\xa1v\x03");
    payload.extend(entries.concat());
    payload.push(0xA0 | name.len() as u8);
    payload.extend(name.as_bytes());
    payload.push(0x90);
    message(&payload)
}

const TRACE: &[u8] = b"\xa7x-trace\xa17";
/// An eighth of a second.
const TIMEOUT: &[u8] = b"\xa7timeout\xcb\x3f\xc0\0\0\0\0\0\0";

#[tokio::test]
async fn its_entries_reach_the_method_as_metadata() {
    let mut peer = Peer::ready(&Server::with(methods(), Limits::default()).await).await;
    peer.send(&call("trace", &[TRACE])).await;
    assert_eq!(peer.event().await.unwrap(), "\\xa2OK\\x91\\xa87, false");
    peer.send(&call("trace", &[b"\xa7timeout\x3c", b"\xa1z\x90"])).await;
    assert_eq!(peer.event().await.unwrap(), "\\xa2OK\\x91\\xaanone, true");
}

#[tokio::test]
async fn its_timeout_ends_the_call_or_the_stream() {
    let mut peer = Peer::ready(&Server::with(methods(), Limits::default()).await).await;
    for name in ["never", "silent"] {
        peer.send(&call(name, &[TRACE, TIMEOUT])).await;
        let error = peer.event().await.unwrap();
        assert!(
            error.starts_with("\\xa3ERR") && error.contains("the deadline of the call passed"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_malformed_timeout_is_an_error_of_its_call_and_the_connection_lives() {
    let mut peer = Peer::ready(&Server::with(methods(), Limits::default()).await).await;
    for wrong in [&b"\xa7timeout\xff"[..], b"\xa7timeout\xa45sec", b"\xc4\x07timeout\xc0"] {
        peer.send(&call("trace", &[wrong])).await;
        let error = peer.event().await.unwrap();
        assert!(error.contains("the timeout in the header of an event is a number of seconds"), "{error}");
    }
    peer.send(&call("trace", &[])).await;
    assert_eq!(peer.event().await.unwrap(), "\\xa2OK\\x91\\xabnone, false");
}

#[tokio::test]
async fn our_client_hands_a_deadline_on() {
    let server = Server::with(methods(), Limits::default()).await;
    let client = Client::connect(&server.url(), &Limits::default()).await.unwrap();
    assert_eq!(client.call("trace", vec![]).await.unwrap(), "none, false".into());
    let deadline = Instant::now() + Duration::from_secs(60);
    assert_eq!(hand_on(deadline, client.call("trace", vec![])).await.unwrap(), "none, true".into());
}

#[tokio::test]
async fn what_a_python_client_puts_there_arrives() {
    let server = Server::with(methods(), Limits::default()).await;
    let script = r#"
class Tracer:
    def client_before_request(self, event):
        event.header["x-trace"] = "7"
        event.header["timeout"] = 30.5

context = zerorpc.Context()
context.register_middleware(Tracer())
client = zerorpc.Client(sys.argv[1], context=context)
assert client.trace() == "7, true", client.trace()
"#;
    run_python(script, &server.url()).await;
}
