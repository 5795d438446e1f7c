//! What is to be sent, as frames.

use std::future::poll_fn;
use std::io;

use manywire_core::{Budget, Limits};
use manywire_json::Text;
use manywire_stream::{Outbox, close};
use tokio::io::AsyncWrite;

use super::CloseCode;
use super::frame::{Header, Opcode};

/// With more than this unsent, nothing is read or run for the peer.
const ENOUGH: usize = 32 << 10;

pub(crate) struct Writer<W> {
    io: W,
    outbox: Outbox,
    /// Bytes that were queued since the beginning, and those that end with the last answer to a call.
    queued: u64,
    answered: u64,
}

impl<W: AsyncWrite + Unpin> Writer<W> {
    pub(crate) fn new(io: W, limits: &Limits, budget: &Budget) -> Self {
        Self { io, outbox: Outbox::new(budget, limits), queued: 0, answered: 0 }
    }

    /// Whether everything was sent.
    pub(crate) fn is_idle(&self) -> bool {
        self.outbox.is_empty()
    }

    /// Whether so much is unsent that the peer has to read first.
    pub(crate) fn is_full(&self) -> bool {
        self.outbox.waiting() >= ENOUGH
    }

    /// What was queued last answers a call.
    pub(crate) fn mark_answered(&mut self) {
        self.answered = self.queued;
    }

    /// Whether nothing is left to send but what streams brought.
    pub(crate) fn has_sent_answers(&self) -> bool {
        self.queued - self.outbox.waiting() as u64 >= self.answered
    }

    /// Queues a text as a message; an empty one is none.
    pub(crate) fn send(&mut self, text: &Text) {
        if !text.is_empty() {
            self.frame(Opcode::Text, text.bytes());
        }
    }

    /// Queues the answer to a ping.
    pub(crate) fn pong(&mut self, payload: &[u8]) {
        self.frame(Opcode::Pong, payload);
    }

    /// Queues a close. Nothing is sent after it.
    pub(crate) fn close(&mut self, code: Option<CloseCode>, reason: &str) {
        let mut payload = Vec::new();
        if let Some(CloseCode(code)) = code {
            payload.extend_from_slice(&code.to_be_bytes());
            payload.extend_from_slice(reason.as_bytes());
        }
        self.frame(Opcode::Close, &payload);
    }

    fn frame(&mut self, opcode: Opcode, payload: &[u8]) {
        let out = self.outbox.buffer();
        let before = out.len();
        Header { is_final: true, opcode, mask: None, length: payload.len() as u64 }.encode(out);
        if payload.len() > out.capacity() - out.len() {
            // As much again as there is, or what a long text takes and no more.
            out.reserve_exact(payload.len().max(out.len()));
        }
        out.extend_from_slice(payload);
        self.queued += (out.len() - before) as u64;
    }

    /// Sends what is queued, until all of it is sent or the peer has not taken a byte for too long. May be dropped and
    /// called again.
    pub(crate) async fn flush(&mut self) -> io::Result<()> {
        let (io, outbox) = (&mut self.io, &mut self.outbox);
        poll_fn(|cx| outbox.poll_send(io, cx)).await
    }

    /// Ends our side of the connection.
    pub(crate) async fn shut_down(&mut self, limits: &Limits) -> io::Result<()> {
        close(&mut self.io, limits).await
    }
}
