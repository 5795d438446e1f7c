//! What a peer says, read under the budget: while the connection holds too much, nothing is read.
//!
//! A peer may be silent between messages, and not inside one: each byte earns time for those after it, as in the body of an
//! HTTP request. So no one holds a connection or memory by sending half a message. The time in which we do not read is ours.

use std::future::poll_fn;
use std::io;
use std::time::Duration;

use bytes::{Buf as _, BytesMut};
use manywire_core::{Budget, Charge, Limits};
use manywire_stream::Inbox;
use tokio::io::AsyncRead;
use tokio::time::{Instant, timeout_at};

use super::Flaw;
use super::decoder::{Decoder, Event};

/// A message that takes less is not charged: the process does not count so little.
const SMALL: usize = 8 << 10;

/// A peer that sends a message more slowly than this, in bytes per second, has the handshake limit and no more.
const SLOWEST: u32 = 8 << 10;

/// Why there is no next event.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stop {
    #[error(transparent)]
    Flaw(#[from] Flaw),
    #[error(transparent)]
    Broken(#[from] io::Error),
    #[error("the peer left without a close")]
    Left,
}

pub(crate) struct Reader<R> {
    io: R,
    inbox: Inbox,
    decoder: Decoder,
    budget: Budget,
    /// For the message that is being read.
    charge: Charge,
    /// When that message was first waited for, later by as long as it was not read.
    began: Option<Instant>,
    /// Since when the peer is not read.
    paused: Option<Instant>,
    patience: Duration,
    stall: Duration,
}

impl<R: AsyncRead + Unpin> Reader<R> {
    pub(crate) fn new(io: R, limits: &Limits, budget: &Budget) -> Self {
        Self {
            io,
            inbox: Inbox::new(BytesMut::new(), budget, limits),
            decoder: Decoder::new(limits.message_bytes),
            budget: budget.clone(),
            charge: budget.nothing(),
            began: None,
            paused: None,
            patience: limits.handshake,
            stall: limits.stall,
        }
    }

    /// The message that came last.
    pub(crate) fn message(&self) -> &[u8] {
        self.decoder.message()
    }

    /// The payload of the ping that came last.
    pub(crate) fn control(&self) -> &[u8] {
        self.decoder.control()
    }

    /// The peer is not read for now, until [`next`](Self::next) is called again.
    pub(crate) fn pause(&mut self) {
        if self.began.is_some() && self.paused.is_none() {
            self.paused = Some(Instant::now());
        }
    }

    fn resume(&mut self) {
        if let Some(paused) = self.paused.take()
            && let Some(began) = &mut self.began
        {
            *began += paused.elapsed();
        }
    }

    /// The next event. May be dropped and called again.
    pub(crate) async fn next(&mut self) -> Result<Event, Stop> {
        self.resume();
        loop {
            let mut rest = self.inbox.bytes();
            let event = self.decoder.decode(&mut rest);
            let decoded = self.inbox.bytes().len() - rest.len();
            self.inbox.buffer().advance(decoded);
            self.account();
            if let Some(event) = event? {
                if !self.decoder.is_in_message() {
                    self.began = None;
                }
                return Ok(event);
            }
            self.wait_for_room().await?;
            self.read().await?;
        }
    }

    /// Charges for the message as it grows.
    fn account(&mut self) {
        let held = self.decoder.held();
        let counted = if held > SMALL { held } else { 0 };
        if counted != self.charge.bytes() {
            self.charge.set(counted);
        }
    }

    /// Those who hold parts of messages must not wait for each other. Who holds none may wait as long as it takes.
    async fn wait_for_room(&mut self) -> Result<(), Flaw> {
        if self.charge.bytes() == 0 || !self.budget.is_full() {
            return Ok(());
        }
        self.pause();
        let waited = tokio::time::timeout(self.stall, self.budget.room()).await;
        waited
            .map_err(|_| Flaw::Stalled("the server holds too much to read this message; try again later"))?;
        self.resume();
        Ok(())
    }

    async fn read(&mut self) -> Result<(), Stop> {
        let is_unfinished = self.decoder.is_in_message() || !self.inbox.bytes().is_empty();
        if is_unfinished && self.began.is_none() {
            self.began = Some(Instant::now());
        }
        let (io, inbox) = (&mut self.io, &mut self.inbox);
        let read = poll_fn(|cx| inbox.poll_read(io, cx));
        let count = match self.began {
            None => read.await?,
            Some(began) => {
                let received = self.decoder.message().len() as f64;
                let earned = Duration::from_secs_f64(received / f64::from(SLOWEST));
                let came = timeout_at(began + self.patience + earned, read).await;
                came.map_err(|_| Flaw::Stalled("the message came too slowly"))??
            }
        };
        if count == 0 { Err(Stop::Left) } else { Ok(()) }
    }

    /// Throws away what the peer is still sending: a close on unread bytes would take back our last words.
    pub(crate) async fn discard(&mut self) -> io::Result<u64> {
        tokio::io::copy(&mut self.io, &mut tokio::io::sink()).await
    }
}
