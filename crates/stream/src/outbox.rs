//! What waits to be sent to a peer.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use manywire_core::{Budget, Charge, Limits};
use tokio::io::AsyncWrite;

use crate::stall::Stall;

/// The room that an idle connection keeps for its next answer, so that small calls need not make it again.
const KEPT: usize = 4 << 10;

/// While so much waits, a connection should produce nothing more, and take nothing more up.
const ENOUGH: usize = 64 << 10;

/// Sent bytes are forgotten once there are so many of them, and more than are left.
const WORTH_MOVING: usize = 64 << 10;

/// Bytes to send, in order.
#[derive(Debug)]
pub struct Outbox {
    bytes: Vec<u8>,
    /// How many of them are gone.
    sent: usize,
    /// Whether the stream has passed on what it was given; TLS may keep some of it back.
    is_flushed: bool,
    charge: Charge,
    stall: Stall,
}

impl Outbox {
    /// Nothing to send, and a budget to charge.
    pub fn new(budget: &Budget, limits: &Limits) -> Self {
        Self {
            bytes: Vec::new(),
            sent: 0,
            is_flushed: true,
            charge: budget.nothing(),
            stall: Stall::new(limits.stall),
        }
    }

    /// Where to append.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// How many bytes wait.
    pub fn waiting(&self) -> usize {
        self.bytes.len() - self.sent
    }

    /// Whether enough waits already, and nothing more should be produced until the peer has read some.
    pub fn is_full(&self) -> bool {
        self.waiting() >= ENOUGH
    }

    /// Whether all is sent and flushed.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty() && self.is_flushed
    }

    /// Sends until nothing is left or the peer's side is full; ready when all is sent and flushed.
    ///
    /// A peer that takes nothing for the whole of [`Limits::stall`] is an error.
    pub fn poll_send<IO>(&mut self, io: &mut IO, cx: &mut Context<'_>) -> Poll<io::Result<()>>
    where
        IO: AsyncWrite + Unpin,
    {
        if self.is_empty() {
            return Poll::Ready(Ok(()));
        }
        match self.poll_move(io, cx) {
            Poll::Pending => self.wait(cx),
            ready => {
                self.stall.rest();
                ready
            }
        }
    }

    fn poll_move<IO: AsyncWrite + Unpin>(
        &mut self,
        io: &mut IO,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while self.sent < self.bytes.len() {
            let written = ready!(Pin::new(&mut *io).poll_write(cx, &self.bytes[self.sent..]))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.is_flushed = false;
            self.stall.progress();
            self.sent += written;
            self.forget_sent();
        }
        ready!(Pin::new(io).poll_flush(cx))?;
        self.is_flushed = true;
        Poll::Ready(Ok(()))
    }

    fn forget_sent(&mut self) {
        if self.sent == self.bytes.len() {
            self.bytes.clear();
            self.bytes.shrink_to(KEPT);
            self.sent = 0;
            if self.charge.bytes() > 0 {
                self.charge.set(0);
            }
        } else if self.sent > WORTH_MOVING && self.sent > self.bytes.len() / 2 {
            self.bytes.drain(..self.sent);
            self.bytes.shrink_to(2 * self.bytes.len());
            self.sent = 0;
        }
    }

    fn wait(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // It exists already, so it is not asked whether it may.
        if self.charge.bytes() != self.bytes.capacity() {
            self.charge.set(self.bytes.capacity());
        }
        ready!(self.stall.poll(cx));
        let why = format!("the peer has read nothing for {:?}", self.stall.limit());
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, why)))
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::time::Duration;

    use tokio::io::{AsyncReadExt as _, duplex};
    use tokio::time::{Instant, sleep};

    use super::*;

    fn limits() -> Limits {
        Limits { stall: Duration::from_secs(5), ..Limits::default() }
    }

    async fn send<IO: AsyncWrite + Unpin>(outbox: &mut Outbox, io: &mut IO) -> io::Result<()> {
        poll_fn(|cx| outbox.poll_send(io, cx)).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_reads_nothing_is_given_up_and_what_it_held_is_given_back() {
        let (mut ours, theirs) = duplex(1000);
        let budget = Budget::alone(&limits());
        let mut outbox = Outbox::new(&budget, &limits());
        outbox.buffer().resize(15 << 20, 7);
        let start = Instant::now();
        let error = send(&mut outbox, &mut ours).await.unwrap_err();
        assert_eq!(error.to_string(), "the peer has read nothing for 5s");
        assert_eq!((error.kind(), start.elapsed().as_secs()), (io::ErrorKind::TimedOut, 5));
        assert!((15 << 20..32 << 20).contains(&budget.held()), "{}", budget.held());
        drop((outbox, theirs));
        assert_eq!(budget.held(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_and_steady_reader_gets_everything() {
        let (mut ours, mut theirs) = duplex(1000);
        let budget = Budget::alone(&limits());
        let mut outbox = Outbox::new(&budget, &limits());
        let sent: Vec<u8> = (0..20_000_u32).map(|n| n as u8).collect();
        outbox.buffer().extend_from_slice(&sent);
        let read = tokio::spawn(async move {
            let mut got = Vec::new();
            let mut piece = [0; 400];
            loop {
                match theirs.read(&mut piece).await.unwrap() {
                    0 => return got,
                    read => got.extend_from_slice(&piece[..read]),
                }
                sleep(Duration::from_secs(4)).await;
            }
        });
        send(&mut outbox, &mut ours).await.unwrap();
        assert!(outbox.is_empty() && outbox.bytes.capacity() <= KEPT);
        drop(ours);
        assert!(read.await.unwrap() == sent);
        assert_eq!(budget.held(), 0);
    }

    /// A stream that takes bytes at once and passes them on when it is flushed for the third time.
    #[derive(Default)]
    struct Holding {
        kept: Vec<u8>,
        passed: Vec<u8>,
        flushes: usize,
    }

    impl AsyncWrite for Holding {
        fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
            self.kept.extend_from_slice(buf);
            Poll::Ready(Ok(buf.len()))
        }

        fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            self.flushes += 1;
            if self.flushes < 3 {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let kept = std::mem::take(&mut self.kept);
            self.passed.extend(kept);
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[tokio::test]
    async fn what_a_stream_keeps_back_is_flushed() {
        let mut io = Holding::default();
        let mut outbox = Outbox::new(&Budget::alone(&limits()), &limits());
        outbox.buffer().extend_from_slice(b"answer");
        send(&mut outbox, &mut io).await.unwrap();
        assert_eq!((io.passed.as_slice(), io.flushes), (&b"answer"[..], 3));
        send(&mut outbox, &mut io).await.unwrap();
        assert_eq!(io.flushes, 3, "nothing new is not flushed again");
    }

    #[tokio::test]
    async fn a_stream_that_takes_nothing_is_an_error() {
        let mut outbox = Outbox::new(&Budget::alone(&limits()), &limits());
        outbox.buffer().extend_from_slice(b"answer");
        let error = send(&mut outbox, &mut io::Cursor::new(&mut [0_u8; 0][..])).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WriteZero);
    }

    #[tokio::test]
    async fn what_was_sent_is_forgotten_while_more_is_appended() {
        let (mut ours, mut theirs) = duplex(100 << 10);
        let mut outbox = Outbox::new(&Budget::alone(&limits()), &limits());
        let mut read = vec![0; 100 << 10];
        for round in 0..50 {
            let length = outbox.bytes.len() + (100 << 10);
            outbox.buffer().resize(length, round);
            let cx = &mut Context::from_waker(std::task::Waker::noop());
            let _ = outbox.poll_send(&mut ours, cx).map(Result::unwrap);
            theirs.read_exact(&mut read).await.unwrap();
            assert!(outbox.bytes.len() <= 300 << 10, "{}", outbox.bytes.len());
        }
    }
}
