//! What each port answers, and how wires are told apart on a shared one.

use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::time::{Duration, Instant};

use crate::{Server, exchange, get, read_to_end};

const JSON_CALL: &str = r#"{"method":"Arith.Multiply","params":[{"A":17,"B":8}],"id":7}"#;
const JSON_ANSWER: &str = r#"{"id":7,"result":136,"error":null}"#;

fn post(path: &str, content_type: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

const XML_CALL: &str = "<?xml version='1.0'?><methodCall><methodName>add</methodName><params>\
    <param><value><int>3</int></value></param><param><value><int>2</int></value></param></params></methodCall>";

#[test]
fn every_wire_answers_on_the_shared_port_however_its_bytes_are_cut() {
    let server = Server::start(&["any"], &[]);
    let greeting = b"\xFF\0\0\0\0\0\0\0\x01\x7F";
    let cases: &[(&[u8], &str)] = &[
        (JSON_CALL.as_bytes(), JSON_ANSWER),
        (b"CONNECT /_goRPC_ HTTP/1.0\n\n", "HTTP/1.0 200 Connected to Go RPC\n\n"),
        (b"GET /?a=3&b=2 HTTP/1.0\r\n\r\n", r#"{"result": 5}"#),
        (b"GET /nowhere HTTP/1.0\r\n\r\n", "404 Not Found"),
        (&post("/jsonrpc", "text/plain", JSON_CALL).into_bytes(), JSON_ANSWER),
        (
            &post("/", "text/plain", r#"{"jsonrpc":"2.0","method":"add","params":[3,2],"id":1}"#)
                .into_bytes(),
            r#""result":5"#,
        ),
        (&post("/call/add", "application/json", "[3,2]").into_bytes(), "\r\n\r\n5"),
        (&post("/call/add", "text/xml", XML_CALL).into_bytes(), "415 Unsupported Media Type"),
        (b"GET /call/add?a=3&b=2 HTTP/1.0\r\n\r\n", "\r\n\r\n5"),
        (&post("/RPC2", "text/xml", XML_CALL).into_bytes(), "<int>5</int>"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0", "\0\0"),
        (greeting, "\u{FFFD}\0"),
    ];
    for (bytes, expected) in cases {
        let whole = exchange(server.connect("any"), bytes);
        assert!(whole.contains(expected), "{whole:?} has no {expected:?}");
        let mut stream = server.connect("any");
        for byte in *bytes {
            stream.write_all(&[*byte]).unwrap();
        }
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let piecemeal = read_to_end(stream);
        assert!(piecemeal.contains(expected), "{piecemeal:?} has no {expected:?}");
    }
}

#[test]
fn relatives_of_grpc_are_refused_at_once_where_it_is_served() {
    let server = Server::start(&["any", "jsonrpc"], &["--handshake", "60s"]);
    let start = Instant::now();
    let begin = |request: &[u8]| {
        let mut stream = server.connect("any");
        stream.write_all(request).unwrap();
        read_to_end(stream)
    };
    let connect = |kind: &str, more: &str| {
        // The rest of the body does not come: its client waits for the answer's headers first.
        let head = format!("POST /S/M HTTP/1.1\r\nhost: localhost\r\ncontent-type: {kind}\r\n{more}");
        begin(format!("{head}transfer-encoding: chunked\r\n\r\n").as_bytes())
    };
    for (kind, more) in [
        ("application/connect+proto", ""),
        ("application/proto", ""),
        ("application/json", "connect-protocol-version: 1\r\n"),
    ] {
        let answer = connect(kind, more);
        assert!(answer.starts_with("HTTP/1.1 415") && answer.contains("Connect is not served"), "{answer}");
    }
    let upgrade = "GET /S/M HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
        sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
        sec-websocket-protocol: grpc-websockets\r\nconnection: close\r\n\r\n";
    let answer = begin(upgrade.as_bytes());
    assert!(answer.starts_with("HTTP/1.1 501"), "{answer}");
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    // Where only JSON-RPC is served, the headers mean nothing.
    let ping = r#"{"jsonrpc":"2.0","method":"ping","params":[7],"id":1}"#;
    let call =
        post("/", "application/json", ping).replacen("host:", "connect-protocol-version: 1\r\nhost:", 1);
    assert!(exchange(server.connect("jsonrpc"), call.as_bytes()).contains(r#""result":7"#));
}

#[test]
fn routes_may_follow_each_other_on_one_kept_connection() {
    let server = Server::start(&["any"], &[]);
    let mut stream = server.connect("any");
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    for (request, expected) in [
        (post("/jsonrpc", "application/json", JSON_CALL), JSON_ANSWER),
        ("GET /?b=2 HTTP/1.1\r\nhost: localhost\r\n\r\n".to_owned(), r#"{"result": 2}"#),
        (post("/call/echo", "application/json", r#"["as it came"]"#), r#""as it came""#),
        (post("/RPC2", "text/xml; charset=utf-8", XML_CALL), "<int>5</int>"),
    ] {
        stream.write_all(request.as_bytes()).unwrap();
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            if let Some(value) = line.to_lowercase().strip_prefix("content-length: ") {
                length = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let body = String::from_utf8(body).unwrap();
        assert!(body.contains(expected), "{body:?} has no {expected:?}");
    }
}

#[test]
fn a_listener_answers_only_its_own_wires() {
    let server = Server::start(&["http", "netrpc", "xmlrpc", "zerorpc"], &[]);
    for (listener, bytes) in [("http", JSON_CALL.as_bytes()), ("xmlrpc", b"\x2F\xFF\x81\x03")] {
        let answer = exchange(server.connect(listener), bytes);
        assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("this port answers: "), "{answer}");
    }
    let answer = exchange(server.connect("zerorpc"), b"GET / HTTP/1.1\r\n\r\n");
    assert_eq!(answer, "\u{FFFD}\0\0\0\0\0\0\0\u{1}\u{7F}", "it greets, and is gone");
    assert!(get(server.connect("netrpc"), "/?a=1").starts_with("HTTP/1.1 404"));
    assert!(get(server.connect("xmlrpc"), "/?a=1").starts_with("HTTP/1.1 405"));
    assert!(get(server.connect("http"), "/any/path?a=1&a=2&b=").ends_with("{\"result\": 2}"));
    assert!(get(server.connect("http"), "/call/add?a=1&b=2").ends_with("\r\n\r\n3"));
    assert!(get(server.connect("netrpc"), "/call/add?a=1&b=2").starts_with("HTTP/1.1 404"));
}

#[test]
fn the_adder_says_what_is_wrong() {
    let server = Server::start(&["http"], &[]);
    let answer = get(server.connect("http"), "/?a=x");
    assert!(
        answer.starts_with("HTTP/1.1 400")
            && answer.contains(r#"{"error":"a must be a 64-bit integer, got \"x\""}"#),
        "{answer}"
    );
    let answer = get(server.connect("http"), "/?a=9223372036854775807&b=1");
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("overflow"), "{answer}");
    assert!(get(server.connect("http"), "/?a=-3&b=%2B2").ends_with("{\"result\": -1}"));
    let answer = exchange(server.connect("http"), b"DELETE / HTTP/1.0\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.0 405") && answer.contains("allow: GET"), "{answer}");
}

#[test]
fn silence_and_unfinished_headers_end_after_the_handshake_limit() {
    let server = Server::start(&["any"], &["--handshake", "200ms"]);
    for bytes in [
        &b""[..],
        b"G",
        b"GET / HTTP/1.1\r\nhost:",
        b"CONNECT /",
        b"{\"method\":",
        b"\x2F\xFF\x81",
        b"\xFF\0\0",
    ] {
        let mut stream = server.connect("any");
        stream.write_all(bytes).unwrap();
        // The read would fail on its own time limit if the server did not close.
        stream.read_to_end(&mut Vec::new()).unwrap();
    }
}

#[test]
fn the_handshake_limit_is_one_from_the_accept_to_the_first_call() {
    let server = &Server::start(&["any"], &["--handshake", "3s"]);
    let zmtp = [&b"\xFF\0\0\0\0\0\0\0\x01\x7F\x03\x01NULL"[..], &[0; 48], b"\x04\x29\x05READY"].concat();
    // The wire is known after about two seconds, and its own handshake or call begins then.
    let trickled = [
        (&b"\x2F\xFF\x81\x03\x01\x01\x07Request"[..], 700),
        (b"\n\n\n{\"method\":\"js.J\"", 500),
        (b"CONNECT /_goRPC_ HTTP/1.0\n\n", 240),
        (b"GET /?a=3&b=2 HTTP/1.1\r\nhost: x\r\n\r\n", 240),
        (&zmtp, 200),
    ];
    std::thread::scope(|scope| {
        for (bytes, pace) in trickled {
            scope.spawn(move || {
                let (mut stream, accepted) = (server.connect("any"), Instant::now());
                stream.set_read_timeout(Some(Duration::from_millis(pace))).unwrap();
                let mut rest = bytes.iter();
                while accepted.elapsed() < Duration::from_secs(20) {
                    // The server may have closed before the byte is written.
                    let _ = rest.next().map(|byte| stream.write_all(&[*byte]));
                    match stream.read(&mut [0; 256]) {
                        Ok(0) => break,
                        Err(error) if error.kind() == ErrorKind::ConnectionReset => break,
                        _ => {}
                    }
                }
                let lasted = accepted.elapsed().as_millis();
                assert!((2_900..4_500).contains(&lasted), "{lasted} ms: {}", bytes.escape_ascii());
            });
        }
    });
}

#[test]
fn the_operations_port_tells_how_the_server_is_doing() {
    let server = Server::start(&["any", "ops"], &[]);
    exchange(server.connect("any"), JSON_CALL.as_bytes());
    assert!(get(server.connect("ops"), "/healthz").ends_with("ok\n"));
    assert!(get(server.connect("ops"), "/readyz").ends_with("ready\n"));
    let lines = [
        r#"manywire_calls_total{method="Arith.Multiply",wire="jsonrpc1"} 1"#,
        r#"manywire_connections_total{wire="jsonrpc1"} 1"#,
        r#"manywire_connections{wire="jsonrpc1"} 0"#,
        &format!(r#"manywire_received_bytes_total{{wire="jsonrpc1"}} {}"#, JSON_CALL.len()),
        r#"manywire_call_duration_seconds_count{method="Arith.Multiply",wire="jsonrpc1"} 1"#,
    ];
    // The server may take a moment to see that the connection is closed.
    let deadline = Instant::now() + Duration::from_secs(20);
    while let Some(missing) =
        lines.iter().find(|line| !get(server.connect("ops"), "/metrics").contains(*line))
    {
        assert!(Instant::now() < deadline, "no {missing} in {}", get(server.connect("ops"), "/metrics"));
    }
    let page = get(server.connect("ops"), "/debug/rpc");
    assert!(page.contains("Service Arith") && page.contains("<td align=right>1</td>"), "{page}");
}
