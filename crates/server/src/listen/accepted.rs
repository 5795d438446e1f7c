//! An accepted connection: counted while it is open, whoever holds it, and its bytes with it.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use manywire_core::{ConnectionMeter, ConnectionToken};
use pin_project_lite::pin_project;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::room::Seat;
use super::socket::Stream;
use super::spare::Spare;

/// What is given back when the connection ends.
pub(crate) struct Slot {
    /// Room under the limit of connections.
    pub(crate) seat: Seat,
    /// What the shutdown waits for.
    pub(crate) _token: ConnectionToken,
    /// Whose descriptors may be short.
    pub(crate) spare: Option<Arc<Spare>>,
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(spare) = &self.spare {
            spare.refill();
        }
    }
}

pin_project! {
    /// A connection that counts.
    pub(crate) struct Accepted {
        #[pin]
        stream: Stream,
        counted: Counted,
        // Dropped after the stream, whose descriptor it may take.
        slot: Slot,
    }
}

/// The counters of a connection, set once its wire is known.
#[derive(Clone, Default)]
pub(crate) struct Counted(Arc<OnceLock<Open>>);

/// Counts a connection as open until it is dropped.
struct Open(ConnectionMeter);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.dec();
    }
}

impl Counted {
    /// Counts the connection under a wire, with what was read of it before the wire was known.
    pub(crate) fn begin(&self, meter: ConnectionMeter, read_before: usize) {
        meter.open.inc();
        meter.accepted.inc();
        meter.received.inc_by(read_before as u64);
        // Only the first wire counts: a connection that upgrades is still the same connection.
        let _ = self.0.set(Open(meter));
    }

    fn received(&self, bytes: usize) {
        if let Some(Open(meter)) = self.0.get() {
            meter.received.inc_by(bytes as u64);
        }
    }

    fn sent(&self, bytes: usize) {
        if let Some(Open(meter)) = self.0.get() {
            meter.sent.inc_by(bytes as u64);
        }
    }
}

impl Accepted {
    pub(crate) fn new(stream: Stream, counted: Counted, slot: Slot) -> Self {
        Self { stream, counted, slot }
    }

    fn sent(self: Pin<&mut Self>, written: &Poll<std::io::Result<usize>>) {
        let this = self.project();
        this.slot.seat.is_sending(written.is_pending());
        if let Poll::Ready(Ok(bytes)) = written {
            this.counted.sent(*bytes);
        }
    }
}

impl AsyncRead for Accepted {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let this = self.project();
        let before = buf.filled().len();
        let polled = this.stream.poll_read(cx, buf);
        if polled.is_pending() {
            // To who has to leave it looks as if the peer had nothing more to say: calls are finished, and no more are read.
            return this.slot.seat.poll_leave(cx).map(Ok);
        }
        let bytes = buf.filled().len() - before;
        this.slot.seat.received(bytes);
        this.counted.received(bytes);
        polled
    }
}

impl AsyncWrite for Accepted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        let written = self.as_mut().project().stream.poll_write(cx, buf);
        self.sent(&written);
        written
    }
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        self.project().stream.poll_flush(cx)
    }
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        self.project().stream.poll_shutdown(cx)
    }
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        let written = self.as_mut().project().stream.poll_write_vectored(cx, bufs);
        self.sent(&written);
        written
    }
    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
