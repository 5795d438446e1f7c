//! HTTP/1.1 requests, and WebSocket's frames behind them.

use std::io::Write as _;

/// A POST of a body, with these header lines.
pub fn post(path: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head =
        format!("POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\n{headers}\r\n");
    [head.as_bytes(), body].concat()
}

/// A gzip body and the header line that says so.
pub fn post_gzip(path: &str, content_type: &str, body: &[u8]) -> Vec<u8> {
    post(path, &format!("content-type: {content_type}\r\ncontent-encoding: gzip\r\n"), &gzip(body))
}

/// A body, compressed.
pub fn gzip(body: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    // Writing to a vector does not fail.
    gzip.write_all(body).and_then(|()| gzip.finish()).unwrap_or_default()
}

/// One call of JSON-RPC 2.0.
pub fn json_call(method: &str, params: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","method":"{method}","params":{params},"id":1}}"#)
}

/// One call of XML-RPC, with one string.
pub fn xml_call(method: &str, text: &str) -> String {
    let param = format!("<param><value><string>{text}</string></value></param>");
    format!(
        "<?xml version='1.0'?><methodCall><methodName>{method}</methodName><params>{param}</params></methodCall>"
    )
}

/// Asks for a WebSocket, with these header lines.
pub fn upgrade(headers: &str) -> Vec<u8> {
    format!(
        "GET / HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n{headers}\r\n"
    )
    .into_bytes()
}

/// A text message in a frame, under a mask of zeros.
pub fn websocket_text(text: &str) -> Vec<u8> {
    let length = (text.len() as u64).to_be_bytes();
    let length = match text.len() {
        0..=125 => vec![0x80 | length[7]],
        126..=0xFFFF => [&[0xFE], &length[6..]].concat(),
        _ => [&[0xFF][..], &length].concat(),
    };
    [&[0x81], &length[..], &[0; 4], text.as_bytes()].concat()
}
