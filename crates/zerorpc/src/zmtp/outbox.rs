//! What waits to be sent to a peer.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::AsyncWrite;

/// Beyond this many waiting bytes nothing more is produced until the peer has read some.
const FULL: usize = 64 << 10;

/// Bytes to send, in order.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    bytes: Vec<u8>,
    sent: usize,
    total: u64,
    flushed: bool,
}

impl Outbox {
    /// Where to append.
    pub(crate) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Whether enough waits already.
    pub(crate) fn is_full(&self) -> bool {
        self.bytes.len() - self.sent >= FULL
    }

    /// Bytes sent so far.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// Sends until nothing is left or the peer's side is full.
    ///
    /// Ready means that all is sent and flushed.
    pub(crate) fn poll_send<IO: AsyncWrite + Unpin>(
        &mut self,
        io: &mut IO,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while self.sent < self.bytes.len() {
            self.flushed = false;
            let written = ready!(Pin::new(&mut *io).poll_write(cx, &self.bytes[self.sent..]))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.sent += written;
            self.total += written as u64;
            self.compact();
        }
        if !self.flushed {
            ready!(Pin::new(io).poll_flush(cx))?;
            self.flushed = true;
        }
        Poll::Ready(Ok(()))
    }

    /// Forgets sent bytes when they outweigh the rest, and gives back the room of an unusually long message.
    fn compact(&mut self) {
        if self.sent == self.bytes.len() {
            self.bytes.clear();
            self.bytes.shrink_to(4 * FULL);
            self.sent = 0;
        } else if self.sent > FULL && self.sent > self.bytes.len() / 2 {
            self.bytes.drain(..self.sent);
            self.sent = 0;
        }
    }
}
