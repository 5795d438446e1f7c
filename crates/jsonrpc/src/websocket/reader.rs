//! What a peer says, read under the budget: while the connection holds too much, nothing is read.
//!
//! A peer may be silent between messages, and not inside one that the process pays for: each byte earns time for those
//! after it, as in the body of an HTTP request. So no one holds memory by sending half a message.

use std::io;
use std::time::Duration;

use manywire_core::{Budget, Charge, Limits};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::time::{Instant, timeout_at};

use super::Flaw;
use super::decoder::{Decoder, Event};

/// Read in one go where frames are short.
const INBOX: usize = 4 << 10;

/// Read in one go inside a long frame.
const PIECE: usize = 64 << 10;

/// A message that takes less is not charged, and may come as slowly as it likes: the process does not count so little.
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
    decoder: Decoder,
    inbox: Vec<u8>,
    /// So much of the inbox has been decoded.
    decoded: usize,
    budget: Budget,
    /// For the message that is being read.
    charge: Charge,
    /// When that message became one that the process pays for.
    began: Option<Instant>,
    patience: Duration,
    stall: Duration,
}

impl<R: AsyncRead + Unpin> Reader<R> {
    pub(crate) fn new(io: R, limits: &Limits, budget: &Budget) -> Self {
        Self {
            io,
            decoder: Decoder::new(limits.message_bytes),
            inbox: Vec::new(),
            decoded: 0,
            budget: budget.clone(),
            charge: budget.nothing(),
            began: None,
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

    /// The next event. May be dropped and called again.
    pub(crate) async fn next(&mut self) -> Result<Event, Stop> {
        loop {
            let mut rest = &self.inbox[self.decoded..];
            let event = self.decoder.decode(&mut rest);
            self.decoded = self.inbox.len() - rest.len();
            self.account();
            if let Some(event) = event? {
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
            self.began = (counted > 0).then(|| self.began.unwrap_or_else(Instant::now));
        }
    }

    async fn wait_for_room(&mut self) -> Result<(), Flaw> {
        if !self.budget.is_full() {
            return Ok(());
        }
        let room = self.budget.room();
        if self.charge.bytes() == 0 {
            room.await;
            return Ok(());
        }
        // Those who hold parts of messages must not wait for each other.
        let waited = tokio::time::timeout(self.stall, room).await;
        waited.map_err(|_| Flaw::Stalled("the server holds too much to read this message; try again later"))
    }

    async fn read(&mut self) -> Result<(), Stop> {
        let Some(began) = self.began else {
            return self.read_piece().await;
        };
        let earned = Duration::from_secs_f64(self.decoder.message().len() as f64 / f64::from(SLOWEST));
        let came = timeout_at(began + self.patience + earned, self.read_piece()).await;
        came.map_err(|_| Flaw::Stalled("the message came too slowly"))?
    }

    async fn read_piece(&mut self) -> Result<(), Stop> {
        let wanted = self.decoder.wanted();
        self.inbox.drain(..self.decoded);
        self.decoded = 0;
        let length = if wanted >= INBOX && self.inbox.is_empty() {
            let most = wanted.min(PIECE) as u64;
            let length = (&mut self.io).take(most).read_buf(self.decoder.buffer()).await?;
            self.decoder.appended(length)?;
            length
        } else {
            self.inbox.reserve_exact(INBOX - self.inbox.len());
            self.io.read_buf(&mut self.inbox).await?
        };
        if length == 0 { Err(Stop::Left) } else { Ok(()) }
    }

    /// Throws away what still comes, until the peer has shut down its side.
    pub(crate) async fn discard(&mut self) -> io::Result<u64> {
        tokio::io::copy(&mut self.io, &mut tokio::io::sink()).await
    }
}
