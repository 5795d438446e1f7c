//! HTTP/2's frames.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use super::grpc::Messages;
use super::hpack::Hpack;
use super::{LONGEST_LOOK, Labeller, Next, Piece, Side, one_line};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEAD: usize = 9;
/// As much of a GOAWAY's words as a label has room for.
const LONGEST_WORDS: usize = 100;
const END_STREAM: u8 = 0x1;
const END_HEADERS: u8 = 0x4;
const PADDED: u8 = 0x8;
const PRIORITY: u8 = 0x20;
const ACK: u8 = 0x1;
const SETTINGS: [&str; 9] = [
    "?",
    "HEADER_TABLE_SIZE",
    "ENABLE_PUSH",
    "MAX_CONCURRENT_STREAMS",
    "INITIAL_WINDOW_SIZE",
    "MAX_FRAME_SIZE",
    "MAX_HEADER_LIST_SIZE",
    "?",
    "ENABLE_CONNECT_PROTOCOL",
];
const ERRORS: [&str; 14] = [
    "NO_ERROR",
    "PROTOCOL_ERROR",
    "INTERNAL_ERROR",
    "FLOW_CONTROL_ERROR",
    "SETTINGS_TIMEOUT",
    "STREAM_CLOSED",
    "FRAME_SIZE_ERROR",
    "REFUSED_STREAM",
    "CANCEL",
    "COMPRESSION_ERROR",
    "CONNECT_ERROR",
    "ENHANCE_YOUR_CALM",
    "INADEQUATE_SECURITY",
    "HTTP_1_1_REQUIRED",
];

/// What begins the path of a call by which a client learns of the services; on the wire, but not what one asked to see.
const REFLECTION: &str = ":path: /grpc.reflection.";
/// A client asks once for each connection.
const MOST_ASIDES: usize = 100;

/// Names the frames of one direction.
pub(super) struct Http2 {
    preface_is_next: bool,
    headers: Hpack,
    /// A block of headers that goes on in the next frame.
    block: Vec<u8>,
    /// What is under way on each stream.
    messages: HashMap<u32, Messages>,
    /// The streams that are reflection's; only the client's side says which.
    asides: Arc<Mutex<HashSet<u32>>>,
}

/// The head of a frame.
struct Frame {
    kind: u8,
    flags: u8,
    stream: u32,
}

impl Http2 {
    /// For the client's side of a connection, and for the server's.
    pub(super) fn both() -> [Self; 2] {
        let asides = Arc::default();
        [Side::Client, Side::Server].map(|side| Self::new(side, Arc::clone(&asides)))
    }

    fn new(side: Side, asides: Arc<Mutex<HashSet<u32>>>) -> Self {
        Self {
            asides,
            preface_is_next: side == Side::Client,
            headers: Hpack::new(),
            block: Vec::new(),
            messages: HashMap::new(),
        }
    }

    fn piece(&mut self, length: usize, frame: &Frame, payload: &[u8]) -> Piece {
        let mut piece = Piece::new(length, String::new());
        let what = match frame.kind {
            0 => self.messages.entry(frame.stream).or_default().read(frame.unpadded(payload)),
            1 | 9 => {
                piece.notes = self.headers(frame, payload);
                if frame.kind == 1 { "HEADERS" } else { "CONTINUATION" }.to_owned()
            }
            2 => "PRIORITY".to_owned(),
            3 => format!("RST_STREAM: {}", error_name(payload)),
            4 if frame.has(ACK) => "SETTINGS, acknowledged".to_owned(),
            4 => format!("SETTINGS{}", settings(payload)),
            5 => "PUSH_PROMISE".to_owned(),
            6 if frame.has(ACK) => "PING, answered".to_owned(),
            6 => "PING".to_owned(),
            7 => go_away(payload),
            8 => format!("WINDOW_UPDATE: {} bytes more", number(payload) & 0x7FFF_FFFF),
            kind => format!("frame of kind {kind}"),
        };
        piece.aside = self.is_aside(frame.stream, &piece.notes);
        let what = if piece.aside { format!("(reflection) {what}") } else { what };
        piece.label = match frame.stream {
            0 => format!("HTTP/2 {what}"),
            stream => format!("HTTP/2 stream {stream} {what}"),
        };
        if matches!(frame.kind, 0 | 1) && frame.has(END_STREAM) {
            piece.label.push_str(", the last of its stream");
            self.messages.remove(&frame.stream);
        }
        piece
    }

    /// Whether a stream is reflection's, which a request's headers say.
    fn is_aside(&self, stream: u32, headers: &[String]) -> bool {
        let mut asides = self.asides.lock().unwrap_or_else(PoisonError::into_inner);
        if headers.iter().any(|header| header.starts_with(REFLECTION)) && asides.len() < MOST_ASIDES {
            asides.insert(stream);
        }
        asides.contains(&stream)
    }

    fn headers(&mut self, frame: &Frame, payload: &[u8]) -> Vec<String> {
        if frame.kind == 1 {
            self.block.clear();
        }
        let payload = if frame.kind == 1 { frame.without_priority(frame.unpadded(payload)) } else { payload };
        self.block.extend_from_slice(payload);
        if self.block.len() > LONGEST_LOOK {
            self.block.clear();
            self.headers.give_up();
        }
        if frame.has(END_HEADERS) { self.headers.read(&std::mem::take(&mut self.block)) } else { Vec::new() }
    }
}

impl Labeller for Http2 {
    fn next(&mut self, bytes: &[u8]) -> Next {
        if self.preface_is_next {
            if bytes.len() < PREFACE.len() && PREFACE.starts_with(bytes) {
                return Next::More;
            }
            if !bytes.starts_with(PREFACE) {
                return Next::Lost("no preface of HTTP/2".to_owned());
            }
            self.preface_is_next = false;
            return Next::piece(PREFACE.len(), "HTTP/2 preface");
        }
        let Some((head, rest)) = bytes.split_first_chunk::<HEAD>() else { return Next::More };
        let [size @ .., kind, flags, a, b, c, d] = *head;
        let [high, middle, low] = size;
        let size = u32::from_be_bytes([0, high, middle, low]) as usize;
        // The messages of a stream can be told from whole frames only, and none is larger than 16 MiB.
        let Some(payload) = rest.get(..size) else { return Next::More };
        let frame = Frame { kind, flags, stream: u32::from_be_bytes([a & 0x7F, b, c, d]) };
        Next::Piece(self.piece(HEAD + size, &frame, payload))
    }
}

impl Frame {
    fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    fn unpadded<'p>(&self, payload: &'p [u8]) -> &'p [u8] {
        let padded = payload.split_first().filter(|_| self.has(PADDED));
        padded.map_or(payload, |(&pad, rest)| {
            rest.get(..rest.len().saturating_sub(pad.into())).unwrap_or_default()
        })
    }

    fn without_priority<'p>(&self, payload: &'p [u8]) -> &'p [u8] {
        if self.has(PRIORITY) { payload.get(5..).unwrap_or_default() } else { payload }
    }
}

fn number(bytes: &[u8]) -> u32 {
    bytes.first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes))
}

fn error_name(bytes: &[u8]) -> String {
    let code = number(bytes);
    ERRORS.get(code as usize).map_or_else(|| format!("error {code}"), |name| (*name).to_owned())
}

fn settings(payload: &[u8]) -> String {
    let mut text = String::new();
    for setting in payload.chunks_exact(6).take(SETTINGS.len()) {
        let [high, low, value @ ..] = setting else { break };
        let name = SETTINGS.get(usize::from(u16::from_be_bytes([*high, *low]))).unwrap_or(&"?");
        text.push_str(if text.is_empty() { ": " } else { ", " });
        text.push_str(&format!("{name} {}", number(value)));
    }
    text
}

fn go_away(payload: &[u8]) -> String {
    let error = error_name(payload.get(4..).unwrap_or_default());
    let words = String::from_utf8_lossy(payload.get(8..).unwrap_or_default());
    let label = format!("GOAWAY: {error}, last stream {} {words}", number(payload) & 0x7FFF_FFFF);
    one_line(label.trim_end(), LONGEST_WORDS)
}
