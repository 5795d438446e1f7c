//! HTTP/1: heads, bodies and chunks; and what follows an upgrade.

use super::websocket::WebSocket;
use super::{LONGEST_LOOK, Labeller, Next, Piece, Side, json, one_line, xml};

const MOST_HEADERS: usize = 100;
/// As much of a first line as a label has room for.
const LONGEST_LINE: usize = 100;
/// A chunk's length is a few digits, perhaps with an extension.
const LONGEST_CHUNK_LINE: usize = 4096;

/// Names heads and bodies of one direction.
pub(super) struct Http1 {
    side: Side,
    /// Whether the connection becomes a WebSocket after the first head.
    upgrades: bool,
    state: State,
}

enum State {
    Head,
    /// So many bytes, of this content type.
    Body(usize, String),
    /// The length of a chunk, and its bytes.
    Chunk,
    /// After the last chunk: headers, mostly none, and an empty line.
    Trailers,
    /// All that is left of the connection.
    Rest,
    Upgraded(WebSocket),
}

impl Http1 {
    pub(super) fn new(side: Side) -> Self {
        Self { side, upgrades: false, state: State::Head }
    }

    /// For a connection that is to become a WebSocket.
    pub(super) fn upgrading(side: Side) -> Self {
        Self { upgrades: true, ..Self::new(side) }
    }

    fn head(&mut self, bytes: &[u8]) -> Next {
        let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let read = match self.side {
            Side::Client => request(bytes, &mut headers),
            Side::Server => response(bytes, &mut headers),
        };
        match read {
            Ok(Some(head)) => {
                let mut piece = Piece::new(head.length, head.line.clone());
                self.state = self.after(&head);
                if let State::Body(0, _) = self.state {
                    piece.label.push_str(", without a body");
                    self.state = State::Head;
                }
                Next::Piece(piece)
            }
            Ok(None) if bytes.len() < LONGEST_LOOK => Next::More,
            Ok(None) => Next::Lost("a head without an end".to_owned()),
            Err(error) => Next::Lost(format!("no head of HTTP/1: {error}")),
        }
    }

    fn after(&self, head: &Head<'_>) -> State {
        let value = |name: &str| {
            let header = head.headers.iter().rev().find(|header| header.name.eq_ignore_ascii_case(name));
            header.map(|header| String::from_utf8_lossy(header.value).into_owned())
        };
        // A client's first head asks for the upgrade, and only a 101 grants it.
        if self.upgrades && head.status.is_none_or(|status| status == 101) {
            return State::Upgraded(WebSocket::new(self.side));
        }
        let kind = value("content-type").unwrap_or_else(|| "of no type".to_owned());
        if value("transfer-encoding").is_some_and(|coding| coding.to_ascii_lowercase().contains("chunked")) {
            return State::Chunk;
        }
        let length = value("content-length").and_then(|length| length.trim().parse().ok());
        match (length, head.status) {
            (Some(length), _) => State::Body(length, kind),
            (None, None | Some(100..=199 | 204 | 304)) => State::Body(0, kind),
            (None, Some(_)) => State::Rest,
        }
    }

    fn body(&mut self, bytes: &[u8], length: usize, kind: &str) -> Next {
        let is_text = kind.contains("json") || kind.contains("xml");
        if is_text && bytes.len() < length && bytes.len() < LONGEST_LOOK {
            return Next::More;
        }
        self.state = State::Head;
        let what = match bytes.get(..length).filter(|_| is_text) {
            Some(whole) if kind.contains("json") => format!(": {}", json::label(self.side, whole)),
            Some(whole) => xml::label(whole).map_or_else(String::new, |label| format!(": {label}")),
            None => String::new(),
        };
        Next::piece(length, format!("HTTP body, {}{what}", one_line(kind, LONGEST_LINE)))
    }

    fn chunk(&mut self, bytes: &[u8]) -> Next {
        match httparse::parse_chunk_size(bytes) {
            Ok(httparse::Status::Complete((line, 0))) => {
                self.state = State::Trailers;
                Next::piece(line, "HTTP last chunk")
            }
            Ok(httparse::Status::Complete((line, size))) => {
                let size = usize::try_from(size).unwrap_or(usize::MAX);
                // The line, the chunk, and a line's end.
                Next::piece(
                    line.saturating_add(size).saturating_add(2),
                    format!("HTTP chunk of {size} bytes"),
                )
            }
            Ok(httparse::Status::Partial) if bytes.len() < LONGEST_CHUNK_LINE => Next::More,
            _ => Next::Lost("no chunk of HTTP".to_owned()),
        }
    }

    fn trailers(&mut self, bytes: &[u8]) -> Next {
        let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
        match httparse::parse_headers(bytes, &mut headers) {
            Ok(httparse::Status::Complete((length, _))) => {
                self.state = State::Head;
                Next::piece(length, "HTTP end of the chunks")
            }
            Ok(httparse::Status::Partial) if bytes.len() < LONGEST_LOOK => Next::More,
            _ => Next::Lost("no trailers of HTTP".to_owned()),
        }
    }
}

impl Labeller for Http1 {
    fn next(&mut self, bytes: &[u8]) -> Next {
        match &mut self.state {
            State::Head => self.head(bytes),
            State::Body(length, kind) => {
                let (length, kind) = (*length, std::mem::take(kind));
                let next = self.body(bytes, length, &kind);
                if next == Next::More {
                    self.state = State::Body(length, kind);
                }
                next
            }
            State::Chunk => self.chunk(bytes),
            State::Trailers => self.trailers(bytes),
            State::Rest => Next::piece(bytes.len(), "HTTP body, up to the end of the connection"),
            State::Upgraded(frames) => frames.next(bytes),
        }
    }
}

/// What a head says that matters here.
struct Head<'h> {
    length: usize,
    line: String,
    status: Option<u16>,
    headers: &'h [httparse::Header<'h>],
}

/// None: it is not all there.
type Read<'h> = Result<Option<Head<'h>>, httparse::Error>;

fn request<'h>(bytes: &'h [u8], headers: &'h mut [httparse::Header<'h>]) -> Read<'h> {
    let mut request = httparse::Request::new(headers);
    let httparse::Status::Complete(length) = request.parse(bytes)? else { return Ok(None) };
    let (method, path) = (request.method.unwrap_or_default(), request.path.unwrap_or_default());
    let line = one_line(&format!("HTTP request {method} {path}"), LONGEST_LINE);
    Ok(Some(Head { length, line, status: None, headers: request.headers }))
}

fn response<'h>(bytes: &'h [u8], headers: &'h mut [httparse::Header<'h>]) -> Read<'h> {
    let mut response = httparse::Response::new(headers);
    let httparse::Status::Complete(length) = response.parse(bytes)? else { return Ok(None) };
    let (code, reason) = (response.code.unwrap_or_default(), response.reason.unwrap_or_default());
    let line = one_line(&format!("HTTP response {code} {reason}"), LONGEST_LINE);
    Ok(Some(Head { length, line, status: response.code, headers: response.headers }))
}

/// A head of any kind, and then another protocol, as gob over `CONNECT` has it.
pub(super) struct Connect<L> {
    then: L,
    is_connected: bool,
}

impl<L> Connect<L> {
    pub(super) fn new(then: L) -> Self {
        Self { then, is_connected: false }
    }
}

impl<L: Labeller> Labeller for Connect<L> {
    fn next(&mut self, bytes: &[u8]) -> Next {
        if self.is_connected {
            return self.then.next(bytes);
        }
        // Go ends its lines without a carriage return.
        let end =
            [&b"\n\n"[..], b"\n\r\n"].iter().filter_map(|end| Some(find(bytes, end)? + end.len())).min();
        let Some(end) = end else {
            return match bytes.len() < LONGEST_LOOK {
                true => Next::More,
                false => Next::Lost("a head without an end".to_owned()),
            };
        };
        self.is_connected = true;
        let line = bytes.split(|&byte| byte == b'\n').next().unwrap_or_default();
        let line = one_line(String::from_utf8_lossy(line).trim_end(), LONGEST_LINE);
        Next::piece(end, format!("HTTP {line}"))
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
