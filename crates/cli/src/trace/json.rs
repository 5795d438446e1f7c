//! JSON values one after the other, as JSON-RPC 1.0 sends them over TCP.

use std::sync::{Arc, Mutex, PoisonError};

use manywire_core::DESCRIBE;
use serde_json::Value;

use super::{LONGEST_LOOK, Labeller, Next, Piece, Side, one_line};

/// As much of a text as a label has room for.
const LONGEST: usize = 60;

/// Names the values of one direction.
pub(super) struct Values {
    side: Side,
    scan: Scan,
    /// Whether the start of the value was too long ago to be looked at.
    is_part: bool,
    /// The ids of those calls that are our preparations; both directions share them.
    asides: Arc<Mutex<Vec<Value>>>,
}

impl Values {
    /// Both directions of a connection.
    pub(super) fn both() -> [Self; 2] {
        let asides = Arc::default();
        [Side::Client, Side::Server].map(|side| Self {
            side,
            scan: Scan::default(),
            is_part: false,
            asides: Arc::clone(&asides),
        })
    }

    /// Whether a message asks what a method takes, or tells it.
    fn is_aside(&self, message: &Value) -> bool {
        let mut asides = self.asides.lock().unwrap_or_else(PoisonError::into_inner);
        let id = message.get("id").unwrap_or(&Value::Null);
        match self.side {
            Side::Client if message.get("method").and_then(Value::as_str) == Some(DESCRIBE) => {
                asides.push(id.clone());
                true
            }
            Side::Client => false,
            Side::Server => match asides.iter().position(|asked| asked == id) {
                Some(at) => {
                    asides.swap_remove(at);
                    true
                }
                None => false,
            },
        }
    }
}

impl Labeller for Values {
    fn next(&mut self, bytes: &[u8]) -> Next {
        let mut length = match self.scan.end(bytes) {
            Some(end) => end,
            None if bytes.len() < LONGEST_LOOK => return Next::More,
            None => {
                // What follows is of the same value, so the depth that was reached stays.
                self.scan.at = 0;
                self.is_part = true;
                return Next::piece(bytes.len(), format!("JSON {}, a part", side_name(self.side)));
            }
        };
        // Senders end a value with a line feed, which belongs to it.
        length += bytes.get(length..).unwrap_or_default().iter().take_while(|byte| **byte == b'\n').count();
        self.scan = Scan::default();
        if std::mem::take(&mut self.is_part) {
            return Next::piece(length, format!("JSON {}, its last part", side_name(self.side)));
        }
        let bytes = bytes.get(..length).unwrap_or(bytes);
        let label = label(self.side, bytes);
        if serde_json::from_slice(bytes).is_ok_and(|message| self.is_aside(&message)) {
            return Next::Piece(Piece { aside: true, ..Piece::new(length, format!("(signature) {label}")) });
        }
        Next::piece(length, label)
    }
}

/// How far a value was followed.
#[derive(Default)]
struct Scan {
    at: usize,
    depth: usize,
    in_text: bool,
    is_escaped: bool,
}

impl Scan {
    /// Where an object or a list ends; each byte is looked at once.
    fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        for (at, byte) in bytes.iter().enumerate().skip(self.at) {
            match byte {
                _ if std::mem::take(&mut self.is_escaped) => {}
                b'\\' if self.in_text => self.is_escaped = true,
                b'"' => self.in_text = !self.in_text,
                _ if self.in_text => {}
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
            if self.depth == 0 && matches!(byte, b'}' | b']' | b'\n') && !self.in_text {
                return Some(at + 1);
            }
        }
        self.at = bytes.len();
        None
    }
}

fn side_name(side: Side) -> &'static str {
    match side {
        Side::Client => "request",
        Side::Server => "answer",
    }
}

/// What a JSON-RPC message is, in a few words.
pub(super) fn label(side: Side, bytes: &[u8]) -> String {
    let Ok(message) = serde_json::from_slice::<Value>(bytes) else {
        return "bytes that are no JSON".to_owned();
    };
    let id = message
        .get("id")
        .map_or_else(String::new, |id| format!(", id {}", one_line(&id.to_string(), LONGEST)));
    if let Some(method) = message.get("method").and_then(Value::as_str) {
        let method = one_line(method, LONGEST);
        return match side {
            Side::Client => format!("JSON request: {method}{id}"),
            Side::Server => format!("JSON notification: {method}"),
        };
    }
    match message.get("error") {
        None | Some(Value::Null) => format!("JSON {}{id}", side_name(side)),
        Some(error) => format!("JSON error{id}: {}", one_line(&error.to_string(), LONGEST)),
    }
}
