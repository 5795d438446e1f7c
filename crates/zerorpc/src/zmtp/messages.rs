//! What a peer sends, cut into messages and commands as it comes.

use std::io;
use std::task::{Context, Poll};

use bytes::{Buf as _, BytesMut};
use manywire_core::{Budget, Limits};
use manywire_stream::Inbox;
use tokio::io::AsyncRead;

use super::frame::{FrameError, Header, Kind, decode_header};

/// Bytes and frames that may come before a message's payload: a client sends one empty frame, brokers add an identity each.
const ENVELOPE: usize = 1024;
/// Bytes in a command, and in anything before the handshake is over.
const COMMAND: usize = 4 << 10;

/// A message or a command, lent from the buffer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Incoming<'a> {
    /// The frames before the last as they came (headers included), and the body of the last.
    Message { envelope: &'a [u8], payload: &'a [u8] },
    /// The body of a command's frame.
    Command(&'a [u8]),
}

/// The messages in what was received and not yet taken.
#[derive(Debug)]
pub(crate) struct Messages {
    inbox: Inbox,
    /// Bytes at the front that were lent out last time.
    lent: usize,
    /// Bytes and number of the frames of an incomplete message that precede its last.
    envelope: usize,
    frames: usize,
    limit: usize,
}

impl Messages {
    /// Nothing received; only what a handshake needs is taken.
    pub(crate) fn new(budget: &Budget, limits: &Limits) -> Self {
        Self::of(Inbox::new(BytesMut::new(), budget, limits))
    }

    /// The same for a client, whose user may take long to read what the server sends.
    pub(crate) fn patient(budget: &Budget, limits: &Limits) -> Self {
        Self::of(Inbox::new(BytesMut::new(), budget, limits).patient())
    }

    fn of(inbox: Inbox) -> Self {
        Self { inbox, lent: 0, envelope: 0, frames: 0, limit: COMMAND }
    }

    /// From now on, messages may have `limit` bytes.
    pub(crate) fn open(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// The bytes not yet taken.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.inbox.bytes()[self.lent..]
    }

    /// Takes bytes that are no frames: a greeting.
    pub(crate) fn consume(&mut self, count: usize) {
        self.lent += count.min(self.bytes().len());
    }

    /// Gives up what was lent, and the room of a message much longer than most.
    pub(crate) fn release(&mut self) {
        self.inbox.buffer().advance(std::mem::take(&mut self.lent));
        self.inbox.trim();
    }

    /// Reads once from the peer; zero bytes mean that it closed.
    pub(crate) fn poll_read<IO: AsyncRead + Unpin>(
        &mut self,
        io: &mut IO,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        self.release();
        self.inbox.poll_read(io, cx)
    }

    /// The next complete message or command; none until more bytes come.
    pub(crate) fn next(&mut self) -> Result<Option<Incoming<'_>>, FrameError> {
        self.inbox.buffer().advance(std::mem::take(&mut self.lent));
        loop {
            let Some(header) = decode_header(&self.inbox.bytes()[self.envelope..])? else {
                return Ok(None);
            };
            let length = self.admit(header)?;
            let end = self.envelope + header.size + length;
            if self.inbox.bytes().len() < end {
                return Ok(None);
            }
            match header.kind {
                Kind::More => self.keep(end)?,
                Kind::Last => return Ok(Some(self.lend_message(header, end))),
                Kind::Command => return Ok(Some(self.lend_command(header, end))),
            }
        }
    }

    /// Checks the announced length before a byte of it is waited for.
    fn admit(&self, header: Header) -> Result<usize, FrameError> {
        let limit = match header.kind {
            Kind::More => ENVELOPE,
            Kind::Last => self.limit,
            Kind::Command => COMMAND,
        };
        usize::try_from(header.length)
            .ok()
            .filter(|length| *length <= limit)
            .ok_or(FrameError::TooLong { length: header.length, limit })
    }

    fn keep(&mut self, end: usize) -> Result<(), FrameError> {
        self.envelope = end;
        self.frames += 1;
        if end > ENVELOPE || self.frames > 16 {
            return Err(FrameError::Envelope(ENVELOPE));
        }
        Ok(())
    }

    fn lend_message(&mut self, header: Header, end: usize) -> Incoming<'_> {
        let envelope = std::mem::take(&mut self.envelope);
        self.frames = 0;
        self.lent = end;
        Incoming::Message {
            envelope: &self.inbox.bytes()[..envelope],
            payload: &self.inbox.bytes()[envelope + header.size..end],
        }
    }

    /// libzmq's heartbeats may come between two frames of a message; the command is moved to the front, before them.
    fn lend_command(&mut self, header: Header, end: usize) -> Incoming<'_> {
        self.inbox.buffer()[..end].rotate_left(self.envelope);
        let length = end - self.envelope;
        self.lent = length;
        Incoming::Command(&self.inbox.bytes()[header.size..length])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(bytes: &[u8]) -> Messages {
        let limits = Limits::default();
        let mut messages = Messages::new(&Budget::alone(&limits), &limits);
        messages.open(1000);
        messages.inbox.buffer().extend_from_slice(bytes);
        messages
    }

    fn all(messages: &mut Messages) -> Vec<String> {
        let mut seen = Vec::new();
        while let Some(incoming) = messages.next().unwrap() {
            seen.push(format!("{incoming:?}"));
        }
        seen
    }

    const TRAFFIC: &[u8] = b"\x01\x00\x00\x02hi\x04\x03\x02xy\x01\x01a\x01\x00\x04\x02\x01z\x00\x01b\x00\x00";

    #[test]
    fn messages_keep_their_envelopes_and_commands_their_turn() {
        let mut messages = messages(TRAFFIC);
        let message = |envelope, payload| Incoming::Message { envelope, payload };
        assert_eq!(messages.next(), Ok(Some(message(b"\x01\0", b"hi"))));
        assert_eq!(messages.next(), Ok(Some(Incoming::Command(b"\x02xy"))));
        assert_eq!(messages.next(), Ok(Some(Incoming::Command(b"\x01z"))));
        assert_eq!(messages.next(), Ok(Some(message(b"\x01\x01a\x01\0", b"b"))));
        assert_eq!(messages.next(), Ok(Some(message(b"", b""))));
        assert_eq!(messages.next(), Ok(None));
    }

    #[test]
    fn the_cut_into_packets_makes_no_difference() {
        let whole = all(&mut messages(TRAFFIC));
        for size in 1..TRAFFIC.len() {
            let mut messages = messages(b"");
            let mut seen = Vec::new();
            for packet in TRAFFIC.chunks(size) {
                messages.inbox.buffer().extend_from_slice(packet);
                seen.extend(all(&mut messages));
            }
            assert_eq!(seen, whole, "packets of {size}");
        }
    }

    #[test]
    fn a_length_beyond_the_limit_is_refused_before_its_bytes_come() {
        let claim = |flags: u8, length: u64| [&[flags][..], &length.to_be_bytes()].concat();
        for (flags, length) in [(2, 1 << 62), (2, 1001), (3, 1025), (6, 4097), (6, u64::MAX)] {
            assert!(messages(&claim(flags, length)).next().is_err());
        }
        assert_eq!(messages(&claim(2, 1000)).next(), Ok(None));
    }

    #[test]
    fn frames_without_end_are_refused() {
        assert_eq!(messages(&[1, 0].repeat(17)).next(), Err(FrameError::Envelope(ENVELOPE)));
    }
}
