//! Watches that an HTTP peer keeps moving: headers within the handshake limit, a next request within the keep-alive limit.
//!
//! hyper 1 has one header timer that also runs while a kept-alive connection is idle, so it cannot hold two limits.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;

use manywire_core::Limits;
use pin_project_lite::pin_project;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// What is known of a connection's progress. Order between the fields does not matter: the watch only looks now and then.
pub(crate) struct Progress {
    began: Instant,
    /// Milliseconds from `began` to the last change.
    changed: AtomicU64,
    /// Requests being answered.
    busy: AtomicUsize,
    /// Whether bytes of a request have come that is not complete yet.
    reading: AtomicBool,
    /// HTTP/2 connections wait as long as their client likes: gRPC channels are kept open.
    is_http2: AtomicBool,
}

impl Progress {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            began: Instant::now(),
            changed: AtomicU64::new(0),
            busy: AtomicUsize::new(0),
            reading: AtomicBool::new(true),
            is_http2: AtomicBool::new(false),
        })
    }

    fn touch(&self) {
        self.changed.store(self.began.elapsed().as_millis() as u64, Relaxed);
    }

    fn received(&self) {
        if self.busy.load(Relaxed) == 0 && !self.reading.swap(true, Relaxed) {
            self.touch();
        }
    }

    /// Marks a request as being answered until the guard is dropped.
    pub(crate) fn request(self: &Arc<Self>) -> Busy {
        self.busy.fetch_add(1, Relaxed);
        self.reading.store(false, Relaxed);
        Busy(self.clone())
    }

    /// Resolves when the peer has kept us waiting for too long.
    pub(crate) async fn stalled(&self, limits: &Limits) {
        loop {
            let allowed = if self.reading.load(Relaxed) { limits.handshake } else { limits.keep_alive };
            let deadline = self.began + Duration::from_millis(self.changed.load(Relaxed)) + allowed;
            let exempt = self.busy.load(Relaxed) > 0 || self.is_http2.load(Relaxed);
            let now = Instant::now();
            if deadline <= now && !exempt {
                return;
            }
            // Looks again at least this often, since a deadline may come nearer while we sleep.
            let pause = limits.handshake.min(limits.keep_alive).max(Duration::from_millis(10));
            tokio::time::sleep_until(if exempt { now + pause } else { deadline.min(now + pause) }).await;
        }
    }
}

/// A request being answered.
pub(crate) struct Busy(Arc<Progress>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.touch();
        self.0.busy.fetch_sub(1, Relaxed);
    }
}

pin_project! {
    /// A stream that reports what it reads.
    pub(crate) struct Watched<IO> {
        #[pin]
        io: IO,
        progress: Arc<Progress>,
        seen: usize,
    }
}

/// How HTTP/2 begins; no HTTP/1 method starts with these bytes.
const PREFACE: &[u8] = b"PRI * HTTP/2.0";

impl<IO> Watched<IO> {
    pub(crate) fn new(io: IO, progress: Arc<Progress>) -> Self {
        Self { io, progress, seen: 0 }
    }
}

impl<IO: AsyncRead> AsyncRead for Watched<IO> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let this = self.project();
        let before = buf.filled().len();
        let polled = this.io.poll_read(cx, buf);
        let fresh = &buf.filled()[before..];
        if !fresh.is_empty() {
            this.progress.received();
        }
        if *this.seen < PREFACE.len() {
            let expected = &PREFACE[*this.seen..];
            let length = fresh.len().min(expected.len());
            // A first difference puts `seen` out of reach, so the preface is looked for only once.
            *this.seen = if fresh[..length] == expected[..length] { *this.seen + length } else { usize::MAX };
            if *this.seen == PREFACE.len() {
                this.progress.is_http2.store(true, Relaxed);
            }
        }
        polled
    }
}

impl<IO: AsyncWrite> AsyncWrite for Watched<IO> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<std::io::Result<usize>> {
        self.project().io.poll_write(cx, buf)
    }
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        self.project().io.poll_flush(cx)
    }
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        self.project().io.poll_shutdown(cx)
    }
    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        self.project().io.poll_write_vectored(cx, bufs)
    }
    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}
