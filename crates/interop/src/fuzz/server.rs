//! Bytes for the server, on the port that answers every wire.

use std::net::SocketAddr;

use manywire_cli::Running;
use manywire_raw::gob::{INT, INTERFACE, STRING};
use manywire_raw::{gob, http1, http2, zerorpc};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

use super::{PATIENCE, Target, runtime};

pub(super) const TARGETS: &[Target] = &[
    Target {
        name: "server",
        about: "all that a connection sends; its first bytes say which wire it is",
        run: |bytes| talk(bytes, bytes.len()),
        seeds: first_bytes,
    },
    Target {
        name: "server_cut",
        about: "the same, in pieces whose length the first byte says",
        run: |bytes| {
            if let [cut, rest @ ..] = bytes {
                talk(rest, usize::from(*cut));
            }
        },
        seeds: || first_bytes().into_iter().map(|seed| [vec![7], seed].concat()).collect(),
    },
    Target {
        name: "server_gob",
        about: "gob, after the definition of net/rpc's requests",
        run: |bytes| talk(&[&gob::begin(INTERFACE), bytes].concat(), bytes.len()),
        seeds: gob_streams,
    },
    Target {
        name: "server_jsonrpc1",
        about: "JSON-RPC 1.0",
        run: |bytes| talk(&[b" ", bytes].concat(), bytes.len()),
        seeds: || {
            vec![JSON1.into(), JSON1.repeat(3), br#"{"id":{"a":[1]},"params":[],"method":"ping"}"#.into()]
        },
    },
    Target {
        name: "server_jsonrpc",
        about: "the body of a JSON-RPC request",
        run: |bytes| talk(&http1::post("/", "connection: close\r\n", bytes), bytes.len()),
        seeds: || {
            let calls =
                [json(r#"[{"x":1}]"#), json("[1.5e3,null]"), format!("[{},1]", json(r#"["\u00e9"]"#))];
            calls.map(String::into_bytes).into()
        },
    },
    Target {
        name: "server_websocket",
        about: "the frames of a WebSocket",
        run: |bytes| talk(&[&http1::upgrade(""), bytes].concat(), bytes.len()),
        seeds: || {
            let text = http1::websocket_text(&json("[1]"));
            vec![
                text.clone(),
                b"\x01\x81\0\0\0\0 \x80\x81\0\0\0\x001".into(),
                [b"\x89\x80\0\0\0\0", &text[..]].concat(),
                b"\x88\x82\0\0\0\0\x03\xe8".into(),
            ]
        },
    },
    Target {
        name: "server_xmlrpc",
        about: "the body of an XML-RPC request",
        run: |bytes| {
            talk(&http1::post("/", "content-type: text/xml\r\nconnection: close\r\n", bytes), bytes.len());
        },
        seeds: || XML.iter().map(|value| xml(value).into_bytes()).collect(),
    },
    Target {
        name: "server_zerorpc",
        about: "ZMTP's frames after the handshake",
        run: |bytes| talk(&[&zerorpc::begin(), bytes].concat(), bytes.len()),
        seeds: || {
            let call = zerorpc::call(
                "id",
                "echo",
                b"\x91\x82\xa1a\xcb\x40\x09\x21\xfb\x54\x44\x2d\x18\xa1b\x92\xc3\xc0",
            );
            let stream = zerorpc::call("id", "streaming_range", b"\x93\x00\x03\x01");
            vec![call.clone(), stream, [b"\x04\x07\x04PING\0\0", &call[..]].concat()]
        },
    },
    Target {
        name: "server_http",
        about: "an HTTP/1 request",
        run: |bytes| talk(&[b"POST ", bytes].concat(), bytes.len()),
        seeds: || {
            let whole =
                http1::post("/jsonrpc", "origin: http://localhost\r\ncontent-type: text/plain\r\n", JSON1);
            let chunked =
                b"/ HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n";
            let web =
                http1::post("/Greeter/SayHello", "content-type: application/grpc-web-text\r\n", b"AAAAAAA=");
            let gzip = http1::post_gzip("/", "application/json", json("[1]").as_bytes());
            let call = http1::post_gzip(
                "/call/streaming_range",
                "application/json; charset=utf-8\r\nrequest-timeout: 2.5\r\naccept: text/event-stream",
                br#"{"fr":0,"to":3,"step":1}"#,
            );
            vec![whole[5..].into(), chunked.into(), web[5..].into(), gzip[5..].into(), call[5..].into()]
        },
    },
    Target {
        name: "server_http2",
        about: "the frames of HTTP/2",
        run: |bytes| talk(&[&http2::begin(65_535), bytes].concat(), bytes.len()),
        seeds: || {
            let call = |path, body: &[u8]| [http2::headers(1, path, &[]), http2::last_data(1, body)].concat();
            let hello = http2::message(false, &http2::field_1(b"x"));
            vec![
                call("/Greeter/SayHello", &hello),
                call("/Greeter/PutStream", &hello.repeat(2)),
                http2::reset(1),
            ]
        },
    },
    Target {
        name: "server_protobuf",
        about: "a message of types.proto",
        run: |bytes| {
            let call = [http2::begin(65_535), http2::headers(1, "/TypesService/Echo", &[])].concat();
            let frames =
                http2::message(false, bytes).chunks(16_000).flat_map(|piece| http2::data(1, piece)).collect();
            talk(&[call, frames, http2::last_data(1, b"")].concat(), bytes.len());
        },
        seeds: || {
            vec![
                b"\x09\0\0\0\0\0\0\xf8\x3f\x72\x02hi".into(),
                b"\x8a\x01\x06\x0a\x01a\x12\x01\x0a\xd2\x01\x05\x0a\x01k\x10\x07".into(),
            ]
        },
    },
];

const JSON1: &[u8] = br#"{"method":"ping","params":[{"x":[1,-2.5e3,"\u00e9",{}]}],"id":"7"}"#;

const XML: &[&str] = &[
    "<value>x &amp; y</value>",
    "<value><struct><member><name>a</name><value><i8>1</i8></value></member></struct></value>",
    "<value><array><data><value><double>1.5</double></value><value><nil/></value></data></array></value>",
    "<value><dateTime.iso8601>20260101T00:00:00</dateTime.iso8601></value>",
    "<value><base64>aGk=</base64></value>",
];

fn json(params: &str) -> String {
    http1::json_call("ping", params)
}

fn xml(value: &str) -> String {
    format!(
        "<?xml version='1.0'?><methodCall><methodName>echo</methodName><params><param>{value}</param></params></methodCall>"
    )
}

/// A first call on each wire.
fn first_bytes() -> Vec<Vec<u8>> {
    let hello = http2::last_data(1, &http2::message(false, &http2::field_1(b"x")));
    vec![
        [gob::begin(STRING), gob::ping(1, &gob::text("x"))].concat(),
        b"CONNECT /_goRPC_ HTTP/1.0\n\n".into(),
        JSON1.into(),
        http1::post("/", "", json("[1]").as_bytes()),
        http1::post("/RPC2", "content-type: text/xml\r\n", xml(XML[0]).as_bytes()),
        [http1::upgrade(""), http1::websocket_text(&json("[1]"))].concat(),
        [zerorpc::begin(), zerorpc::call("id", "echo", b"\x91\x01")].concat(),
        [http2::begin(65_535), http2::headers(1, "/Greeter/SayHello", &[]), hello].concat(),
        b"GET /?a=1&b=2 HTTP/1.1\r\nhost: localhost\r\n\r\n".into(),
    ]
}

/// What may follow the definition of requests whose argument holds an interface.
fn gob_streams() -> Vec<Vec<u8>> {
    let id = gob::FIRST + 1;
    let shape = gob::struct_of(id, "T", &[("A".into(), INT), ("B".into(), STRING)]);
    let held = gob::interface(&[gob::int(-id), shape].concat(), &gob::int(id), &[1, 2, 1, 1, b'x', 0]);
    let map = gob::define(gob::FIRST, &gob::map_of(gob::FIRST, STRING, INTERFACE));
    vec![
        gob::ping(1, &gob::interface(&[], &gob::int(INT), &[0, 2])),
        [map, gob::ping(1, &held)].concat(),
        [gob::ping_header(1), gob::list_in_pieces(gob::ARGUMENT, 3)].concat(),
    ]
}

/// A server that has run since the first input of this thread.
struct Host {
    runtime: Runtime,
    address: SocketAddr,
    _running: Running,
}

impl Host {
    fn start() -> Self {
        let runtime = runtime();
        let folder = std::env::temp_dir().join(format!("manywire-fuzz-{}", std::process::id()));
        let folder = folder.to_str().expect("folders for temporary files have names in UTF-8").to_owned();
        let flags =
            ["--listen=any=127.0.0.1:0", "--max-message=1MiB", "--handshake=5s", "--data-dir", &folder];
        let running =
            runtime.block_on(manywire_cli::start(&flags.map(str::to_owned))).expect("the server starts");
        let address = running.addresses().next().expect("there is one listener");
        Self { runtime, address, _running: running }
    }
}

/// Sends bytes in pieces, says that there are no more, and reads until the server ends the connection.
fn talk(bytes: &[u8], cut: usize) {
    thread_local!(static HOST: Host = Host::start());
    HOST.with(|host| {
        host.runtime.block_on(async {
            let ended = tokio::time::timeout(PATIENCE, converse(host.address, bytes, cut.max(1))).await;
            ended.expect("a connection that has nothing more to say is ended");
        });
    });
}

async fn converse(address: SocketAddr, bytes: &[u8], cut: usize) {
    let mut stream = TcpStream::connect(address).await.expect("the server accepts connections");
    let (mut reading, mut writing) = stream.split();
    let sending = async {
        for piece in bytes.chunks(cut) {
            // The server may close at any byte.
            if writing.write_all(piece).await.is_err() {
                return;
            }
            tokio::task::yield_now().await;
        }
        let _ = writing.shutdown().await;
    };
    let mut answer = Vec::new();
    let ((), _ended) = tokio::join!(sending, reading.read_to_end(&mut answer));
}
