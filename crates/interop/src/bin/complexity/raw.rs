//! Bytes that our own client would not send: shapes that cost the most where something is looked at twice.

use std::net::SocketAddr;

use manywire_raw::gob::{self, ARGUMENT, FIRST, INT, INTERFACE, STRING};
use manywire_raw::{http1, http2, zerorpc};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::relay::Cut;
use super::work::{Row, Work};

#[derive(Clone, Copy)]
pub(crate) struct Raw {
    name: &'static str,
    /// How much to begin with.
    size: usize,
    bytes: fn(usize) -> Vec<u8>,
}

const ROWS: &[Raw] = &[
    Raw { name: "gob, small calls", size: 100, bytes: gob_calls },
    Raw { name: "gob, a long chain of definitions", size: 100, bytes: gob_chain },
    Raw { name: "gob, a value in pieces", size: 100, bytes: gob_pieces },
    Raw { name: "gob, a definition for each call", size: 100, bytes: gob_definitions },
    Raw { name: "JSON-RPC 1.0, small calls", size: 100, bytes: |size| json1("1").repeat(size) },
    Raw {
        name: "JSON-RPC 1.0, white space",
        size: 300,
        bytes: |size| [vec![b' '; size * 10], json1("1")].concat(),
    },
    Raw {
        name: "JSON-RPC 1.0, escapes",
        size: 300,
        bytes: |size| json1(&format!("\"{}\"", r"\u00e9\\".repeat(size))),
    },
    Raw {
        name: "JSON-RPC 1.0, one key many times",
        size: 300,
        bytes: |size| json1(&format!("{{{}\"a\":1}}", "\"a\":1,".repeat(size))),
    },
    Raw { name: "JSON-RPC 1.0, members that no one reads", size: 300, bytes: json1_members },
    Raw {
        name: "JSON-RPC, a batch of mistakes",
        size: 100,
        bytes: |size| post(&format!("[{}1]", "1,".repeat(size))),
    },
    Raw {
        name: "JSON-RPC, one key many times",
        size: 500,
        bytes: |size| post(&format!("{{{}\"id\":1}}", "\"id\":1,".repeat(size))),
    },
    Raw {
        name: "XML-RPC, comments",
        size: 300,
        bytes: |size| xml(&format!("<value>{}</value>", "<!---->".repeat(size))),
    },
    Raw {
        name: "XML-RPC, entities",
        size: 300,
        bytes: |size| xml(&format!("<value>{}</value>", "&amp;&#13;".repeat(size))),
    },
    Raw {
        name: "XML-RPC, CDATA",
        size: 300,
        bytes: |size| xml(&format!("<value>{}</value>", "<![CDATA[x]]>".repeat(size))),
    },
    Raw { name: "XML-RPC, attributes", size: 500, bytes: xml_attributes },
    Raw { name: "XML-RPC, members", size: 100, bytes: xml_members },
    Raw { name: "HTTP/1, a query", size: 500, bytes: http_query },
    Raw { name: "HTTP/1, chunks", size: 100, bytes: http_chunks },
    Raw {
        name: "HTTP/1, requests in a row",
        size: 100,
        bytes: |size| b"GET /?a=1 HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(size),
    },
    Raw { name: "WebSocket, small calls", size: 100, bytes: websocket_calls },
    Raw { name: "WebSocket, fragments", size: 300, bytes: websocket_fragments },
    Raw {
        name: "WebSocket, pings",
        size: 100,
        bytes: |size| [http1::upgrade(""), b"\x89\x80\0\0\0\0".repeat(size)].concat(),
    },
    Raw { name: "zerorpc, small calls", size: 100, bytes: zerorpc_calls },
    Raw {
        name: "zerorpc, pings",
        size: 300,
        bytes: |size| [zerorpc::begin(), b"\x04\x07\x04PING\0\0".repeat(size)].concat(),
    },
    Raw { name: "zerorpc, one key many times", size: 300, bytes: zerorpc_map },
    Raw { name: "gRPC, small calls", size: 40, bytes: grpc_calls },
    Raw { name: "gRPC, frames of one byte", size: 100, bytes: grpc_frames },
];

/// Every row, and a few of them byte by byte; with the size to begin with.
pub(crate) fn rows(cut: Cut) -> Vec<(Raw, usize)> {
    match cut {
        Cut::Whole => ROWS.iter().map(|row| (*row, row.size)).collect(),
        Cut::Into(1) => {
            ROWS.iter().filter(|row| row.name.contains("small calls")).map(|row| (*row, 10)).collect()
        }
        Cut::Into(_) => Vec::new(),
    }
}

impl Row for Raw {
    fn name(&self) -> String {
        self.name.to_owned()
    }

    async fn prepare(&self, server: SocketAddr, size: usize) -> anyhow::Result<Work> {
        let bytes = (self.bytes)(size);
        let mut stream = TcpStream::connect(server).await?;
        stream.set_nodelay(true)?;
        Ok(Box::pin(async move {
            let (mut reading, mut writing) = stream.split();
            // The server may close before it has read everything.
            let sending = async {
                let _ = writing.write_all(&bytes).await;
                let _ = writing.shutdown().await;
            };
            let mut answer = Vec::new();
            let ((), ended) = tokio::join!(sending, reading.read_to_end(&mut answer));
            drop(ended);
            Ok(())
        }))
    }
}

fn gob_calls(size: usize) -> Vec<u8> {
    let calls = (0..size as u64).flat_map(|seq| gob::ping(seq, &gob::text("x")));
    gob::begin(STRING).into_iter().chain(calls).collect()
}

fn gob_chain(size: usize) -> Vec<u8> {
    let end = FIRST + size as i64;
    let link = |id| gob::define(id, &gob::slice_of(id, if id + 1 < end { id + 1 } else { INT }));
    [gob::begin(FIRST), (FIRST..end).flat_map(link).collect(), gob::ping(1, &[1, 0])].concat()
}

fn gob_pieces(size: usize) -> Vec<u8> {
    let list = gob::define(FIRST, &gob::slice_of(FIRST, INTERFACE));
    [gob::begin(FIRST), list, gob::ping_header(1), gob::list_in_pieces(ARGUMENT, size)].concat()
}

fn gob_definitions(size: usize) -> Vec<u8> {
    let call = |seq: usize| {
        let id = FIRST + seq as i64;
        let shape = gob::struct_of(id, "", &[(format!("Field{seq}"), INT)]);
        gob::ping(seq as u64, &gob::interface(&[gob::int(-id), shape].concat(), &gob::int(id), &[1, 2, 0]))
    };
    [gob::begin(INTERFACE), (0..size).flat_map(call).collect()].concat()
}

fn json1(x: &str) -> Vec<u8> {
    format!(r#"{{"method":"ping","params":[{{"x":{x}}}],"id":1}}"#).into_bytes()
}

fn json1_members(size: usize) -> Vec<u8> {
    let members: String = (0..size).map(|at| format!("\"member{at}\":[{{}}],")).collect();
    format!(r#"{{{members}"method":"ping","params":[{{"x":1}}],"id":1}}"#).into_bytes()
}

fn post(body: &str) -> Vec<u8> {
    http1::post("/", "connection: close\r\n", body.as_bytes())
}

fn xml(value: &str) -> Vec<u8> {
    let call = format!(
        "<methodCall><methodName>echo</methodName><params><param>{value}</param></params></methodCall>"
    );
    http1::post("/", "content-type: text/xml\r\nconnection: close\r\n", call.as_bytes())
}

fn xml_attributes(size: usize) -> Vec<u8> {
    let attributes: String = (0..size).map(|at| format!(" a{at}='x'")).collect();
    xml(&format!("<value><string{attributes}>x</string></value>"))
}

fn xml_members(size: usize) -> Vec<u8> {
    let members: String =
        (0..size).map(|at| format!("<member><name>m{at}</name><value>x</value></member>")).collect();
    xml(&format!("<value><struct>{members}</struct></value>"))
}

fn http_query(size: usize) -> Vec<u8> {
    let query = "a=1&".repeat(size);
    format!("GET /?{query}b=2 HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").into_bytes()
}

fn http_chunks(size: usize) -> Vec<u8> {
    let head =
        "POST / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n";
    format!("{head}{}0\r\n\r\n", "1\r\n \r\n".repeat(size)).into_bytes()
}

fn websocket_calls(size: usize) -> Vec<u8> {
    let call = http1::websocket_text(&http1::json_call("ping", "[1]"));
    [http1::upgrade(""), call.repeat(size)].concat()
}

/// One call in frames of one byte, white space before it.
fn websocket_fragments(size: usize) -> Vec<u8> {
    let call = http1::json_call("ping", "[1]");
    let last = [&[0x80, 0x80 | call.len() as u8][..], &[0; 4], call.as_bytes()].concat();
    let first = b"\x01\x81\0\0\0\0 ";
    [&http1::upgrade("")[..], first, &b"\x00\x81\0\0\0\0 ".repeat(size), &last].concat()
}

fn zerorpc_calls(size: usize) -> Vec<u8> {
    let calls = (0..size).flat_map(|id| zerorpc::call(&id.to_string(), "echo", b"\x91\x01"));
    zerorpc::begin().into_iter().chain(calls).collect()
}

fn zerorpc_map(size: usize) -> Vec<u8> {
    let map = [&[0x91, 0xdf][..], &(size as u32).to_be_bytes(), &b"\xa1a\x01".repeat(size)].concat();
    [zerorpc::begin(), zerorpc::call("id", "echo", &map)].concat()
}

fn grpc_calls(size: usize) -> Vec<u8> {
    let hello = http2::message(false, &http2::field_1(b"x"));
    let call = |at: usize| {
        let stream = 2 * at as u32 + 1;
        [http2::headers(stream, "/Greeter/SayHello", &[]), http2::last_data(stream, &hello)].concat()
    };
    [http2::begin(65_535), (0..size).flat_map(call).collect()].concat()
}

fn grpc_frames(size: usize) -> Vec<u8> {
    let message = http2::message(false, &http2::field_1(&vec![b'x'; size]));
    let frames = message.iter().flat_map(|byte| http2::data(1, &[*byte]));
    let begin = [http2::begin(65_535), http2::headers(1, "/Greeter/SayHello", &[])].concat();
    begin.into_iter().chain(frames).chain(http2::last_data(1, b"")).collect()
}
