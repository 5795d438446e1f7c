//! What a port seems to speak, by the first bytes that came from it: when a call fails, that may be why.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use manywire_core::{ErrorKind, Origin, RpcError};

use crate::{Transport, Url, Wire};

/// A head of HTTP fits, whose content type tells most.
const ENOUGH: usize = 2048;

/// What was heard of one server.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// The first bytes of the last connection; none where there is no connection yet.
    first: Mutex<Option<Vec<u8>>>,
    /// Whether a call was ever answered. Then the wire is the right one, whatever goes wrong later.
    has_answered: AtomicBool,
}

impl Heard {
    /// The connection before is of no more interest.
    pub(crate) fn forget(&self) {
        if !self.has_answered.load(Relaxed) {
            *self.first() = None;
        }
    }

    /// A connection was made. False where nobody will ask what comes from it.
    pub(crate) fn connected(&self) -> bool {
        let is_asked = !self.has_answered.load(Relaxed);
        if is_asked {
            *self.first() = Some(Vec::new());
        }
        is_asked
    }

    /// Bytes came. False when there are enough of them.
    pub(crate) fn received(&self, bytes: &[u8]) -> bool {
        let mut first = self.first();
        let first = first.get_or_insert_default();
        let lacks = ENOUGH.saturating_sub(first.len()).min(bytes.len());
        first.extend_from_slice(bytes.get(..lacks).unwrap_or_default());
        first.len() < ENOUGH
    }

    /// A call was answered, by whatever.
    pub(crate) fn answered(&self) {
        if !self.has_answered.load(Relaxed) {
            self.has_answered.store(true, Relaxed);
            *self.first() = None;
        }
    }

    /// What may be wrong with the URL of a call that failed like this.
    pub(crate) fn hint(&self, error: &RpcError, url: &Url) -> Option<Hint> {
        if self.has_answered.load(Relaxed) {
            return None;
        }
        let first = self.first();
        match first.as_deref()? {
            [] if matches!(error.origin(), Origin::Connect | Origin::Lost) => Some(Hint::Silent),
            [] => None,
            first => suggestion(first, url).map(Hint::Other),
        }
    }

    fn first(&self) -> MutexGuard<'_, Option<Vec<u8>>> {
        self.first.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a server may not have answered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Hint {
    /// It said nothing at all.
    Silent,
    /// It speaks something else: what to write instead.
    Other(String),
}

impl Hint {
    /// The error with this hint. Where another wire is spoken, the server was not reached.
    pub(crate) fn explain(self, error: RpcError) -> RpcError {
        match self {
            Hint::Silent => {
                error.with_hint("it closed without a word: is this wire spoken there, or only in TLS?")
            }
            Hint::Other(words) => {
                error.with_origin(Origin::Lost).with_kind(ErrorKind::Unavailable).with_hint(words)
            }
        }
    }
}

/// What a port turned out to speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spoken {
    Tls,
    Http2,
    /// HTTP/1, and the wire that it seems to carry.
    Http1(Option<Wire>),
    Zmtp,
    Gob,
    Json,
}

/// What speaks like this, where that is not what the URL says.
fn suggestion(first: &[u8], url: &Url) -> Option<String> {
    let Some(spoken) = recognise(first) else {
        return printable(first).map(|text| format!("what answered there began with {text:?}"));
    };
    let is_http = url.wire != Wire::Grpc && url.transport != Transport::Tcp;
    let (what, wires): (&str, &[(Wire, Transport)]) = match spoken {
        Spoken::Tls if !url.tls => return Some(format!("TLS is spoken there; write {}", url.with_tls())),
        Spoken::Http2 if url.wire != Wire::Grpc => ("HTTP/2", &[(Wire::Grpc, Transport::Http)]),
        Spoken::Http1(Some(Wire::Grpc)) => ("gRPC", &[(Wire::Grpc, Transport::Http)]),
        Spoken::Http1(Some(Wire::Xmlrpc)) if url.wire != Wire::Xmlrpc => {
            ("XML-RPC", &[(Wire::Xmlrpc, Transport::Http)])
        }
        Spoken::Http1(Some(Wire::Jsonrpc)) if url.wire == Wire::Xmlrpc || !is_http => {
            ("JSON over HTTP", &[(Wire::Jsonrpc, Transport::Http), (Wire::Jsonrpc1, Transport::Http)])
        }
        Spoken::Http1(_) if !is_http => {
            ("HTTP/1", &[(Wire::Jsonrpc, Transport::Http), (Wire::Xmlrpc, Transport::Http)])
        }
        Spoken::Zmtp if url.wire != Wire::Zerorpc => ("ZMTP", &[(Wire::Zerorpc, Transport::Tcp)]),
        Spoken::Gob if url.wire != Wire::Gob => ("gob", &[(Wire::Gob, Transport::Tcp)]),
        Spoken::Json if url.wire != Wire::Jsonrpc1 || url.transport != Transport::Tcp => {
            ("JSON-RPC 1.0 over TCP", &[(Wire::Jsonrpc1, Transport::Tcp)])
        }
        _ => return None,
    };
    let forms = wires.iter().map(|(wire, transport)| url.spoken_as(*wire, *transport).to_string());
    Some(format!("{what} is spoken there; write {}", forms.collect::<Vec<_>>().join(" or ")))
}

fn recognise(first: &[u8]) -> Option<Spoken> {
    match first {
        // An alert, or a handshake.
        [0x15 | 0x16, 0x03, ..] => Some(Spoken::Tls),
        // The SETTINGS with which a server of HTTP/2 begins.
        [0, 0, length, 4, 0 | 1, 0, 0, 0, 0, rest @ ..] => {
            let goaway = rest.get(usize::from(*length)..).unwrap_or_default();
            Some(if wants_tls(goaway) { Spoken::Tls } else { Spoken::Http2 })
        }
        [b'H', b'T', b'T', b'P', b'/', b'1', ..] => Some(http1(first)),
        // Eight bytes of padding, whatever they are, and the lowest bit of the tenth.
        [0xFF, _, _, _, _, _, _, _, _, last, ..] if last & 1 == 1 => Some(Spoken::Zmtp),
        [b'{', ..] => Some(Spoken::Json),
        // The definition of a struct, shorter than 128 bytes: the number of a new type is below zero, so its lowest bit is set.
        [1..=0x7F, 0xFF, ..] => Some(Spoken::Gob),
        [1..=0x7F, 1..=0x7F, 3, ..] if first[1] & 1 == 1 => Some(Spoken::Gob),
        _ => None,
    }
}

/// Whether a frame of HTTP/2 is a GOAWAY that says INADEQUATE_SECURITY.
fn wants_tls(frame: &[u8]) -> bool {
    matches!(frame, [_, _, _, 7, _, _, _, _, _, _, _, _, _, 0, 0, 0, 0xC, ..])
}

fn http1(head: &[u8]) -> Spoken {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut headers);
    if !response.parse(head).is_ok_and(|status| status.is_complete()) {
        return Spoken::Http1(None);
    }
    let code = response.code;
    let value = |name: &str| {
        let mut named = response.headers.iter().filter(|header| header.name.eq_ignore_ascii_case(name));
        named.next().and_then(|header| std::str::from_utf8(header.value).ok()).unwrap_or_default()
    };
    if code == Some(426) && value("upgrade").contains("TLS/") {
        return Spoken::Tls;
    }
    // A server that refuses what it was sent may say what it takes.
    let kinds = [value("content-type"), value("accept")];
    let has = |kind: &str| kinds.iter().any(|value| value.contains(kind));
    Spoken::Http1(if has("application/grpc") {
        Some(Wire::Grpc)
    } else if has("text/xml") || has("application/xml") {
        Some(Wire::Xmlrpc)
    } else if has("application/json") {
        Some(Wire::Jsonrpc)
    } else {
        None
    })
}

/// The first line, if it is text: `SSH-2.0-OpenSSH_9.6`.
fn printable(first: &[u8]) -> Option<&str> {
    const LONGEST: usize = 40;
    let line = first.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = line.get(..line.len().min(LONGEST)).unwrap_or_default().trim_ascii_end();
    let is_text = line.len() >= 3 && line.iter().all(|byte| matches!(byte, b' '..=b'~'));
    std::str::from_utf8(line).ok().filter(|_| is_text)
}

impl Url {
    /// The same server by another wire.
    fn spoken_as(&self, wire: Wire, transport: Transport) -> Self {
        Self { wire, transport, path: String::new(), ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_tell_the_wire() {
        let settings = b"\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x80";
        let refused = b"\0\0\0\x04\0\0\0\0\0\0\0\x0C\x07\0\0\0\0\0\0\0\0\0\0\0\0\x0Ctext";
        let xml = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=utf-8\r\n\r\n<";
        let json = b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\n\r\n{";
        let grpc = b"HTTP/1.1 415 Unsupported Media Type\r\naccept: application/grpc\r\ncontent-type: text/plain\r\n\r\n";
        let only_tls = b"HTTP/1.1 426 Upgrade Required\r\nupgrade: TLS/1.2, HTTP/1.1\r\n\r\n";
        let zmtp = b"\xff\0\0\0\0\0\0\0\x01\x7f";
        for (first, url, expected) in [
            (&b"\x15\x03\x03\0\x02\x02\x32"[..], "gob://h:1", "TLS is spoken there; write gob+tls://h:1"),
            (b"\x15\x03\x03\0\x02\x02\x32", "grpc://h:1", "TLS is spoken there; write grpc+https://h:1"),
            (refused, "grpc://h:1", "TLS is spoken there; write grpc+https://h:1"),
            (only_tls, "xmlrpc://h:1/a", "TLS is spoken there; write xmlrpc+https://h:1/a"),
            (settings, "gob://h:1", "HTTP/2 is spoken there; write grpc+http://h:1"),
            (settings, "xmlrpc+https://h:1", "HTTP/2 is spoken there; write grpc+https://h:1"),
            (settings, "grpc://h:1", ""),
            (
                b"HTTP/1.1 400 Bad",
                "zerorpc://h:1",
                "HTTP/1 is spoken there; write jsonrpc+http://h:1 or xmlrpc+http://h:1",
            ),
            (b"HTTP/1.1 404 Not", "jsonrpc+ws://h:1", ""),
            (xml, "jsonrpc://h:1/x", "XML-RPC is spoken there; write xmlrpc+http://h:1"),
            (xml, "gob://h:1", "XML-RPC is spoken there; write xmlrpc+http://h:1"),
            (xml, "xmlrpc://h:1", ""),
            (
                json,
                "xmlrpc://h:1",
                "JSON over HTTP is spoken there; write jsonrpc+http://h:1 or jsonrpc1+http://h:1",
            ),
            (json, "jsonrpc://h:1", ""),
            (grpc, "jsonrpc://h:1", "gRPC is spoken there; write grpc+http://h:1"),
            (zmtp, "jsonrpc1+tcp://h:1", "ZMTP is spoken there; write zerorpc+tcp://h:1"),
            (
                b"\xff\0\0\0\0\0\0\0\x09\x7f",
                "gob://h:1,i:2",
                "ZMTP is spoken there; write zerorpc+tcp://h:1,i:2",
            ),
            (
                b"{\"id\":null",
                "zerorpc://h:1",
                "JSON-RPC 1.0 over TCP is spoken there; write jsonrpc1+tcp://h:1",
            ),
            (b"\x3a\xff\x81\x03", "jsonrpc1+tcp://h:1", "gob is spoken there; write gob+tcp://h:1"),
            (b"\x39\x7f\x03\x01", "zerorpc://h:1", "gob is spoken there; write gob+tcp://h:1"),
            (
                b"SSH-2.0-OpenSSH_9.6\r\n",
                "gob://h:1",
                "what answered there began with \"SSH-2.0-OpenSSH_9.6\"",
            ),
            (b"\0\0\0", "gob://h:1", ""),
        ] {
            let said = suggestion(first, &url.parse().unwrap()).unwrap_or_default();
            assert_eq!(said, expected, "{url}");
        }
    }

    #[test]
    fn silence_is_a_hint_only_for_a_connection_that_broke_before_any_answer() {
        let (heard, url) = (Heard::default(), "gob://h:1".parse().unwrap());
        let lost = RpcError::arose(Origin::Lost, "closed");
        assert_eq!(heard.hint(&lost, &url), None, "there was no connection");
        assert!(heard.connected());
        assert_eq!(heard.hint(&lost, &url), Some(Hint::Silent));
        assert_eq!(heard.hint(&RpcError::failed("no"), &url), None);
        heard.answered();
        assert!(!heard.connected());
        assert_eq!(heard.hint(&lost, &url), None);
    }

    #[test]
    fn any_bytes_are_looked_at() {
        let url = "gob://h:1".parse().unwrap();
        for first in 0..=255_u8 {
            for second in 0..=255 {
                for length in 0..20 {
                    let mut bytes = vec![second; length];
                    bytes.insert(0, first);
                    let _ = suggestion(&bytes, &url);
                }
            }
        }
    }
}
