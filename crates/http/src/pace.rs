//! How fast a body has to come.

use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use manywire_core::Limits;
use tokio::time::{Instant, Sleep};

use crate::BodyError;

/// A peer that sends more slowly than this, in bytes per second, has the handshake limit and no more.
const SLOWEST: u32 = 8 << 10;

/// Bytes before each message of gRPC: whether it is compressed, and its length.
const PREFIX: usize = 5;

/// What has to be complete in time.
#[derive(Debug)]
pub(crate) enum Unit {
    /// All of the body.
    Whole,
    /// Each message of a gRPC stream once its first byte has come. Between two of them a stream may rest as long as it
    /// likes, before the first one too: its call began with its headers.
    Messages {
        prefix: [u8; PREFIX],
        known: usize,
        /// Bytes of the message that are still to come.
        left: usize,
    },
}

impl Unit {
    pub(crate) fn messages() -> Self {
        Self::Messages { prefix: [0; PREFIX], known: 0, left: 0 }
    }

    /// Whether the peer owes us more.
    pub(crate) fn has_begun(&self) -> bool {
        match self {
            Self::Whole => true,
            Self::Messages { known, .. } => *known > 0,
        }
    }

    /// Follows more bytes. Returns how many of them are of a message that is not complete, and whether one was completed.
    pub(crate) fn follow(&mut self, mut bytes: &[u8]) -> (usize, bool) {
        let Self::Messages { prefix, known, left } = self else { return (bytes.len(), false) };
        let mut has_completed = false;
        let mut unfinished = 0;
        while !bytes.is_empty() {
            let length;
            if *known < PREFIX {
                length = bytes.len().min(PREFIX - *known);
                prefix[*known..][..length].copy_from_slice(&bytes[..length]);
                *known += length;
                if *known == PREFIX {
                    let [_, a, b, c, d] = *prefix;
                    *left = u32::from_be_bytes([a, b, c, d]) as usize;
                }
            } else {
                length = bytes.len().min(*left);
                *left -= length;
            }
            unfinished += length;
            bytes = &bytes[length..];
            if *known == PREFIX && *left == 0 {
                (*known, unfinished, has_completed) = (0, 0, true);
            }
        }
        (unfinished, has_completed)
    }
}

/// A body that fails when its peer sends too slowly.
#[derive(Debug)]
pub struct PacedBody {
    incoming: Incoming,
    pace: Pace,
    /// hyper does not say it of a chunked body.
    has_ended: bool,
}

impl PacedBody {
    /// A body that is waited for from its first silence on.
    pub fn new(incoming: Incoming, limits: &Limits) -> Self {
        Self::of_units(incoming, Pace::new(Unit::Whole, limits.handshake, None))
    }

    pub(crate) fn of_units(incoming: Incoming, pace: Pace) -> Self {
        Self { incoming, pace, has_ended: false }
    }

    /// What is left of it, if anything is.
    pub(crate) fn into_rest(self) -> Option<Incoming> {
        (!self.is_end_stream()).then_some(self.incoming)
    }
}

impl Body for PacedBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let polled = Pin::new(&mut self.incoming).poll_frame(cx);
        match &polled {
            Poll::Pending if self.pace.poll_late(cx).is_ready() => {
                return Poll::Ready(Some(Err(BodyError::TimedOut)));
            }
            Poll::Ready(Some(Ok(frame))) => self.pace.received(frame.data_ref().map_or(&[], |data| data)),
            Poll::Ready(None) => self.has_ended = true,
            _ => {}
        }
        polled.map_err(BodyError::Broken)
    }

    fn is_end_stream(&self) -> bool {
        self.has_ended || self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

/// Watches one body.
#[derive(Debug)]
pub(crate) struct Pace {
    unit: Unit,
    patience: Duration,
    /// When the unit was first waited for; one that came with its headers never is.
    since: Option<Instant>,
    received: usize,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Pace {
    /// Allows the handshake limit and what the bytes earn, from a moment that may have passed already.
    pub(crate) fn new(unit: Unit, patience: Duration, since: Option<Instant>) -> Self {
        Self { unit, patience, since, received: 0, timer: None }
    }

    pub(crate) fn received(&mut self, bytes: &[u8]) {
        match self.unit.follow(bytes) {
            (unfinished, false) => self.received += unfinished,
            (unfinished, true) => (self.received, self.since) = (unfinished, None),
        }
    }

    /// Resolves when the peer, which is waited for, has been too slow.
    pub(crate) fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.unit.has_begun() {
            return Poll::Pending;
        }
        // Each byte that came earns time for those after it.
        let earned = Duration::from_secs_f64(self.received as f64 / f64::from(SLOWEST));
        let deadline = *self.since.get_or_insert_with(Instant::now) + self.patience + earned;
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        if timer.deadline() != deadline {
            timer.as_mut().reset(deadline);
        }
        timer.as_mut().poll(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_followed_however_it_is_cut() {
        let sent = [&[0, 0, 0, 0, 3][..], b"abc", &[0, 0, 0, 0, 0], &[0, 0, 0, 0, 7], b"defg"].concat();
        for size in 1..sent.len() {
            let mut unit = Unit::messages();
            let (mut unfinished, mut completed) = (0, 0);
            for piece in sent.chunks(size) {
                match unit.follow(piece) {
                    (more, false) => unfinished += more,
                    (more, true) => (unfinished, completed) = (more, completed + 1),
                }
            }
            assert_eq!(unfinished, 9, "in pieces of {size}");
            assert!(completed > 0 && unit.has_begun());
            unit.follow(b"hij");
            assert!(!unit.has_begun());
        }
    }
}
