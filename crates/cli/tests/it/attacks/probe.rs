//! One question to each wire, on a connection of its own, answered within a second.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use manywire_raw::{gob, http1, http2, zerorpc};

use crate::Server;

/// Names the program that is attacked, where that is not the one built with these tests.
pub(crate) const PROGRAM: &str = "MANYWIRE_ATTACK_PROGRAM";

const JSON: &str = "content-type: application/json\r\n";

/// How long a wire may take to answer a small call. Without optimization everything takes five times as long at least.
fn patience() -> Duration {
    let is_optimized = !cfg!(debug_assertions) || std::env::var_os(PROGRAM).is_some();
    Duration::from_secs(if is_optimized { 1 } else { 5 })
}

/// A machine that does other work may keep a process waiting; a server that is held up misses each time.
const ATTEMPTS: usize = 3;

struct Question {
    wire: &'static str,
    listener: &'static str,
    bytes: Vec<u8>,
    answer: &'static [u8],
}

/// Every wire of the port that answers all of them, and the operations port.
fn questions() -> Vec<Question> {
    let any = |wire, bytes, answer| Question { wire, listener: "any", bytes, answer };
    let arith = br#"{"method":"Arith.Multiply","params":[{"A":17,"B":8}],"id":7}"#;
    let add = http1::json_call("add", "[3,2]");
    let hello = http2::message(false, &http2::field_1(b"probe"));
    let gob = [gob::begin(gob::STRING), gob::ping(1, &gob::text("probe"))].concat();
    vec![
        any("gob", gob.clone(), b"probe"),
        any("gob over HTTP", [b"CONNECT /_goRPC_ HTTP/1.0\n\n", &gob[..]].concat(), b"probe"),
        any("JSON-RPC 1.0", arith.to_vec(), b"\"result\":136"),
        any("POST /jsonrpc", http1::post("/jsonrpc", "", arith), b"\"result\":136"),
        any("JSON-RPC 2.0", http1::post("/", "", add.as_bytes()), b"\"result\":5"),
        any("WebSocket", [http1::upgrade(""), http1::websocket_text(&add)].concat(), b"\"result\":5"),
        any(
            "XML-RPC",
            http1::post("/RPC2", "content-type: text/xml\r\n", http1::xml_call("echo", "probe").as_bytes()),
            b"<string>probe</string>",
        ),
        any(
            "zerorpc",
            [zerorpc::begin(), zerorpc::call("id", "add", b"\x92\x01\x02")].concat(),
            b"OK\x91\x03",
        ),
        any(
            "gRPC",
            [http2::begin(65_535), http2::headers(1, "/Greeter/SayHello", &[]), http2::last_data(1, &hello)]
                .concat(),
            b"hello probe",
        ),
        any("JSON over HTTP", http1::post("/call/echo", JSON, b"[\"probe\"]"), b"\"probe\""),
        any("GET", b"GET /?a=3&b=2 HTTP/1.1\r\nhost: localhost\r\n\r\n".to_vec(), b"{\"result\": 5}"),
        Question {
            wire: "ops",
            listener: "ops",
            bytes: b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n".to_vec(),
            answer: b"ok\n",
        },
    ]
}

/// Asks every wire, and returns how long the slowest took.
pub(crate) fn every_wire_answers(server: &Server) -> Duration {
    questions().iter().map(|question| ask_patiently(server, question)).max().unwrap()
}

fn ask_patiently(server: &Server, question: &Question) -> Duration {
    let mut said = String::new();
    for _ in 0..ATTEMPTS {
        match ask(server, question) {
            Ok(took) => return took,
            Err(error) => said = error,
        }
    }
    panic!("{} did not answer within {:?}: {said}", question.wire, patience());
}

fn ask(server: &Server, question: &Question) -> Result<Duration, String> {
    let begun = Instant::now();
    let mut received = Vec::new();
    let stream = converse(server, question, begun, &mut received);
    match stream {
        Ok(()) => Ok(begun.elapsed()),
        Err(error) => Err(format!("{error}, after {:?}", received.escape_ascii().to_string())),
    }
}

/// Sends the question, and reads until the answer is there.
fn converse(
    server: &Server,
    question: &Question,
    begun: Instant,
    received: &mut Vec<u8>,
) -> std::io::Result<()> {
    let patience = patience();
    let address = server.address(question.listener).parse().map_err(std::io::Error::other)?;
    let mut stream = TcpStream::connect_timeout(&address, patience)?;
    stream.set_write_timeout(Some(patience))?;
    stream.write_all(&question.bytes)?;
    let mut buffer = [0; 4096];
    while !received.windows(question.answer.len()).any(|window| window == question.answer) {
        let left = patience.saturating_sub(begun.elapsed());
        stream.set_read_timeout(Some(left.max(Duration::from_millis(1))))?;
        match stream.read(&mut buffer)? {
            0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            count => received.extend(&buffer[..count]),
        }
    }
    Ok(())
}
