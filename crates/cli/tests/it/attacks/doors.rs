//! Ways in that should be closed: around TLS, and through a web page that somebody reads on the server's machine.

use std::io::Write as _;

use manywire_raw::{gob, http1, http2, zerorpc};

use super::tell;
use crate::tls::Files;
use crate::{Server, exchange, get};

/// The first bytes of a call on each wire, in the clear.
fn in_the_clear() -> Vec<Vec<u8>> {
    let add = http1::json_call("add", "[1,2]");
    vec![
        [gob::begin(gob::STRING), gob::ping(1, &gob::text("x"))].concat(),
        br#"{"method":"js.J","params":["x"],"id":1}"#.to_vec(),
        b"CONNECT /_goRPC_ HTTP/1.0\n\n".to_vec(),
        http1::post("/", "", add.as_bytes()),
        http1::upgrade(""),
        b"GET /?a=1 HTTP/1.1\r\nhost: localhost\r\n\r\n".to_vec(),
        [zerorpc::begin(), zerorpc::call("id", "add", b"\x92\x01\x02")].concat(),
        [http2::begin(65_535), http2::headers(1, "/Greeter/SayHello", &[])].concat(),
    ]
}

#[test]
fn with_a_certificate_nothing_is_served_in_the_clear() {
    let files = Files::new();
    let (cert, key, authority) = (files.path("cert.pem"), files.path("key.pem"), files.path("authority.pem"));
    let tls = ["--tls-cert", &cert, "--tls-key", &key];
    for more in [&[][..], &["--tls-client-ca", &authority]] {
        let server = Server::start(&["any", "ops"], &[&tls, more].concat());
        for bytes in in_the_clear() {
            let answer = tell(&server, &bytes);
            let answer = String::from_utf8_lossy(&answer);
            // HTTP can say why.
            let is_refused = answer.is_empty() || answer.contains("this port speaks TLS");
            assert!(is_refused, "{} was answered {answer:?}", bytes.escape_ascii());
        }
        assert!(get(server.connect("ops"), "/healthz").ends_with("ok\n"));
    }
}

#[test]
fn plaintext_beside_tls_has_to_be_asked_for() {
    let files = Files::new();
    let (cert, key) = (files.path("cert.pem"), files.path("key.pem"));
    let server = Server::start(&["any"], &["--tls-cert", &cert, "--tls-key", &key, "--allow-plaintext"]);
    for bytes in in_the_clear() {
        assert!(!tell(&server, &bytes).is_empty());
    }
}

/// A request with these header lines, its Host among them.
fn request(line: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("{line} HTTP/1.1\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}")
        .into_bytes()
}

/// What a page could send, with more header lines: each HTTP wire, and a WebSocket.
fn from_a_page(headers: &str) -> Vec<Vec<u8>> {
    let call = http1::json_call("add", "[1,2]");
    let grpc_web = String::from_utf8(http2::message(false, &http2::field_1(b"x"))).unwrap();
    let with = |more: &str| format!("{headers}{more}");
    vec![
        request("POST /", &with("content-type: text/plain\r\n"), &call),
        request(
            "POST /jsonrpc",
            &with("content-type: text/plain\r\n"),
            r#"{"method":"js.J","params":["x"],"id":1}"#,
        ),
        request("POST /RPC2", &with("content-type: text/xml\r\n"), &http1::xml_call("echo", "x")),
        request("GET /?a=1&b=2", headers, ""),
        request("POST /Greeter/SayHello", &with("content-type: application/grpc-web\r\n"), &grpc_web),
        String::from_utf8(http1::upgrade(headers))
            .unwrap()
            .replacen("host: localhost\r\n", "", 1)
            .into_bytes(),
    ]
}

fn status(answer: &[u8]) -> String {
    String::from_utf8_lossy(answer).split(' ').nth(1).unwrap_or("closed").to_owned()
}

#[test]
fn a_page_of_another_origin_cannot_call() {
    let server = Server::start(&["any"], &[]);
    let host = format!("host: {}\r\n", server.address("any"));
    for origin in ["http://evil.example", "null", "https://localhost.evil.example"] {
        for bytes in from_a_page(&format!("{host}origin: {origin}\r\n")) {
            let answer = tell(&server, &bytes);
            assert_eq!(status(&answer), "403", "{} {}", bytes.escape_ascii(), answer.escape_ascii());
        }
    }
}

#[test]
fn a_name_that_is_not_the_servers_is_refused_on_loopback() {
    let server = Server::start(&["any", "ops"], &[]);
    for bytes in from_a_page("host: evil.example\r\n") {
        let answer = tell(&server, &bytes);
        assert_eq!(status(&answer), "403", "{} {}", bytes.escape_ascii(), answer.escape_ascii());
    }
    let ops = exchange(
        server.connect("ops"),
        b"GET /metrics HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n",
    );
    assert_eq!(status(ops.as_bytes()), "403", "{ops}");
}

#[test]
fn its_own_pages_the_invited_and_programs_notice_nothing() {
    let server = Server::start(&["any"], &["--web-origin=https://friend.example", "--host-name=rpc.example"]);
    let at = server.address("any");
    for headers in [
        format!("host: {at}\r\n"),
        format!("host: {at}\r\norigin: http://{at}\r\n"),
        format!("host: {at}\r\norigin: https://friend.example\r\n"),
        "host: localhost:1\r\n".to_owned(),
        "host: rpc.example\r\n".to_owned(),
        "host: [::1]\r\n".to_owned(),
    ] {
        for bytes in from_a_page(&headers) {
            let mut stream = server.connect("any");
            stream.write_all(&bytes).unwrap();
            let answer = exchange(stream, b"");
            let status = status(answer.as_bytes());
            assert!(status == "200" || status == "101", "{} {answer}", bytes.escape_ascii());
        }
    }
}
