//! Web pages that call a server of whoever reads them.

use crate::{Server, exchange};

/// A call on each HTTP wire, without the host.
const CALLS: &[(&str, &str, &str)] = &[
    (
        "any",
        "POST /rpc",
        "content-type: text/plain\r\ncontent-length: 43\r\n\r\n{\"jsonrpc\":\"2.0\",\"method\":\"system.x\",\"id\":1}",
    ),
    (
        "any",
        "POST /jsonrpc",
        "content-length: 42\r\n\r\n{\"method\":\"js.J\",\"params\":[\"x\"],\"id\":1}    ",
    ),
    (
        "any",
        "POST /RPC2",
        "content-type: text/xml\r\ncontent-length: 76\r\n\r\n<methodCall><methodName>system.listMethods</methodName></methodCall>         ",
    ),
    (
        "any",
        "POST /Greeter/SayHello",
        "content-type: application/grpc-web\r\ncontent-length: 5\r\n\r\n\0\0\0\0\0",
    ),
    ("any", "GET /?a=1", "\r\n"),
    (
        "any",
        "GET /ws",
        "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    ),
    ("ops", "GET /metrics", "\r\n"),
    ("ops", "GET /debug/rpc", "\r\n"),
];

fn statuses(server: &Server, headers: &str) -> Vec<u16> {
    let ask = |(wires, line, rest): &(&str, &str, &str)| {
        let request = format!("{line} HTTP/1.1\r\nconnection: close\r\n{headers}{rest}");
        let answer = exchange(server.connect(wires), request.as_bytes());
        answer.split(' ').nth(1).unwrap_or_else(|| panic!("{request}: {answer}")).parse().unwrap()
    };
    CALLS.iter().map(ask).collect()
}

const SERVED: [u16; 8] = [200, 200, 200, 200, 200, 101, 200, 200];

#[test]
fn a_page_from_elsewhere_is_refused_on_every_http_wire() {
    let server = Server::start(&["any", "ops"], &["--web-origin", "https://page.example"]);
    assert_eq!(statuses(&server, "host: localhost\r\n"), SERVED, "without an origin nothing changes");
    let local = server.address("any").to_owned();
    for origin in [
        "http://evil.example",
        "null",
        "https://localhost",
        "http://localhost:1",
        "https://page.example:8443",
    ] {
        let headers = format!("host: localhost\r\norigin: {origin}\r\n");
        assert_eq!(statuses(&server, &headers), [403; 8], "{origin}");
    }
    for (host, origin) in [
        ("localhost", "https://page.example"),
        (&*local, &format!("http://{local}")),
        ("a.localhost", "http://a.localhost:80"),
    ] {
        assert_eq!(statuses(&server, &format!("host: {host}\r\norigin: {origin}\r\n")), SERVED, "{origin}");
    }
}

#[test]
fn a_name_that_was_made_to_mean_this_machine_is_refused_on_every_http_wire() {
    let server = Server::start(&["any", "ops"], &["--host-name", "box.example"]);
    for host in ["evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example"] {
        // To the browser the page and the server are one origin.
        for origin in ["", &format!("origin: http://{host}\r\n")] {
            assert_eq!(statuses(&server, &format!("host: {host}\r\n{origin}")), [403; 8], "{host} {origin}");
        }
    }
    for host in ["127.0.0.1:99", "[::1]", "10.0.0.1", "LocalHost:1", "Box.Example:8080"] {
        assert_eq!(statuses(&server, &format!("host: {host}\r\n")), SERVED, "{host}");
    }
}

#[test]
fn a_mistaken_origin_or_name_is_told() {
    for (flag, value) in [("--web-origin", "page.example"), ("--host-name", "http://box.example")] {
        let output = crate::program().args(["serve", flag, value]).output().unwrap();
        let said = crate::text(&output);
        assert!(output.status.code() == Some(1) && said.contains(flag) && said.contains(value), "{said}");
    }
}
