//! The frames of a WebSocket, with the text that a client's mask hides.

use super::{LONGEST_LOOK, Labeller, Next, Piece, Side, json, one_line};

/// As much of a text as a note has room for.
const LONGEST_NOTE: usize = 200;
const FINAL: u8 = 0x80;
const MASKED: u8 = 0x80;

/// Names the frames of one direction.
pub(super) struct WebSocket {
    side: Side,
}

impl WebSocket {
    pub(super) fn new(side: Side) -> Self {
        Self { side }
    }

    fn piece(&self, frame: &Frame<'_>) -> Piece {
        let kind = match frame.opcode {
            0 => "continuation",
            1 => "text",
            2 => "binary",
            8 => "close",
            9 => "ping",
            10 => "pong",
            _ => "unknown",
        };
        let mut piece = Piece::new(frame.length, format!("WebSocket {kind} frame"));
        let Some(payload) = &frame.payload else { return piece };
        if frame.opcode == 1 && frame.is_final {
            piece.label = format!("WebSocket text frame, {}", json::label(self.side, payload));
        }
        if frame.opcode == 8
            && let Some((code, why)) = payload.split_first_chunk::<2>()
        {
            let why = one_line(&String::from_utf8_lossy(why), LONGEST_NOTE);
            let label = format!("{}, code {} {why}", piece.label, u16::from_be_bytes(*code));
            piece.label = label.trim_end().to_owned();
        }
        if frame.is_masked && frame.opcode == 1 {
            let text = one_line(&String::from_utf8_lossy(payload), LONGEST_NOTE);
            piece.notes.push(format!("unmasked: {text}"));
        }
        piece
    }
}

impl Labeller for WebSocket {
    fn next(&mut self, bytes: &[u8]) -> Next {
        match Frame::read(bytes) {
            Some(frame) if frame.payload.is_some() || bytes.len() >= LONGEST_LOOK => {
                Next::Piece(self.piece(&frame))
            }
            _ => Next::More,
        }
    }
}

/// One frame; its payload when that is there.
struct Frame<'a> {
    opcode: u8,
    is_final: bool,
    is_masked: bool,
    length: usize,
    payload: Option<std::borrow::Cow<'a, [u8]>>,
}

impl<'a> Frame<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let ([first, second], mut rest) = bytes.split_first_chunk::<2>()?;
        let size = match second & !MASKED {
            126 => read_size(&mut rest, 2)?,
            127 => read_size(&mut rest, 8)?,
            size => size.into(),
        };
        let is_masked = second & MASKED != 0;
        let mut mask = [0; 4];
        if is_masked {
            (mask, rest) = rest.split_first_chunk().map(|(mask, rest)| (*mask, rest))?;
        }
        let length = (bytes.len() - rest.len()).saturating_add(size);
        let payload = rest.get(..size).map(|payload| match is_masked {
            false => payload.into(),
            true => payload
                .iter()
                .zip(mask.iter().cycle())
                .map(|(byte, mask)| byte ^ mask)
                .collect::<Vec<u8>>()
                .into(),
        });
        Some(Self { opcode: first & 0x0F, is_final: first & FINAL != 0, is_masked, length, payload })
    }
}

fn read_size(bytes: &mut &[u8], digits: usize) -> Option<usize> {
    let (size, rest) = bytes.split_at_checked(digits)?;
    *bytes = rest;
    let size = size.iter().fold(0, |size, &digit| size << 8 | u64::from(digit));
    Some(usize::try_from(size).unwrap_or(usize::MAX))
}
