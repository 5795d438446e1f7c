//! Messages out of frames, in whatever pieces they come. Each byte is looked at once, and a flaw is reported with the first
//! byte that shows it.

use super::Flaw;
use super::frame::{CONTROL_BYTES, Header, Opcode, apply_mask};

/// What a peer said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// [`Decoder::message`] has it.
    Message,
    /// [`Decoder::control`] has what is to be sent back.
    Ping,
    Pong,
    /// With the code, if there was one.
    Close(Option<u16>),
}

/// Reads what a client sends.
#[derive(Debug)]
pub(crate) struct Decoder {
    limit: usize,
    /// The frame whose payload is being read.
    frame: Option<Frame>,
    /// Whether the message that has begun is text; none between messages.
    is_text: Option<bool>,
    /// Whether the message is complete and was reported.
    is_complete: bool,
    message: Vec<u8>,
    /// So much of a text is known to be UTF-8.
    checked: usize,
    control: Vec<u8>,
}

#[derive(Debug, Clone, Copy)]
struct Frame {
    header: Header,
    /// Bytes of the payload that have come.
    received: usize,
    length: usize,
}

impl Frame {
    fn left(&self) -> usize {
        self.length - self.received
    }
}

/// A buffer that grew beyond this for one message is given back after it.
const KEPT: usize = 4 << 10;

/// The least by which the buffer of a message grows.
const STEP: usize = 1 << 10;

impl Decoder {
    /// A decoder of messages up to a limit.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            frame: None,
            is_text: None,
            is_complete: false,
            message: Vec::new(),
            checked: 0,
            control: Vec::new(),
        }
    }

    /// The message that came last, or as much as there is of the next.
    pub(crate) fn message(&self) -> &[u8] {
        &self.message
    }

    /// The payload of the control frame that came last.
    pub(crate) fn control(&self) -> &[u8] {
        &self.control
    }

    /// Whether a message or a frame has begun and is not complete.
    pub(crate) fn is_in_message(&self) -> bool {
        self.frame.is_some() || self.is_text.is_some()
    }

    /// Bytes that the message takes in memory.
    pub(crate) fn held(&self) -> usize {
        self.message.capacity()
    }

    /// Reads the input up to the next event; none if there is none yet. What is left is to come again, with more behind it.
    pub(crate) fn decode(&mut self, input: &mut &[u8]) -> Result<Option<Event>, Flaw> {
        self.forget_complete();
        loop {
            let mut frame = match self.frame.take() {
                Some(frame) => frame,
                None => match Header::decode(input)? {
                    Some(header) => self.begin(header)?,
                    None => return Ok(None),
                },
            };
            let (payload, rest) = input.split_at(frame.left().min(input.len()));
            *input = rest;
            self.take_payload(&mut frame, payload)?;
            if frame.left() > 0 {
                self.frame = Some(frame);
                return Ok(None);
            }
            if let Some(event) = self.end(frame.header)? {
                return Ok(Some(event));
            }
        }
    }

    fn forget_complete(&mut self) {
        if std::mem::take(&mut self.is_complete) {
            self.message.clear();
            self.checked = 0;
            if self.message.capacity() > KEPT {
                self.message = Vec::new();
            }
        }
    }

    fn begin(&mut self, header: Header) -> Result<Frame, Flaw> {
        if header.mask.is_none() {
            return Err(Flaw::Protocol("a client's frame is not masked"));
        }
        match (header.opcode, self.is_text) {
            (Opcode::Continuation, None) => return Err(Flaw::Protocol("a continuation of nothing")),
            (Opcode::Text | Opcode::Binary, Some(_)) => {
                return Err(Flaw::Protocol("a message begins inside another"));
            }
            (Opcode::Text, None) => self.is_text = Some(true),
            (Opcode::Binary, None) => self.is_text = Some(false),
            (Opcode::Continuation, Some(_)) => {}
            (Opcode::Close | Opcode::Ping | Opcode::Pong, _) => {
                self.control.clear();
                return Ok(Frame {
                    header,
                    received: 0,
                    length: header.length.min(CONTROL_BYTES as u64) as usize,
                });
            }
        }
        let left = self.limit - self.message.len();
        match usize::try_from(header.length) {
            Ok(length) if length <= left => Ok(Frame { header, received: 0, length }),
            _ => Err(Flaw::TooLong(self.limit)),
        }
    }

    fn take_payload(&mut self, frame: &mut Frame, payload: &[u8]) -> Result<(), Flaw> {
        if frame.header.opcode as u8 >= Opcode::Close as u8 {
            let start = self.control.len();
            self.control.extend_from_slice(payload);
            if let Some(mask) = frame.header.mask {
                apply_mask(&mut self.control[start..], mask, frame.received);
            }
            frame.received += payload.len();
            return Ok(());
        }
        let start = self.message.len();
        self.make_room(payload.len(), frame);
        self.message.extend_from_slice(payload);
        self.unmask(frame, start)
    }

    /// Room for `more`, and for as much again as there is, but not for more than can come.
    fn make_room(&mut self, more: usize, frame: &Frame) {
        if more > self.message.capacity() - self.message.len() {
            let to_come = if frame.header.is_final { frame.left() } else { self.limit - self.message.len() };
            self.message.reserve_exact(self.message.len().max(STEP).min(to_come).max(more));
        }
    }

    fn unmask(&mut self, frame: &mut Frame, start: usize) -> Result<(), Flaw> {
        if let Some(mask) = frame.header.mask {
            apply_mask(&mut self.message[start..], mask, frame.received);
        }
        frame.received += self.message.len() - start;
        if self.is_text == Some(true) { self.check_utf8() } else { Ok(()) }
    }

    /// Checks what came; a character whose end has not come yet is looked at again.
    fn check_utf8(&mut self) -> Result<(), Flaw> {
        match str::from_utf8(&self.message[self.checked..]) {
            Ok(_) => self.checked = self.message.len(),
            Err(error) if error.error_len().is_some() => return Err(Flaw::Utf8),
            Err(error) => self.checked += error.valid_up_to(),
        }
        Ok(())
    }

    fn end(&mut self, header: Header) -> Result<Option<Event>, Flaw> {
        Ok(match header.opcode {
            Opcode::Ping => Some(Event::Ping),
            Opcode::Pong => Some(Event::Pong),
            Opcode::Close => Some(Event::Close(close_code(&self.control)?)),
            _ if !header.is_final => None,
            _ => {
                if self.is_text == Some(true) && self.checked < self.message.len() {
                    return Err(Flaw::Utf8);
                }
                self.is_text = None;
                self.is_complete = true;
                Some(Event::Message)
            }
        })
    }
}

fn close_code(payload: &[u8]) -> Result<Option<u16>, Flaw> {
    let (code, reason) = match payload {
        [] => return Ok(None),
        [a, b, reason @ ..] => (u16::from_be_bytes([*a, *b]), reason),
        _ => return Err(Flaw::Protocol("half a close code")),
    };
    if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
        return Err(Flaw::Protocol("a close code that no one may send"));
    }
    if str::from_utf8(reason).is_err() {
        return Err(Flaw::Utf8);
    }
    Ok(Some(code))
}

#[cfg(test)]
mod tests;
