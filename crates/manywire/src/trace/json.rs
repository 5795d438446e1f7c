//! JSON values one after the other, as JSON-RPC 1.0 sends them over TCP.

use serde_json::Value;

use super::{LONGEST_LOOK, Labeller, Next, Side, one_line};

/// As much of a text as a label has room for.
const LONGEST: usize = 60;

/// Names the values of one direction.
pub(super) struct Values {
    side: Side,
    scan: Scan,
    /// Whether the start of the value was too long ago to be looked at.
    is_part: bool,
}

impl Values {
    pub(super) fn new(side: Side) -> Self {
        Self { side, scan: Scan::default(), is_part: false }
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
        Next::piece(length, label(self.side, bytes.get(..length).unwrap_or(bytes)))
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
