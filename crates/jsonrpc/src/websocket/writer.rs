//! What is to be sent: short messages share a buffer and a write, long ones are sent from where they were written.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use manywire_core::{Budget, Charge, Limits};
use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tokio::time::{Instant, timeout_at};

use super::CloseCode;
use super::frame::{Header, Opcode};
use crate::text::Text;

/// With more than this unsent, nothing is read or run for the peer.
const ENOUGH: usize = 32 << 10;

/// A text that is longer is not copied.
const LONG: usize = 16 << 10;

/// A buffer that takes less is not charged, and kept when it is empty.
const SMALL: usize = 4 << 10;

pub(crate) struct Writer<W> {
    io: W,
    queue: VecDeque<Piece>,
    /// Bytes that were queued and sent since the beginning, and those that end with the last answer to a call.
    queued: u64,
    sent: u64,
    answered: u64,
    /// Whether something was written and not flushed.
    is_dirty: bool,
    /// When something was last written, or the first unsent byte came.
    moved: Instant,
    stall: Duration,
    budget: Budget,
    /// An empty buffer for the next piece.
    spare: Vec<u8>,
}

struct Piece {
    bytes: Vec<u8>,
    sent: usize,
    charge: Option<Charge>,
    /// Whether more may be put behind it.
    is_shared: bool,
}

impl<W: AsyncWrite + Unpin> Writer<W> {
    pub(crate) fn new(io: W, limits: &Limits, budget: &Budget) -> Self {
        Self {
            io,
            queue: VecDeque::new(),
            queued: 0,
            sent: 0,
            answered: 0,
            is_dirty: false,
            moved: Instant::now(),
            stall: limits.stall,
            budget: budget.clone(),
            spare: Vec::new(),
        }
    }

    /// Whether everything was sent.
    pub(crate) fn is_idle(&self) -> bool {
        self.queue.is_empty() && !self.is_dirty
    }

    /// Whether so much is unsent that the peer has to read first.
    pub(crate) fn is_full(&self) -> bool {
        self.queued - self.sent >= ENOUGH as u64
    }

    /// What was queued last answers a call.
    pub(crate) fn mark_answered(&mut self) {
        self.answered = self.queued;
    }

    /// Whether nothing is left to send but what streams brought.
    pub(crate) fn has_sent_answers(&self) -> bool {
        self.sent >= self.answered && !self.is_dirty
    }

    /// Queues a text as a message; an empty one is none.
    pub(crate) fn send(&mut self, text: Text) {
        if text.is_empty() {
            return;
        }
        self.put_header(Opcode::Text, text.len());
        if text.len() <= LONG {
            return self.put(text.bytes());
        }
        let (bytes, charge) = text.into_parts();
        self.queued += bytes.len() as u64;
        self.queue.push_back(Piece { bytes, sent: 0, charge, is_shared: false });
    }

    /// Queues the answer to a ping.
    pub(crate) fn pong(&mut self, payload: &[u8]) {
        self.put_header(Opcode::Pong, payload.len());
        self.put(payload);
    }

    /// Queues a close. Nothing is sent after it.
    pub(crate) fn close(&mut self, code: Option<CloseCode>, reason: &str) {
        let mut payload = Vec::new();
        if let Some(CloseCode(code)) = code {
            payload.extend_from_slice(&code.to_be_bytes());
            payload.extend_from_slice(reason.as_bytes());
        }
        self.put_header(Opcode::Close, payload.len());
        self.put(&payload);
    }

    fn put_header(&mut self, opcode: Opcode, length: usize) {
        let mut header = Vec::with_capacity(10);
        Header { is_final: true, opcode, mask: None, length: length as u64 }.encode(&mut header);
        self.put(&header);
    }

    fn put(&mut self, bytes: &[u8]) {
        if self.queue.is_empty() {
            self.moved = Instant::now();
        }
        self.queued += bytes.len() as u64;
        if !self.queue.back().is_some_and(|piece| piece.is_shared && piece.bytes.len() < ENOUGH) {
            let empty = std::mem::take(&mut self.spare);
            self.queue.push_back(Piece { bytes: empty, sent: 0, charge: None, is_shared: true });
        }
        let Some(piece) = self.queue.back_mut() else { return };
        piece.bytes.extend_from_slice(bytes);
        let held = piece.bytes.capacity();
        if held > SMALL {
            // It exists already; that more is not read is seen to by the reader.
            piece.charge.get_or_insert_with(|| self.budget.nothing()).set(held);
        }
    }

    /// Sends what is queued, until all of it is sent or the peer has not taken a byte for too long. May be dropped and
    /// called again.
    pub(crate) async fn flush(&mut self) -> io::Result<()> {
        while let Some(piece) = self.queue.front_mut() {
            let write = self.io.write(&piece.bytes[piece.sent..]);
            let sent = unstalled(self.moved + self.stall, write).await?;
            if sent == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            piece.sent += sent;
            self.sent += sent as u64;
            self.moved = Instant::now();
            self.is_dirty = true;
            if piece.sent == piece.bytes.len() {
                self.forget_sent();
            }
        }
        unstalled(self.moved + self.stall, self.io.flush()).await?;
        self.is_dirty = false;
        Ok(())
    }

    fn forget_sent(&mut self) {
        if let Some(Piece { mut bytes, .. }) = self.queue.pop_front()
            && bytes.capacity() <= SMALL
        {
            bytes.clear();
            self.spare = bytes;
        }
    }

    /// Ends our side of the connection.
    pub(crate) async fn shut_down(&mut self) -> io::Result<()> {
        self.io.shutdown().await
    }
}

async fn unstalled<T>(deadline: Instant, write: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let late = |_| io::Error::new(io::ErrorKind::TimedOut, "the peer has not read anything for too long");
    timeout_at(deadline, write).await.map_err(late)?
}
