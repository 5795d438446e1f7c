//! HTTP/2's compressed headers, as lines of text.

use std::borrow::Cow;

use fluke_hpack::Decoder;

use super::one_line;

/// As many headers of a block, and as much of each, as a person would read.
const MOST_HEADERS: usize = 60;
const LONGEST_LINE: usize = 160;
/// A server may let us use a larger table than the usual 4 KiB; more than this it would not.
const LARGEST_TABLE: usize = 64 << 10;

/// Reads the header blocks of one direction. A block that makes no sense ends it, since later ones build on it.
pub(super) struct Hpack(Option<Decoder<'static>>);

impl Hpack {
    pub(super) fn new() -> Self {
        let mut decoder = Decoder::new();
        decoder.set_max_allowed_table_size(LARGEST_TABLE);
        Self(Some(decoder))
    }

    /// A block was missed.
    pub(super) fn give_up(&mut self) {
        self.0 = None;
    }

    /// `name: value`, one line each; none once a block could not be read.
    pub(super) fn read(&mut self, block: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        let collect = |name: Cow<'_, [u8]>, value: Cow<'_, [u8]>| {
            if lines.len() < MOST_HEADERS {
                let line = format!("{}: {}", String::from_utf8_lossy(&name), String::from_utf8_lossy(&value));
                lines.push(one_line(&line, LONGEST_LINE));
            }
        };
        let is_read = is_complete(block)
            && self.0.as_mut().is_some_and(|decoder| decoder.decode_with_cb(block, collect).is_ok());
        if !is_read {
            self.give_up();
        }
        lines
    }
}

/// Whether every number and text of a block ends inside it. fluke-hpack 0.3 panics at a table size that does not.
fn is_complete(mut block: &[u8]) -> bool {
    while let Some(&first) = block.first() {
        let (prefix, texts) = match first {
            0x80.. => (7, 0),
            0x40.. => (6, 1),
            0x20.. => (5, 0),
            _ => (4, 1),
        };
        let Some(index) = number(&mut block, prefix) else { return false };
        let name = usize::from(texts == 1 && index == 0);
        for _ in 0..texts + name {
            let Some(rest) = number(&mut block, 7).and_then(|length| block.get(length..)) else {
                return false;
            };
            block = rest;
        }
    }
    true
}

/// A number whose first byte has so many bits for it.
fn number(bytes: &mut &[u8], prefix: u8) -> Option<usize> {
    let (&first, mut rest) = bytes.split_first()?;
    let largest = (1_usize << prefix) - 1;
    let mut value = usize::from(first) & largest;
    if value == largest {
        for shift in [0, 7, 14, 21] {
            let (&byte, behind) = rest.split_first()?;
            rest = behind;
            value += usize::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                *bytes = rest;
                return Some(value);
            }
        }
        return None;
    }
    *bytes = rest;
    Some(value)
}
