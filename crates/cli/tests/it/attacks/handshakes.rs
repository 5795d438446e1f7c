//! Connections that never get as far as a call: one deadline for everything before the first.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use manywire_raw::{gob, http1, http2, zerorpc};

use super::Target;
use crate::tls::Files;
use crate::{Server, program};

const HANDSHAKE: Duration = Duration::from_secs(1);

/// A machine under load may be late to notice; a connection that is not closed at all stays for minutes.
const PATIENCE: Duration = Duration::from_secs(6);

/// A peer that begins, and goes on with a byte at a time.
struct Trickle {
    name: &'static str,
    begin: Vec<u8>,
    rest: Vec<u8>,
}

fn trickle(name: &'static str, begin: impl Into<Vec<u8>>, rest: impl Into<Vec<u8>>) -> Trickle {
    Trickle { name, begin: begin.into(), rest: rest.into() }
}

/// The start of a POST whose body is far from over.
fn body(headers: &str) -> Vec<u8> {
    format!("POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000\r\n{headers}\r\n").into_bytes()
}

fn peers() -> Vec<Trickle> {
    let gob = [gob::begin(gob::STRING), gob::ping(1, &gob::text(&"x".repeat(1_000)))].concat();
    let too_long =
        "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: text/xml\r\ncontent-length: 99999999\r\n\r\n";
    vec![
        trickle("silence", "", ""),
        trickle("gob", "", gob.clone()),
        trickle("gob over HTTP", "CONNECT /_goRPC_ HTTP/1.0\n\n", gob),
        trickle("JSON-RPC 1.0", "{", vec![b' '; 1_000]),
        trickle("zerorpc", "", zerorpc::begin().repeat(10)),
        trickle("HTTP/1 headers", "GET / HTTP/1.1\r\nhost: localhost\r\n", "x: y\r\n".repeat(200)),
        trickle("JSON-RPC body", body(""), vec![b' '; 1_000]),
        trickle("XML-RPC body", body("content-type: text/xml\r\n"), vec![b' '; 1_000]),
        trickle("XML-RPC body over the limit", too_long, vec![b' '; 1_000]),
        trickle("gRPC-Web body", body("content-type: application/grpc-web\r\n"), vec![0; 1_000]),
        trickle(
            "body in chunks",
            "POST / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n",
            "1\r\n \r\n".repeat(200),
        ),
        trickle("WebSocket message", http1::upgrade(""), http1::websocket_text(&" ".repeat(1_000))),
        trickle("HTTP/2 preface", http2::PREFACE, ""),
        trickle("HTTP/2 preface by bytes", "", [http2::PREFACE, &[0; 100]].concat()),
        trickle(
            "HTTP/2 body",
            [http2::begin(65_535), http2::headers(1, "/Greeter/SayHello", &[])].concat(),
            http2::data(1, &http2::message(false, &[b' '; 900])),
        ),
    ]
}

impl Trickle {
    /// How long the server lets this go on.
    fn run(&self, mut stream: TcpStream) -> Duration {
        let begun = Instant::now();
        stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        let _ = stream.write_all(&self.begin);
        let mut rest = self.rest.iter();
        let mut buffer = [0; 1024];
        while begun.elapsed() < PATIENCE {
            match stream.read(&mut buffer) {
                Ok(0) => break,
                Ok(_) => {}
                // Nothing was said for 20 ms: time for the next byte.
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => break,
            }
            if let Some(byte) = rest.next() {
                let _ = stream.write_all(&[*byte]);
            }
        }
        begun.elapsed()
    }
}

/// Runs all of them at once, and names those that went on for too long.
fn all_end(server: &Server, peers: &[Trickle]) {
    let took: Vec<Duration> = std::thread::scope(|scope| {
        let run = |peer| scope.spawn(move || Trickle::run(peer, server.connect("any")));
        let running: Vec<_> = peers.iter().map(run).collect();
        running.into_iter().map(|running| running.join().unwrap()).collect()
    });
    let late: Vec<_> =
        peers.iter().zip(took).filter(|(_, took)| *took >= PATIENCE).map(|(peer, _)| peer.name).collect();
    assert!(late.is_empty(), "still open after {PATIENCE:?}, where --handshake is {HANDSHAKE:?}: {late:?}");
}

#[test]
fn whoever_completes_no_call_is_closed_on_every_wire() {
    let target = Target::start(&["--handshake=1s"]);
    target.withstands(|server| all_end(server, &peers()));
}

#[test]
fn so_is_a_tls_handshake_without_end() {
    let files = Files::new();
    let server = Server::start_as(
        program(),
        &["any"],
        &["--handshake=1s", "--tls-cert", &files.path("cert.pem"), "--tls-key", &files.path("key.pem")],
    );
    // A record of 512 bytes with a hello of 508 in it, which never comes.
    let hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
    all_end(
        &server,
        &[
            trickle("hello", *hello, ""),
            trickle("hello by bytes", "", [&hello[..], &[0; 500]].concat()),
            trickle("one byte", [0x16], ""),
        ],
    );
}

#[test]
fn hundreds_of_them_hold_next_to_nothing() {
    let target = Target::start(&[]);
    let peers = peers();
    target.withstands(|server| {
        let begin = |peer: &Trickle| {
            let mut stream = server.connect("any");
            stream.write_all(&[&peer.begin[..], &peer.rest[..peer.rest.len() / 2]].concat()).unwrap();
            stream
        };
        (0..30).flat_map(|_| peers.iter().map(begin).collect::<Vec<_>>()).collect::<Vec<_>>()
    });
}
