//! How the server ends.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::{Server, get};

fn sleep_call(ms: u32) -> String {
    format!(r#"{{"method":"js.J","params":["now"],"id":0}}{{"method":"Demo.Sleep","params":[{ms}],"id":1}}"#)
}

/// Starts a slow call, and returns once it is under way.
fn start_sleeping(server: &Server, ms: u32) -> TcpStream {
    let mut stream = server.connect("any");
    stream.write_all(sleep_call(ms).as_bytes()).unwrap();
    let mut first = [0; 41];
    stream.read_exact(&mut first).unwrap();
    stream
}

#[test]
fn a_drain_finishes_calls_refuses_new_ones_and_exits_0() {
    let mut server = Server::start(&["any", "ops"], &[]);
    let mut busy = start_sleeping(&server, 1_500);
    let mut idle = server.connect("any");
    idle.write_all(br#"{"method":"js.J","params":["x"],"id":1}"#).unwrap();
    idle.read_exact(&mut [0; 35]).unwrap();
    server.signal(Signal::TERM);
    idle.read_to_end(&mut Vec::new()).unwrap();
    let draining = get(server.connect("ops"), "/readyz");
    assert!(draining.starts_with("HTTP/1.1 503"), "{draining}");
    // The listener closes a moment after readiness is gone; no new connections from then on.
    while TcpStream::connect(server.address("any")).is_ok() {}
    let mut answer = String::new();
    busy.read_to_string(&mut answer).unwrap();
    assert!(answer.contains(r#"{"id":1,"result":1500,"error":null}"#), "{answer}");
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}

#[test]
fn what_takes_longer_than_the_drain_limit_is_cut() {
    let mut server = Server::start(&["any"], &["--drain", "100ms"]);
    let mut busy = start_sleeping(&server, 60_000);
    let started = Instant::now();
    server.signal(Signal::INT);
    busy.read_to_end(&mut Vec::new()).unwrap();
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
    assert!(started.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let mut server = Server::start(&["any", "ops"], &["--drain", "10m"]);
    let _busy = start_sleeping(&server, 60_000);
    server.signal(Signal::TERM);
    while !get(server.connect("ops"), "/readyz").starts_with("HTTP/1.1 503") {}
    server.signal(Signal::TERM);
    assert!(server.child.wait().unwrap().success());
}
