//! What the server said first: when a call failed, it may tell that another wire is spoken there.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use manywire_client::{Tap, Transport, Url, Wire};
use manywire_core::{ErrorKind, RpcError};

use crate::trace::Printer;

/// Enough of the first bytes to tell wires apart.
const ENOUGH: usize = 16;

/// Keeps the first bytes that any connection received, and hands all of them on to a trace.
pub(super) struct Heard {
    is_connected: AtomicBool,
    first: Mutex<Vec<u8>>,
    printer: Option<Arc<Printer>>,
}

impl Heard {
    pub(super) fn new(printer: Option<Arc<Printer>>) -> Self {
        Self { is_connected: AtomicBool::new(false), first: Mutex::default(), printer }
    }

    /// What may be wrong with the URL of a call that failed like this.
    pub(super) fn suggests(&self, url: &Url, error: &RpcError) -> Option<String> {
        let first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        let is_lost = error.kind() == ErrorKind::Unavailable && self.is_connected.load(Ordering::Relaxed);
        match first.is_empty() && is_lost {
            true => Some("it said nothing: is this wire spoken there?".to_owned()),
            false => suggestion(&first, url),
        }
    }
}

impl Tap for Heard {
    fn opened(&self, connection: u64, peer: &str) {
        self.is_connected.store(true, Ordering::Relaxed);
        if let Some(printer) = &self.printer {
            printer.opened(connection, peer);
        }
    }

    fn sent(&self, connection: u64, bytes: &[u8]) {
        if let Some(printer) = &self.printer {
            printer.sent(connection, bytes);
        }
    }

    fn received(&self, connection: u64, bytes: &[u8]) {
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        let lacks = ENOUGH.saturating_sub(first.len()).min(bytes.len());
        first.extend_from_slice(bytes.get(..lacks).unwrap_or_default());
        drop(first);
        if let Some(printer) = &self.printer {
            printer.received(connection, bytes);
        }
    }

    fn closed(&self, connection: u64) {
        if let Some(printer) = &self.printer {
            printer.closed(connection);
        }
    }
}

/// What speaks like this, where that is not what the URL says.
fn suggestion(first: &[u8], url: &Url) -> Option<String> {
    let at = url.authorities.first()?;
    let is_http1 =
        matches!(url.wire, Wire::Xmlrpc) || url.wire != Wire::Grpc && url.transport != Transport::Tcp;
    match first {
        // An alert, or a handshake.
        [0x15 | 0x16, 0x03, ..] if !url.tls => {
            let with_tls = Url { tls: true, ..url.clone() };
            Some(format!("TLS is spoken there; write {with_tls}"))
        }
        // The SETTINGS with which a server of HTTP/2 begins.
        [0, 0, _, 4, 0 | 1, 0, 0, 0, 0, ..] if url.wire != Wire::Grpc => {
            Some(format!("HTTP/2 is spoken there; write grpc://{at}"))
        }
        [b'H', b'T', b'T', b'P', b'/', b'1', ..] if !is_http1 => {
            Some(format!("HTTP/1 is spoken there; write jsonrpc://{at} or xmlrpc://{at}"))
        }
        [0xFF, 0, 0, 0, 0, 0, 0, 0, _, 0x7F, ..] if url.wire != Wire::Zerorpc => {
            Some(format!("ZMTP is spoken there; write zerorpc://{at}"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::suggestion;

    #[test]
    fn the_first_bytes_tell_the_wire() {
        let settings = b"\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x80";
        for (first, url, expected) in [
            (
                &b"\x15\x03\x03\0\x02\x02\x32"[..],
                "gob://h:1",
                Some("TLS is spoken there; write gob+tls://h:1"),
            ),
            (
                b"\x15\x03\x03\0\x02\x02\x32",
                "grpc://h:1",
                Some("TLS is spoken there; write grpc+https://h:1"),
            ),
            (settings, "gob://h:1", Some("HTTP/2 is spoken there; write grpc://h:1")),
            (settings, "xmlrpc://h:1", Some("HTTP/2 is spoken there; write grpc://h:1")),
            (settings, "grpc://h:1", None),
            (
                b"HTTP/1.1 400 Bad",
                "zerorpc://h:1",
                Some("HTTP/1 is spoken there; write jsonrpc://h:1 or xmlrpc://h:1"),
            ),
            (b"HTTP/1.1 404 Not", "jsonrpc+ws://h:1", None),
            (
                b"\xff\0\0\0\0\0\0\0\x01\x7f",
                "jsonrpc1+tcp://h:1",
                Some("ZMTP is spoken there; write zerorpc://h:1"),
            ),
            (b"", "gob://h:1", None),
        ] {
            assert_eq!(suggestion(first, &url.parse().unwrap()).as_deref(), expected, "{url}");
        }
    }
}
