//! Closing on a peer that is still sending.
//!
//! To close a socket on bytes that were not read resets the connection, and the peer never sees the answer that says why.
//! So the answer is followed by our end of the stream, and what still comes is read and dropped: for a while, up to a
//! limit.

use std::future::Future as _;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use manywire_core::Limits;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use crate::progress::Rest;

/// Read at a time and dropped.
const SINK: usize = 16 << 10;

/// How a connection is closed.
pub(crate) struct Linger {
    patience: Duration,
    /// Bytes that are still read.
    left: usize,
    over: Option<Pin<Box<Sleep>>>,
}

impl Linger {
    /// Reads on for the handshake limit. A peer that sends up to four messages at once is told so; one that sends a head
    /// without end is not humoured.
    pub(crate) fn new(rest: Rest, limits: &Limits) -> Self {
        let left = match rest {
            Rest::Head => 256 << 10,
            Rest::Body => limits.message_bytes.saturating_mul(4),
        };
        Self { patience: limits.handshake, left, over: None }
    }

    /// Ends our side of the stream, then reads until the peer has ended its own, or enough was waited for.
    pub(crate) fn poll<IO>(&mut self, mut io: Pin<&mut IO>, cx: &mut Context<'_>) -> Poll<io::Result<()>>
    where
        IO: AsyncRead + AsyncWrite + ?Sized,
    {
        if self.over.is_none() {
            ready!(io.as_mut().poll_shutdown(cx))?;
        }
        let over = self.over.get_or_insert_with(|| Box::pin(tokio::time::sleep(self.patience)));
        let mut sink = [MaybeUninit::uninit(); SINK];
        while self.left > 0 && over.as_mut().poll(cx).is_pending() {
            let mut buf = ReadBuf::uninit(&mut sink);
            let read = ready!(io.as_mut().poll_read(cx, &mut buf));
            let length = buf.filled().len();
            if read.is_err() || length == 0 {
                break;
            }
            self.left = self.left.saturating_sub(length);
        }
        Poll::Ready(Ok(()))
    }
}

/// Closes a stream whose peer may still be sending; what still comes is read and dropped, for a while.
pub async fn close<IO: AsyncRead + AsyncWrite + Unpin>(io: &mut IO, limits: &Limits) -> io::Result<()> {
    let mut linger = Linger::new(Rest::Head, limits);
    std::future::poll_fn(|cx| linger.poll(Pin::new(io), cx)).await
}
