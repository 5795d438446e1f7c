//! The labels of recorded conversations, and what must hold for any bytes.

use proptest::collection::vec;
use proptest::prelude::*;
use snapbox::{assert_data_eq, str};

use super::way::{Way, Whole};
use super::*;

const GOB: &str = include_str!("../../../netrpc/tests/vectors/netrpc-go1.19.8.txt");
const ZERORPC: &str = include_str!("../../../zerorpc/tests/vectors/calls.txt");

fn labeller_of(url: &str, side: Side) -> Box<dyn Labeller> {
    let [client, server] = labellers(&url.parse().unwrap());
    if side == Side::Client { client } else { server }
}

/// What comes of bytes that arrive in these pieces: labels with notes, and lengths.
fn pieces<'a>(url: &str, side: Side, arriving: impl IntoIterator<Item = &'a [u8]>) -> Vec<(String, usize)> {
    let mut seen = Vec::new();
    let mut take = |whole: Whole<'_>| {
        assert!(whole.shown.len() <= whole.length);
        let notes: String = whole.notes.iter().map(|note| format!("\n   {note}")).collect();
        seen.push((format!("{}{notes}", whole.label), whole.length));
    };
    let mut way = Way::new(labeller_of(url, side), 256);
    arriving.into_iter().for_each(|bytes| way.feed(bytes, &mut take));
    way.finish(&mut take);
    seen
}

fn labels(url: &str, side: Side, bytes: &[u8]) -> String {
    let line = |(label, length): &(String, usize)| format!("{length:>4} {label}\n");
    pieces(url, side, [bytes]).iter().map(line).collect()
}

fn unhex(digits: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(digits.get(at..at + 2).unwrap(), 16).unwrap();
    (0..digits.len()).step_by(2).map(digit).collect()
}

/// All that one side said in a recording of Go's.
fn gob(direction: &str) -> Vec<u8> {
    let is_ours = |pair: &(&str, &str)| pair.0.starts_with("== ") && pair.0.contains(direction);
    let lines = GOB.lines().zip(GOB.lines().skip(1)).filter(is_ours);
    lines.filter_map(|(_, line)| line.trim().strip_prefix("whole: ")).flat_map(unhex).collect()
}

/// All that one side said in a recording of Python's zerorpc.
fn zerorpc(direction: &str) -> Vec<u8> {
    ZERORPC.lines().filter_map(|line| line.strip_prefix(direction)).flat_map(unhex).collect()
}

#[test]
fn a_recorded_conversation_in_gob() {
    assert_data_eq!(
        labels("gob://h:1", Side::Client, &gob("C>S")),
        str![[r#"
  48 gob type definition 65: struct Request
  20 gob request header: Arith.Multiply, call 0
  31 gob type definition 66: struct Args
   8 gob request body: struct Args
  22 gob request header: Arith.Multiply, call 1
   8 gob request body: struct Args
  20 gob request header: Arith.Divide, call 2
   8 gob request body: struct Args
  20 gob request header: Arith.Divide, call 3
   6 gob request body: struct Args
  18 gob request header: Arith.Nope, call 4
   6 gob request body: struct Args

"#]]
    );
    assert_data_eq!(
        labels("gob://h:1", Side::Server, &gob("S>C")),
        str![[r#"
  59 gob type definition 65: struct Response
  20 gob response header: Arith.Multiply, call 0
   6 gob response body: int
  22 gob response header: Arith.Multiply, call 1
   4 gob response body: int
  20 gob response header: Arith.Divide, call 2
  39 gob type definition 66: struct Quotient
   8 gob response body: struct Quotient
  36 gob response header: Arith.Divide, call 3, error "divide by zero"
  11 gob type definition 67: struct
   4 gob response body: struct
  53 gob response header: Arith.Nope, call 4, error "rpc: can't find method Arith.Nope"
   4 gob response body: struct

"#]]
    );
    let connect = [b"HTTP/1.0 200 Connected to Go RPC\n\n", gob("S>C").as_slice()].concat();
    assert!(labels("gob+http://h:1", Side::Server, &connect).starts_with(
        "  34 HTTP HTTP/1.0 200 Connected to Go RPC\n  59 gob type definition 65: struct Response\n"
    ));
}

#[test]
fn a_recorded_conversation_in_zerorpc() {
    let first = |text: String| text.lines().take(12).collect::<Vec<_>>().join("\n");
    assert_data_eq!(
        first(labels("zerorpc://h:1", Side::Client, &zerorpc("> "))),
        str![[r#"
  10 ZMTP signature
   1 ZMTP greeting: major version 3
  53 ZMTP greeting: minor version 1, mechanism NULL
  43 ZMTP command READY, Socket-Type DEALER
   2 ZMTP frame, empty: the end of the envelope
  63 zerorpc hello ["RPC"]
   2 ZMTP frame, empty: the end of the envelope
  92 zerorpc echo [[nil, true, -1, 9223372036854775808, 1.5, "é", [0, 255], {" …
   2 ZMTP frame, empty: the end of the envelope
  73 zerorpc streaming_range [0, 150, 1]
   2 ZMTP frame, empty: the end of the envelope
 110 zerorpc _zpc_more [100]
"#]]
    );
    assert_data_eq!(
        first(labels("zerorpc://h:1", Side::Server, &zerorpc("< "))),
        str![[r#"
  10 ZMTP signature
   1 ZMTP greeting: major version 3
  53 ZMTP greeting: minor version 1, mechanism NULL
  43 ZMTP command READY, Socket-Type ROUTER
   2 ZMTP frame, empty: the end of the envelope
 112 zerorpc OK ["Hello,RPC"]
   2 ZMTP frame, empty: the end of the envelope
 136 zerorpc OK [[nil, true, -1, 9223372036854775808, 1.5, "é", [0, 255], {" …
   2 ZMTP frame, empty: the end of the envelope
 106 zerorpc STREAM 0
   2 ZMTP frame, empty: the end of the envelope
 106 zerorpc STREAM 1
"#]]
    );
}

#[test]
fn json_values_without_delimiters() {
    let sent = br#"{"method":"h.Hello","params":["}\"{"],"id":0}{"method":"js.J","params":[1],"id":"x"}"#;
    assert_data_eq!(
        labels("jsonrpc1+tcp://h:1", Side::Client, sent),
        str![[r#"
  45 JSON request: h.Hello, id 0
  39 JSON request: js.J, id "x"

"#]]
    );
    let received =
        b"{\"id\":0,\"result\":1,\"error\":null}\n{\"id\":1,\"result\":null,\"error\":\"no\"}\n{\"id\":";
    assert_data_eq!(
        labels("jsonrpc1+tcp://h:1", Side::Server, received),
        str![[r#"
  33 JSON answer, id 0
  36 JSON error, id 1: "no"
   6 the start of a piece

"#]]
    );
}

#[test]
fn a_value_too_long_to_be_looked_into_is_told_in_parts() {
    let answer = format!("{{\"id\":0,\"result\":\"{}\"}}\n{{\"id\":1}}", "x".repeat(100_000));
    let arriving = answer.as_bytes().chunks(1000);
    let labels: Vec<String> =
        pieces("jsonrpc1+tcp://h:1", Side::Server, arriving).into_iter().map(|piece| piece.0).collect();
    assert_eq!(labels, ["JSON answer, a part", "JSON answer, its last part", "JSON answer, id 1"]);
}

#[test]
fn http_with_bodies_of_every_kind() {
    let sent = b"POST /RPC2 HTTP/1.1\r\nhost: h\r\ncontent-type: text/xml\r\ncontent-length: 5\r\n\r\n<a/>\n\
        POST / HTTP/1.1\r\nhost: h\r\ncontent-type: application/json\r\ncontent-length: 36\r\n\r\n\
        {\"method\":\"add\",\"params\":[1],\"id\":7}\
        GET / HTTP/1.1\r\nhost: h\r\n\r\n";
    assert_data_eq!(
        labels("jsonrpc://h:1", Side::Client, sent),
        str![[r#"
  75 HTTP request POST /RPC2
   5 HTTP body, text/xml
  80 HTTP request POST /
  36 HTTP body, application/json: JSON request: add, id 7
  27 HTTP request GET /, without a body

"#]]
    );
    let received = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n\
        HTTP/1.1 204 No Content\r\n\r\nHTTP/1.0 500 Oh\r\n\r\nto the end";
    assert_data_eq!(
        labels("xmlrpc://h:1", Side::Server, received),
        str![[r#"
  47 HTTP response 200 OK
   8 HTTP chunk of 3 bytes
   3 HTTP last chunk
   2 HTTP end of the chunks
  27 HTTP response 204 No Content, without a body
  19 HTTP response 500 Oh
  10 HTTP body, up to the end of the connection

"#]]
    );
}

#[test]
fn web_socket_frames_after_the_upgrade() {
    let frame = b"\x81\x9f\x01\x02\x03\x04";
    let masked = br#"{"method":"add","id":1,"p":[1]}"#.iter().zip([1, 2, 3, 4].iter().cycle());
    let mut sent = b"GET / HTTP/1.1\r\nhost: h\r\nupgrade: websocket\r\n\r\n".to_vec();
    sent.extend_from_slice(frame);
    sent.extend(masked.map(|(byte, mask)| byte ^ mask));
    sent.extend_from_slice(b"\x88\x82\0\0\0\0\x03\xe8");
    assert_data_eq!(
        labels("jsonrpc+ws://h:1", Side::Client, &sent),
        str![[r#"
  47 HTTP request GET /
  37 WebSocket text frame, JSON request: add, id 1
   unmasked: {"method":"add","id":1,"p":[1]}
   8 WebSocket close frame, code 1000

"#]]
    );
    let mut received = b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n\x81\x17".to_vec();
    received.extend_from_slice(br#"{"id":1,"result":"yes"}"#);
    received.extend_from_slice(b"\x89\x00");
    assert_data_eq!(
        labels("jsonrpc+ws://h:1", Side::Server, &received),
        str![[r#"
  56 HTTP response 101 Switching Protocols
  25 WebSocket text frame, JSON answer, id 1
   2 WebSocket ping frame

"#]]
    );
    let refused = b"HTTP/1.1 405 Method Not Allowed\r\ncontent-length: 3\r\n\r\nno\n";
    assert_data_eq!(
        labels("jsonrpc+ws://h:1", Side::Server, refused),
        str![[r#"
  54 HTTP response 405 Method Not Allowed
   3 HTTP body, of no type

"#]]
    );
}

/// A frame of HTTP/2.
fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    [&[0, 0, payload.len() as u8, kind, flags, 0, 0, 0, stream], payload].concat()
}

fn http2() -> Vec<u8> {
    // The first request of RFC 7541's appendix C.4, in Huffman's code.
    let headers = unhex("828684418cf1e3c2e5f23a6ba0ab90f4ff");
    let again = unhex("828684be5886a8eb10649cbf");
    [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        frame(4, 0, 0, &[0, 2, 0, 0, 0, 0, 0, 4, 0, 0x10, 0, 0]),
        frame(4, 1, 0, &[]),
        frame(1, 4, 1, &headers),
        frame(0, 0, 1, b"\0\0\0\0\x07abc"),
        frame(0, 1, 1, b"defg\x01\0\0\0\x01z\0\0\0\0\0"),
        frame(1, 0, 3, again.get(..5).unwrap()),
        frame(9, 4, 3, again.get(5..).unwrap()),
        frame(8, 0, 0, &[0, 1, 0, 0]),
        frame(3, 0, 3, &[0, 0, 0, 8]),
        frame(6, 0, 0, &[0; 8]),
        frame(7, 0, 0, b"\0\0\0\x03\0\0\0\x0btoo\x1b[31m many"),
    ]
    .concat()
}

#[test]
fn http2_frames_with_their_headers_and_messages() {
    assert_data_eq!(
        labels("grpc://h:1", Side::Client, &http2()),
        str![[r#"
  24 HTTP/2 preface
  21 HTTP/2 SETTINGS: ENABLE_PUSH 0, INITIAL_WINDOW_SIZE 1048576
   9 HTTP/2 SETTINGS, acknowledged
  26 HTTP/2 stream 1 HEADERS
   :method: GET
   :scheme: http
   :path: /
   :authority: www.example.com
  17 HTTP/2 stream 1 DATA: gRPC message of 7 bytes
  24 HTTP/2 stream 1 DATA: 4 of 4 bytes that a gRPC message lacked, and 2 more, the last a gRPC message of 0 bytes, the last of its stream
  14 HTTP/2 stream 3 HEADERS
  16 HTTP/2 stream 3 CONTINUATION
   :method: GET
   :scheme: http
   :path: /
   :authority: www.example.com
   cache-control: no-cache
  13 HTTP/2 WINDOW_UPDATE: 65536 bytes more
  13 HTTP/2 stream 3 RST_STREAM: CANCEL
  17 HTTP/2 PING
  30 HTTP/2 GOAWAY: ENHANCE_YOUR_CALM, last stream 3 too/u{1b}[31m many

"#]]
    );
}

#[test]
fn a_table_size_cut_short_is_no_panic() {
    for block in [&b"\x3f"[..], b"\x3f\xff\xff\xff\xff\xff", b"\x3f\xff\xff\xff\xff\x0f", b"\x20"] {
        let bytes = frame(1, 4, 1, block);
        assert!(labels("grpc://h:1", Side::Server, &bytes).contains("HEADERS"));
    }
}

const URLS: [&str; 7] = [
    "gob://h:1",
    "gob+http://h:1",
    "jsonrpc1+tcp://h:1",
    "jsonrpc://h:1",
    "jsonrpc+ws://h:1",
    "zerorpc://h:1",
    "grpc://h:1",
];

/// What each wire begins with, so that garbage gets past the first look.
const BEGINNINGS: [&[u8]; 6] = [
    b"",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"CONNECT / HTTP/1.0\n\n",
    b"HTTP/1.1 101 x\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"\xff\0\0\0\0\0\0\0\x01\x7f\x03\0NULL\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
];

proptest! {
    #[test]
    fn any_bytes_are_shown_to_the_last(
        url in 0..URLS.len(),
        beginning in 0..BEGINNINGS.len(),
        garbage in vec(prop_oneof![any::<u8>(), 0..4_u8, Just(b'\n'), Just(b'{')], 0..200),
        is_server in any::<bool>(),
    ) {
        let bytes = [BEGINNINGS[beginning], &garbage].concat();
        let side = if is_server { Side::Server } else { Side::Client };
        let whole: usize = pieces(URLS[url], side, [&*bytes]).iter().map(|piece| piece.1).sum();
        prop_assert_eq!(whole, bytes.len());
        let cut: usize = pieces(URLS[url], side, bytes.chunks(1)).iter().map(|piece| piece.1).sum();
        prop_assert_eq!(cut, bytes.len());
    }

    #[test]
    fn labels_do_not_depend_on_how_the_bytes_are_cut(size in 1..50_usize) {
        for (url, side, bytes) in [
            ("gob://h:1", Side::Client, gob("C>S")),
            ("gob://h:1", Side::Server, gob("S>C")),
            ("zerorpc://h:1", Side::Client, zerorpc("> ")),
            ("grpc://h:1", Side::Client, http2()),
        ] {
            prop_assert_eq!(pieces(url, side, bytes.chunks(size)), pieces(url, side, [&*bytes]));
        }
    }

    #[test]
    fn a_header_block_of_any_bytes_is_no_panic(block in vec(any::<u8>(), 0..100)) {
        let _ = labels("grpc://h:1", Side::Server, &frame(1, 4, 1, &block));
    }
}
