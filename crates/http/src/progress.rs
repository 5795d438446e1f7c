//! What is known of a connection's progress, and when it has made none for too long.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use hyper::body::Incoming;
use manywire_core::Limits;
use tokio::time::Instant;

use crate::Terms;
use crate::unread::Unread;

/// Written down by the socket, the bodies and the answers of one connection. Order between the fields does not matter:
/// the watch only looks now and then.
pub(crate) struct Progress {
    began: Instant,
    /// Milliseconds from `began` to when a request's head began to come, or the last request was answered.
    changed: AtomicU64,
    /// Requests being answered.
    busy: AtomicUsize,
    /// Whether there was a request yet.
    has_called: AtomicBool,
    /// Whether a request's head or a frame of HTTP/2 has begun to come and is not complete.
    is_reading_head: AtomicBool,
    is_http2: AtomicBool,
    /// Whether someone reads the body of an HTTP/1 request.
    is_reading_body: AtomicBool,
    /// Whether the answer of HTTP/1 has no end of its own.
    is_endless: AtomicBool,
    /// Bytes of answers that hyper was handed and has not written.
    unsent: AtomicUsize,
    /// Bytes of answers that were written.
    sent: AtomicUsize,
    /// Whether the socket takes nothing for now; and how much it has taken.
    is_blocked: AtomicBool,
    taken: AtomicUsize,
    /// What the handler of an HTTP/1 request left of its body.
    left: Mutex<Option<Incoming>>,
    /// Whether the peer may still be sending a body that no one will read.
    is_peer_sending: AtomicBool,
    pub(crate) unread: Unread,
}

impl Progress {
    pub(crate) fn new(terms: &Terms) -> Arc<Self> {
        Arc::new(Self {
            began: terms.accepted,
            changed: AtomicU64::new(0),
            busy: AtomicUsize::new(0),
            has_called: AtomicBool::new(false),
            is_reading_head: AtomicBool::new(true),
            is_http2: AtomicBool::new(false),
            is_reading_body: AtomicBool::new(false),
            is_endless: AtomicBool::new(false),
            unsent: AtomicUsize::new(0),
            sent: AtomicUsize::new(0),
            is_blocked: AtomicBool::new(false),
            taken: AtomicUsize::new(0),
            left: Mutex::new(None),
            is_peer_sending: AtomicBool::new(false),
            unread: Unread::new(&terms.budget, terms.http2.stream_window),
        })
    }

    pub(crate) fn is_http2(&self) -> bool {
        self.is_http2.load(Relaxed)
    }

    pub(crate) fn set_http2(&self) {
        self.is_http2.store(true, Relaxed);
        // From here on the frames say.
        self.is_reading_head.store(false, Relaxed);
    }

    pub(crate) fn is_endless(&self) -> bool {
        self.is_endless.load(Relaxed)
    }

    pub(crate) fn set_endless(&self, is_endless: bool) {
        self.is_endless.store(is_endless, Relaxed);
    }

    /// Bytes of a request have come over HTTP/1.
    pub(crate) fn received(&self) {
        if !self.is_busy() {
            self.set_reading_head(true);
        }
    }

    /// Whether a request's head, or a frame of HTTP/2, has begun to come and is not complete.
    pub(crate) fn set_reading_head(&self, is_reading: bool) {
        if self.is_reading_head.swap(is_reading, Relaxed) != is_reading && is_reading {
            self.touch();
        }
    }

    /// The head that was being read is complete, and another one has begun.
    pub(crate) fn touch(&self) {
        self.changed.store(self.began.elapsed().as_millis() as u64, Relaxed);
    }

    /// Marks a request as being answered until the guard is dropped; for the first one, when the connection began.
    pub(crate) fn request(self: &Arc<Self>) -> (Busy, Option<Instant>) {
        self.busy.fetch_add(1, Relaxed);
        if !self.is_http2() {
            self.is_reading_head.store(false, Relaxed);
        }
        let is_first = !self.has_called.load(Relaxed) && !self.has_called.swap(true, Relaxed);
        (Busy(self.clone()), is_first.then_some(self.began))
    }

    /// hyper was handed bytes of an answer.
    pub(crate) fn handed_over(&self, bytes: usize) {
        self.unsent.fetch_add(bytes, Relaxed);
    }

    /// It has written some.
    pub(crate) fn wrote(&self, bytes: usize) {
        self.unsent.fetch_sub(bytes, Relaxed);
        self.sent.fetch_add(bytes, Relaxed);
    }

    /// It will not write these.
    pub(crate) fn dropped(&self, bytes: usize) {
        self.unsent.fetch_sub(bytes, Relaxed);
    }

    /// The socket took bytes.
    pub(crate) fn took(&self, bytes: usize) {
        self.taken.fetch_add(bytes, Relaxed);
        self.is_blocked.store(false, Relaxed);
    }

    fn is_busy(&self) -> bool {
        self.busy.load(Relaxed) > 0
    }

    /// Whether no request is being answered, and all of the answers were written.
    pub(crate) fn is_idle(&self) -> bool {
        !self.is_busy() && self.unsent.load(Relaxed) == 0
    }

    pub(crate) fn set_reading_body(&self, is_reading: bool) {
        self.is_reading_body.store(is_reading, Relaxed);
    }

    /// Whether nothing is read of an HTTP/1 request any more, and its answer is not complete.
    pub(crate) fn is_answering(&self) -> bool {
        self.is_busy() && !self.is_reading_body.load(Relaxed)
    }

    pub(crate) fn blocked(&self) {
        self.is_blocked.store(true, Relaxed);
    }

    pub(crate) fn is_blocked(&self) -> bool {
        self.is_blocked.load(Relaxed)
    }

    /// Keeps what a handler left of a body.
    pub(crate) fn leave(&self, body: Incoming) {
        *self.left.lock().unwrap_or_else(PoisonError::into_inner) = Some(body);
        self.is_peer_sending.store(true, Relaxed);
    }

    /// Takes what a handler left of a body.
    pub(crate) fn take_left(&self) -> Option<Incoming> {
        if !self.is_peer_sending.load(Relaxed) {
            return None;
        }
        self.left.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The body was read to its end after all.
    pub(crate) fn finished_reading(&self) {
        self.is_peer_sending.store(false, Relaxed);
    }

    /// What a peer of HTTP/1 is likely in the middle of sending, and no one will read.
    pub(crate) fn unread_rest(&self) -> Option<Rest> {
        if self.is_http2() {
            // Its answers were complete before the connection ends, or it broke the rules.
            return None;
        }
        if self.is_peer_sending.load(Relaxed) {
            return Some(Rest::Body);
        }
        self.is_reading_head.load(Relaxed).then_some(Rest::Head)
    }

    /// Resolves when the peer has kept us waiting for too long.
    pub(crate) async fn stalled(&self, limits: &Limits) {
        // Looks at least this often, since a deadline may come nearer while it sleeps.
        let pause =
            limits.handshake.min(limits.keep_alive).min(limits.stall / 2).max(Duration::from_millis(10));
        let (mut answers, mut socket) = (Movement::default(), Movement::default());
        let mut last_busy = self.began;
        loop {
            let now = Instant::now();
            let is_unsent = self.unsent.load(Relaxed) > 0;
            if answers.is_stuck(is_unsent, self.sent.load(Relaxed), now, limits.stall)
                || socket.is_stuck(self.is_blocked(), self.taken.load(Relaxed), now, limits.stall)
            {
                return;
            }
            if self.is_busy() || is_unsent {
                last_busy = now;
            }
            let deadline = self.deadline(limits, last_busy);
            if deadline.is_some_and(|deadline| deadline <= now) {
                return;
            }
            tokio::time::sleep_until(deadline.unwrap_or(now + pause).min(now + pause)).await;
        }
    }

    /// How long the peer may go on as it does.
    fn deadline(&self, limits: &Limits, last_busy: Instant) -> Option<Instant> {
        if !self.has_called.load(Relaxed) {
            return Some(self.began + limits.handshake);
        }
        let changed = self.began + Duration::from_millis(self.changed.load(Relaxed));
        let is_reading_head = self.is_reading_head.load(Relaxed);
        if self.is_http2() {
            // Clients of gRPC keep connections open as long as they like, once they have made a call.
            return is_reading_head.then(|| changed + limits.handshake);
        }
        let is_idle = self.is_idle();
        let allowed = if is_reading_head { limits.handshake } else { limits.keep_alive };
        is_idle.then(|| changed.max(last_busy) + allowed)
    }
}

/// Whether something that should move does.
#[derive(Default)]
struct Movement {
    moved: usize,
    since: Option<Instant>,
}

impl Movement {
    fn is_stuck(&mut self, should_move: bool, moved: usize, now: Instant, patience: Duration) -> bool {
        if !should_move || moved != self.moved {
            (self.moved, self.since) = (moved, None);
        }
        should_move && now.duration_since(*self.since.get_or_insert(now)) >= patience
    }
}

/// What may still come on a connection that we end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rest {
    Head,
    Body,
}

/// A request being answered.
pub(crate) struct Busy(Arc<Progress>);

impl Busy {
    pub(crate) fn progress(&self) -> &Arc<Progress> {
        &self.0
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        if !self.0.is_http2() {
            self.0.touch();
        }
        self.0.busy.fetch_sub(1, Relaxed);
    }
}
