//! net/rpc over HTTP: gob after a `CONNECT`, and JSON in the body of a `POST`.

use std::io;

use bytes::{Buf as _, BytesMut};
use http::StatusCode;
use manywire_core::Connection;
use manywire_http::{Handler, Request, Response, read_body, reply};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use crate::json::answer_one;
use crate::{Patience, serve_gob};

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
    let welcome = welcome(&mut io, &mut input);
    let Ok(is_welcome) = tokio::time::timeout(connection.limits.handshake, welcome).await else {
        tracing::debug!("no complete CONNECT within the handshake limit");
        return Ok(());
    };
    if is_welcome? {
        return serve_gob(io, input, connection, Patience::OnceBegun).await;
    }
    manywire_stream::close(&mut io, &connection.limits).await
}

/// Answers the CONNECT; false where it was not one for gob.
async fn welcome<IO>(io: &mut IO, input: &mut BytesMut) -> io::Result<bool>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let head = read_head(io, input).await?;
    let (is_welcome, answer) = match head.as_deref().map(connect_path) {
        Some(Some(GOB_PATH)) => (true, CONNECTED.to_owned()),
        Some(Some(_)) => (false, refusal("404 Not Found", "404 page not found\n")),
        Some(None) | None => (false, refusal("400 Bad Request", "400 Bad Request\n")),
    };
    io.write_all(answer.as_bytes()).await?;
    io.flush().await?;
    Ok(is_welcome)
}

/// Takes the request's head, up to and with the empty line, off the input; none when it is too long or breaks off.
pub(crate) async fn read_head<IO: AsyncRead + Unpin>(
    io: &mut IO,
    input: &mut BytesMut,
) -> io::Result<Option<String>> {
    let mut searched = 0;
    loop {
        if let Some(end) = head_end(input, searched) {
            let head = String::from_utf8_lossy(&input[..end]).into_owned();
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

/// The path of `CONNECT path HTTP/1.x`.
fn connect_path(head: &str) -> Option<&str> {
    let mut words = head.lines().next()?.split(' ');
    let (method, path, version) = (words.next()?, words.next()?, words.next()?);
    (method == "CONNECT" && version.starts_with("HTTP/1.")).then_some(path)
}

fn refusal(status: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.0 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {length}\r\n\r\n{body}"
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
        let body = match read_body(&parts.headers, &mut body, limits, budget).await {
            Ok(body) => body,
            Err(error) => return reply(error.status(), JSON, unreadable(&error.to_string())),
        };
        match answer_one(session, limits, &body).await {
            Ok(answer) => reply(StatusCode::OK, JSON, answer),
            Err(answer) => reply(StatusCode::BAD_REQUEST, JSON, answer),
        }
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
        assert_eq!(connect_path("CONNECT /_goRPC_ HTTP/1.0\n\n"), Some(GOB_PATH));
        assert_eq!(connect_path("GET / HTTP/1.0\n\n"), None);
    }
}
