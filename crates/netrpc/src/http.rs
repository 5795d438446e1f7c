//! net/rpc over HTTP: gob after a `CONNECT`, and JSON in the body of a `POST`.

use std::io;

use bytes::{Buf as _, BytesMut};
use http::request::Parts;
use http::{StatusCode, Version};
use manywire_core::Connection;
use manywire_http::{
    AnswerHeaders, Arrival, Beside, Guard, Handler, Headers, Request, Response, read_body, reply,
};
use manywire_stream::Patience;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use crate::gob::GobServer;
use crate::json::answer_one;
use crate::pipeline;

/// Where Go's `rpc.HandleHTTP` listens.
pub const GOB_PATH: &str = "/_goRPC_";

/// Where the notes post their JSON requests.
pub const JSON_PATH: &str = "/jsonrpc";

/// What Go answers to the CONNECT, bare line feeds and all. Its client compares the status with exactly this text.
const CONNECTED: &str = "HTTP/1.0 200 Connected to Go RPC\n\n";

/// A CONNECT with more header than this is refused.
const MAX_HEAD: usize = 16 << 10;

/// Serves gob to a client that begins with `CONNECT /_goRPC_`. `input` holds what was read of the stream before.
///
/// hyper would not do: the client sends bare line feeds, wants that exact reason phrase, and then speaks gob, perhaps in
/// the same packet.
pub async fn serve_connect<IO>(mut io: IO, mut input: BytesMut, connection: &Connection) -> io::Result<()>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let mut patience = Patience::with(connection);
    let is_welcome = tokio::select! {
        is_welcome = welcome(&mut io, &mut input) => is_welcome?,
        () = patience.over() => {
            tracing::debug!("no complete CONNECT within the handshake limit");
            return Ok(());
        }
    };
    if is_welcome {
        // The client has shaken hands, and may keep the connection until it has something to call.
        patience.rest();
        let codec = GobServer::new(&connection.limits);
        return pipeline::serve(io, input, codec, connection, patience).await;
    }
    manywire_http::close(&mut io, &connection.limits).await
}

/// Answers the CONNECT; false where it was not one for gob.
async fn welcome<IO>(io: &mut IO, input: &mut BytesMut) -> io::Result<bool>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let refused = match read_head(io, input).await?.as_deref().and_then(parse_head) {
        None => Some(StatusCode::BAD_REQUEST),
        Some(head) if head.uri.path() != GOB_PATH => Some(StatusCode::NOT_FOUND),
        // Where it came from is a browser's matter, and a browser sends no CONNECT to a page's server.
        Some(head) => Guard::default().check(&head, Arrival::default()).err().map(|refusal| refusal.status()),
    };
    let answer = refused.map_or_else(|| CONNECTED.to_owned(), refusal);
    io.write_all(answer.as_bytes()).await?;
    io.flush().await?;
    Ok(refused.is_none())
}

/// Takes the request's head, up to and with the empty line behind it, off the input; none when it is too long or breaks off.
pub(crate) async fn read_head<IO: AsyncRead + Unpin>(
    io: &mut IO,
    input: &mut BytesMut,
) -> io::Result<Option<Vec<u8>>> {
    let mut searched = 0;
    loop {
        if searched == 0 {
            let empty_lines = input.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            input.advance(empty_lines);
        }
        if let Some(end) = head_end(input, searched) {
            let head = input[..end].to_vec();
            input.advance(end);
            return Ok(Some(head));
        }
        // The end may be cut, and the last two bytes are its beginning.
        searched = input.len().saturating_sub(2);
        if input.len() > MAX_HEAD || io.read_buf(input).await? == 0 {
            return Ok(None);
        }
    }
}

/// Where the empty line ends, with or without carriage returns; `searched` bytes hold no start of it.
fn head_end(input: &[u8], searched: usize) -> Option<usize> {
    memchr::memchr_iter(b'\n', &input[searched..]).find_map(|at| match &input[searched + at + 1..] {
        [b'\n', ..] => Some(searched + at + 2),
        [b'\r', b'\n', ..] => Some(searched + at + 3),
        _ => None,
    })
}

/// The head of a `CONNECT path HTTP/1.x`, with bare line feeds or whole line ends.
fn parse_head(text: &[u8]) -> Option<Parts> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut parsed = httparse::Request::new(&mut headers);
    if !parsed.parse(text).ok()?.is_complete() || parsed.method != Some("CONNECT") {
        return None;
    }
    let version = if parsed.version == Some(1) { Version::HTTP_11 } else { Version::HTTP_10 };
    let mut request = http::Request::builder().method("CONNECT").uri(parsed.path?).version(version);
    for header in parsed.headers {
        request = request.header(header.name, header.value);
    }
    Some(request.body(()).ok()?.into_parts().0)
}

fn refusal(status: StatusCode) -> String {
    let (code, reason) = (status.as_u16(), status.canonical_reason().unwrap_or_default());
    let body = if status == StatusCode::NOT_FOUND { "404 page not found\n" } else { reason };
    let length = body.len();
    format!(
        "HTTP/1.0 {code} {reason}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

/// Answers `POST /jsonrpc`, and tells anyone who does not CONNECT to `/_goRPC_` to do so.
#[derive(Clone)]
pub struct JsonPost {
    connection: Connection,
}

impl JsonPost {
    /// The handler of one HTTP connection.
    pub fn new(connection: Connection) -> Self {
        Self { connection }
    }
}

impl Handler for JsonPost {
    async fn handle(&self, request: Request) -> Response {
        const JSON: &str = "application/json";
        let (parts, mut body) = request.into_parts();
        if parts.uri.path() == GOB_PATH {
            return reply(StatusCode::METHOD_NOT_ALLOWED, "text/plain; charset=utf-8", "405 must CONNECT\n");
        }
        if parts.method != http::Method::POST {
            return manywire_http::method_not_allowed("POST");
        }
        let Connection { session, limits, budget, .. } = &self.connection;
        let (sent, gathered) = (Headers(&parts.headers), AnswerHeaders::default());
        let terms = match sent.terms() {
            Ok(terms) => terms,
            Err(error) => return reply(StatusCode::BAD_REQUEST, JSON, unreadable(error.message())),
        };
        let body = match read_body(&parts.headers, &mut body, limits, budget).await {
            Ok(body) => body,
            Err(error) => return reply(error.status(), JSON, unreadable(&error.to_string())),
        };
        let beside = Beside { terms, answer: Some(&gathered) };
        let mut response = match answer_one(session, limits, beside, &body).await {
            Ok(answer) => reply(StatusCode::OK, JSON, answer),
            Err(answer) => reply(StatusCode::BAD_REQUEST, JSON, answer),
        };
        gathered.put_into(&mut response);
        response
    }
}

fn unreadable(why: &str) -> String {
    serde_json::json!({ "id": null, "result": null, "error": format!("jsonrpc: {why}") }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_end_at_the_empty_line() {
        for head in [&b"CONNECT /_goRPC_ HTTP/1.0\n\n"[..], b"CONNECT / HTTP/1.1\r\nHost: x\r\n\r\n"] {
            for searched in 0..head.len() - 2 {
                assert_eq!(head_end(&[head, b"rest\n\n"].concat(), searched), Some(head.len()));
            }
            assert_eq!(head_end(&head[..head.len() - 1], 0), None);
        }
    }

    #[tokio::test]
    async fn a_connect_is_answered_as_its_head_deserves() {
        for (head, status) in [
            ("CONNECT /_goRPC_ HTTP/1.0\n\n", 200),
            ("\r\n\nCONNECT /_goRPC_ HTTP/1.1\r\nHost: x\r\n\r\n", 200),
            ("CONNECT /_goRPC_ HTTP/1.1\n\n", 400),
            ("CONNECT /_goRPC_ HTTP/1.1\nHost: x\nHost: x\n\n", 400),
            ("CONNECT /_goRPC_ HTTP/1.0\nHost: x y\n\n", 400),
            ("CONNECT /_goRPC_ HTTP/1.0\nno colon\n\n", 400),
            ("CONNECT /_goRPC_ HTTP/3.0\n\n", 400),
            ("CONNECT /_goRPC_ HTTP/1.0\nOrigin: http://evil.example\n\n", 403),
            ("CONNECT /_goRPC_ HTTP/1.1\nHost: x\nTransfer-Encoding: gzip\n\n", 501),
            ("CONNECT /elsewhere HTTP/1.0\n\n", 404),
        ] {
            let (mut ours, theirs) = tokio::io::duplex(1_000);
            let mut input = BytesMut::from(head);
            let is_welcome = welcome(&mut ours, &mut input).await.unwrap();
            drop(ours);
            let mut answer = String::new();
            tokio::io::BufReader::new(theirs).read_to_string(&mut answer).await.unwrap();
            assert!(answer.starts_with(&format!("HTTP/1.0 {status} ")), "{head:?}: {answer}");
            assert_eq!(is_welcome, status == 200);
        }
    }
}
