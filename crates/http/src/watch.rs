//! The stream of a connection, which reports what it reads and writes, and closes without taking the last answer with it.

use std::future::Future;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use manywire_core::{Budget, Limits};
use pin_project_lite::pin_project;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::Terms;
use crate::frames::{Frames, PREFACE};
use crate::linger::Linger;
use crate::progress::Progress;

/// With less of it unread, an HTTP/2 connection is read however little memory is left, for its window updates.
const UNREAD: usize = 64 << 10;

pin_project! {
    pub(crate) struct Watched<IO> {
        #[pin]
        io: IO,
        progress: Arc<Progress>,
        protocol: Protocol,
        // Who wants to read, and may not before something was written.
        reader: Option<Waker>,
        early: Early,
        gate: Gate,
        has_ended: bool,
        limits: Arc<Limits>,
        linger: Option<Linger>,
    }
}

/// What the peer speaks.
enum Protocol {
    /// So many bytes were those that HTTP/2 begins with.
    Unknown(usize),
    Http1,
    Http2 {
        frames: Frames,
        unfinished: Option<u64>,
    },
}

impl<IO> Watched<IO> {
    pub(crate) fn new(io: IO, progress: Arc<Progress>, terms: &Terms) -> Self {
        Self {
            io,
            progress,
            protocol: Protocol::Unknown(0),
            reader: None,
            early: Early::default(),
            gate: Gate::new(terms),
            has_ended: false,
            limits: terms.limits.clone(),
            linger: None,
        }
    }
}

impl Protocol {
    fn read(&mut self, mut bytes: &[u8], progress: &Progress) {
        if let Self::Unknown(seen) = self {
            let expected = &PREFACE[*seen..];
            let length = bytes.len().min(expected.len());
            if bytes[..length] != expected[..length] {
                *self = Self::Http1;
            } else if length == expected.len() {
                progress.set_http2();
                *self = Self::Http2 { frames: Frames::default(), unfinished: None };
                bytes = &bytes[length..];
            } else {
                *seen += length;
            }
        }
        let Self::Http2 { frames, unfinished } = self else { return progress.received() };
        let data = frames.follow(bytes);
        if data > 0 {
            progress.unread.received(data);
        }
        let now = frames.unfinished();
        if *unfinished != now {
            // Another one has begun, or none has.
            progress.set_reading_head(false);
            progress.set_reading_head(now.is_some());
            *unfinished = now;
        }
    }

    /// The peer is not read for now: if the frame that has begun comes late, the fault is ours.
    fn pause(&mut self, progress: &Progress) {
        if let Self::Http2 { unfinished, .. } = self {
            progress.set_reading_head(false);
            *unfinished = None;
        }
    }

    fn is_http1(&self) -> bool {
        matches!(self, Self::Http1)
    }
}

/// What came over HTTP/1 while a request was being answered, which hyper will ask for when it is done.
///
/// hyper does not read meanwhile, and would learn only with the answer that the peer has reset the connection. A peer that
/// has merely ended its side still waits for an answer.
#[derive(Default)]
struct Early {
    bytes: Vec<u8>,
    is_end: bool,
}

impl Early {
    /// Beyond so many bytes of further requests a reset is not noticed.
    const MOST: usize = 4 << 10;

    /// Reads what is there; fails once the peer is gone.
    fn poll_read<IO: AsyncRead>(&mut self, mut io: Pin<&mut IO>, cx: &mut Context<'_>) -> io::Result<()> {
        let mut piece = [MaybeUninit::uninit(); Self::MOST];
        while !self.is_end && self.bytes.len() < Self::MOST {
            let mut piece = ReadBuf::uninit(&mut piece[self.bytes.len()..]);
            let Poll::Ready(read) = io.as_mut().poll_read(cx, &mut piece) else { break };
            read?;
            self.is_end = piece.filled().is_empty();
            self.bytes.extend_from_slice(piece.filled());
        }
        Ok(())
    }

    /// Hands over what there is, if anything is.
    fn take(&mut self, buf: &mut ReadBuf<'_>) -> bool {
        if self.bytes.is_empty() {
            return self.is_end;
        }
        let length = self.bytes.len().min(buf.remaining());
        buf.put_slice(&self.bytes[..length]);
        self.bytes.drain(..length);
        if self.bytes.is_empty() {
            self.bytes = Vec::new();
        }
        true
    }
}

/// Holds an HTTP/2 connection back that has much unread while the server's memory is short. Its own budget does not: what
/// fills it may be answers that wait for the peer's window updates.
struct Gate {
    budget: Budget,
    own: usize,
    room: Option<Pin<Box<dyn Future<Output = ()> + Send + Sync>>>,
}

impl Gate {
    fn new(terms: &Terms) -> Self {
        Self { budget: terms.budget.clone(), own: terms.limits.connection_memory / 4 * 3, room: None }
    }

    fn poll(&mut self, progress: &Progress, cx: &mut Context<'_>) -> Poll<()> {
        let is_shut =
            || progress.unread.bytes() > UNREAD && self.budget.is_full() && self.budget.held() < self.own;
        if self.room.is_none() && !is_shut() {
            return Poll::Ready(());
        }
        let budget = &self.budget;
        let room = self.room.get_or_insert_with(|| {
            let budget = budget.clone();
            Box::pin(async move { budget.room().await })
        });
        ready!(room.as_mut().poll(cx));
        self.room = None;
        Poll::Ready(())
    }
}

impl<IO: AsyncRead> AsyncRead for Watched<IO> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.project();
        if this.protocol.is_http1() && this.progress.is_blocked() {
            // hyper would go on reading requests, and keep the heads of their answers.
            *this.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        if this.gate.poll(this.progress, cx).is_pending() {
            this.protocol.pause(this.progress);
            return Poll::Pending;
        }
        let before = buf.filled().len();
        let polled = if this.early.take(buf) { Poll::Ready(Ok(())) } else { this.io.poll_read(cx, buf) };
        match &buf.filled()[before..] {
            [] => *this.has_ended |= polled.is_ready(),
            fresh => this.protocol.read(fresh, this.progress),
        }
        polled
    }
}

impl<IO: AsyncRead> Watched<IO> {
    /// hyper flushes whenever it was woken.
    fn notice_reset(self: Pin<&mut Self>, cx: &mut Context<'_>) -> io::Result<()> {
        let this = self.project();
        if this.protocol.is_http1() && this.progress.is_answering() {
            this.early.poll_read(this.io, cx)?;
        }
        Ok(())
    }
}

impl<IO: AsyncWrite> Watched<IO> {
    fn wrote(self: Pin<&mut Self>, written: &Poll<io::Result<usize>>) {
        let this = self.project();
        match written {
            Poll::Pending => this.progress.blocked(),
            Poll::Ready(written) => {
                this.progress.took(*written.as_ref().unwrap_or(&0));
                if let Some(reader) = this.reader.take() {
                    reader.wake();
                }
            }
        }
    }
}

impl<IO: AsyncRead + AsyncWrite> AsyncWrite for Watched<IO> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = self.as_mut().project().io.poll_write(cx, buf);
        self.wrote(&written);
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.as_mut().notice_reset(cx)?;
        self.project().io.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.project();
        if this.linger.is_none() && !*this.has_ended {
            *this.linger = this.progress.unread_rest().map(|rest| Linger::new(rest, this.limits));
        }
        match this.linger {
            Some(linger) => linger.poll(this.io, cx),
            None => this.io.poll_shutdown(cx),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = self.as_mut().project().io.poll_write_vectored(cx, bufs);
        self.wrote(&written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}
