//! Bytes that peers make the server hold: one budget for each connection, and one for the process.
//!
//! Whoever keeps bytes for a peer across an `await` charges them: a request being read, arguments and ids under way, a
//! reply not sent yet, what decompression made, a file's pieces. A [`Charge`] gives its bytes back when it is dropped.
//!
//! There are three steps. At three quarters of a budget the connection is not read further ([`Budget::is_full`],
//! [`Budget::room`]). At the limit a charge is refused ([`OverBudget`], an error in every wire's words). A connection that
//! makes no progress after that is closed.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicUsize, fence};

use tokio::sync::Notify;

use crate::{ErrorKind, Limits, RpcError};

/// What a connection may hold without the process counting it, so that small calls are answered when memory is short.
const FREE: usize = 8 << 10;

/// The budget of the process.
#[derive(Debug, Clone)]
pub struct Memory(Arc<Account>);

/// The budget of one connection; clones share it.
#[derive(Debug, Clone)]
pub struct Budget {
    own: Arc<Account>,
    process: Memory,
}

#[derive(Debug)]
struct Account {
    held: AtomicUsize,
    limit: usize,
    /// Told when the account is no longer full, and of all that is given back while someone waits for that.
    room: Notify,
    /// How many wait for a certain number of bytes.
    waiting: AtomicUsize,
}

impl Account {
    fn new(limit: usize) -> Arc<Self> {
        let (held, waiting) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Arc::new(Self { held, limit, room: Notify::new(), waiting })
    }

    fn is_full(&self) -> bool {
        self.held.load(Relaxed) >= self.high()
    }

    fn high(&self) -> usize {
        self.limit - self.limit / 4
    }

    /// Takes the bytes off, and returns what was held before.
    fn give_back(&self, bytes: usize) -> usize {
        let before = self.held.fetch_sub(bytes, Relaxed);
        // Either this sees who waits, or who waits sees what was given back.
        fence(SeqCst);
        if before >= self.high() && before - bytes < self.high() || self.waiting.load(Relaxed) > 0 {
            self.room.notify_waiters();
        }
        before
    }

    async fn until(&self, holds: impl Fn(&Self) -> bool) {
        loop {
            let mut told = pin!(self.room.notified());
            // From here on a notification is not missed.
            told.as_mut().enable();
            fence(SeqCst);
            if holds(self) {
                return;
            }
            told.await;
        }
    }

    fn fits(&self, bytes: usize) -> bool {
        self.held.load(Relaxed).checked_add(bytes).is_some_and(|sum| sum <= self.limit)
    }
}

impl Memory {
    /// A budget of this many bytes for the whole process.
    pub fn new(limits: &Limits) -> Self {
        Self(Account::new(limits.memory))
    }

    /// The budget of a new connection.
    pub fn connection(&self, limits: &Limits) -> Budget {
        Budget { own: Account::new(limits.connection_memory), process: self.clone() }
    }

    /// Bytes charged by all connections.
    pub fn held(&self) -> usize {
        self.0.held.load(Relaxed)
    }
}

impl Budget {
    /// The budget of a client's connection: what its longest message may take while it is read and decoded.
    pub fn of_client(limits: &Limits) -> Self {
        let room = limits.connection_memory.max(limits.message_bytes.saturating_mul(4));
        Self::alone(&Limits { connection_memory: room, memory: room.saturating_mul(2), ..limits.clone() })
    }

    /// A budget of its own, for a connection that no server accepted.
    pub fn alone(limits: &Limits) -> Self {
        Memory::new(limits).connection(limits)
    }

    /// Holds this many bytes until the charge is dropped.
    pub fn charge(&self, bytes: usize) -> Result<Charge, OverBudget> {
        let mut charge = self.nothing();
        charge.resize(bytes)?;
        Ok(charge)
    }

    /// A charge of no bytes, to grow later.
    pub fn nothing(&self) -> Charge {
        Charge { budget: self.clone(), bytes: 0 }
    }

    /// Whether the connection should not be read further for now.
    pub fn is_full(&self) -> bool {
        self.own.is_full() || self.held() > FREE && self.process.0.is_full()
    }

    /// Resolves when the connection may be read again.
    pub async fn room(&self) {
        while self.is_full() {
            self.own.until(|account| !account.is_full()).await;
            if self.is_full() {
                self.process.0.until(|account| !account.is_full()).await;
            }
        }
    }

    /// Resolves when a charge of so many bytes would be taken; never, where they are more than a budget has.
    pub async fn room_for(&self, bytes: usize) {
        let (own, process) = (&*self.own, &*self.process.0);
        let _waiting = (Waiting::begin(own), Waiting::begin(process));
        while !(own.fits(bytes) && process.fits(bytes)) {
            own.until(|account| account.fits(bytes)).await;
            process.until(|account| account.fits(bytes)).await;
        }
    }

    /// Bytes charged to this connection.
    pub fn held(&self) -> usize {
        self.own.held.load(Relaxed)
    }

    /// Adds bytes, within `limits` or whatever they are.
    fn take(&self, bytes: usize, is_limited: bool) -> Result<(), OverBudget> {
        let grown = |held: usize| {
            let sum = held.checked_add(bytes)?;
            (sum <= self.own.limit || !is_limited).then_some(sum)
        };
        let before = self.own.held.fetch_update(Relaxed, Relaxed, grown);
        let before = before.map_err(|_| OverBudget::Connection(self.own.limit))?;
        let shared = counted(before + bytes) - counted(before);
        if shared == 0 {
            return Ok(());
        }
        let all = self.process.0.held.fetch_add(shared, Relaxed).saturating_add(shared);
        if all > self.process.0.limit && is_limited {
            self.give_back(bytes);
            return Err(OverBudget::Process(self.process.0.limit));
        }
        Ok(())
    }

    fn give_back(&self, bytes: usize) {
        let before = self.own.give_back(bytes);
        let shared = counted(before) - counted(before - bytes);
        if shared > 0 {
            self.process.0.give_back(shared);
        }
    }
}

/// Someone who waits for a certain number of bytes.
struct Waiting<'a>(&'a Account);

impl<'a> Waiting<'a> {
    fn begin(account: &'a Account) -> Self {
        account.waiting.fetch_add(1, SeqCst);
        Self(account)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, SeqCst);
    }
}

/// What the process counts of a connection that holds this many bytes. Whatever the order of charges, their sum is right.
fn counted(held: usize) -> usize {
    held.saturating_sub(FREE)
}

/// Bytes held for a peer. Dropping it gives them back.
#[derive(Debug)]
pub struct Charge {
    budget: Budget,
    bytes: usize,
}

impl Charge {
    /// Changes the number of bytes; on an error it stays as it was.
    pub fn resize(&mut self, bytes: usize) -> Result<(), OverBudget> {
        match bytes.checked_sub(self.bytes) {
            Some(more) => self.budget.take(more, true)?,
            None => self.budget.give_back(self.bytes - bytes),
        }
        self.bytes = bytes;
        Ok(())
    }

    /// Changes the number of bytes without asking: for what exists already and is about to be sent or dropped.
    pub fn set(&mut self, bytes: usize) {
        match bytes.checked_sub(self.bytes) {
            // Without limits there is nothing to refuse.
            Some(more) => drop(self.budget.take(more, false)),
            None => self.budget.give_back(self.bytes - bytes),
        }
        self.bytes = bytes;
    }

    /// How many bytes it holds.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        if self.bytes > 0 {
            self.budget.give_back(self.bytes);
        }
    }
}

/// A peer would make the server hold more than it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OverBudget {
    /// Too much for one connection.
    #[error("this connection holds too much at once (limit: {0} bytes); wait for answers, or send less")]
    Connection(usize),
    /// Too much for the server.
    #[error("the server holds too much at once (limit: {0} bytes); try again later")]
    Process(usize),
}

impl From<OverBudget> for RpcError {
    fn from(error: OverBudget) -> Self {
        RpcError::new(ErrorKind::ResourceExhausted, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn limits() -> Limits {
        Limits { memory: 100_000, connection_memory: 60_000, ..Limits::default() }
    }

    #[test]
    fn a_charge_is_refused_beyond_the_connection_and_beyond_the_process() {
        let memory = Memory::new(&limits());
        let (first, second) = (memory.connection(&limits()), memory.connection(&limits()));
        assert_eq!(first.charge(60_001).unwrap_err(), OverBudget::Connection(60_000));
        let held = first.charge(60_000).unwrap();
        assert_eq!(second.charge(60_000).unwrap_err(), OverBudget::Process(100_000));
        assert_eq!((first.held(), second.held(), memory.held()), (60_000, 0, 60_000 - FREE));
        drop(held);
        assert_eq!((first.held(), memory.held()), (0, 0));
        assert!(second.charge(60_000).is_ok());
    }

    #[test]
    fn small_calls_are_served_when_the_process_is_full() {
        let memory = Memory::new(&limits());
        let (greedy, modest) = (memory.connection(&limits()), memory.connection(&limits()));
        greedy.nothing().set(usize::MAX / 4);
        let mut all = greedy.nothing();
        all.set(1 << 30);
        assert!(greedy.is_full() && !modest.is_full());
        let small = modest.charge(FREE).unwrap();
        assert!(modest.charge(1).is_err());
        drop((small, all));
        assert_eq!((greedy.held(), modest.held(), memory.held()), (0, 0, 0));
    }

    #[tokio::test]
    async fn a_full_connection_waits_until_there_is_room() {
        let memory = Memory::new(&limits());
        let (first, second) = (memory.connection(&limits()), memory.connection(&limits()));
        let mut held = first.charge(45_000).unwrap();
        assert!(first.is_full() && first.room().now_or_never().is_none());
        let waiting = tokio::spawn({
            let first = first.clone();
            async move { first.room().await }
        });
        tokio::task::yield_now().await;
        held.resize(40_000).unwrap();
        waiting.await.unwrap();
        let _more = second.charge(51_192).unwrap();
        assert!(second.is_full());
        drop(held);
        assert!(second.room().now_or_never().is_none(), "its own three quarters are used");
    }

    #[tokio::test]
    async fn who_needs_many_bytes_is_told_when_they_fit() {
        let memory = Memory::new(&limits());
        let (first, second) = (memory.connection(&limits()), memory.connection(&limits()));
        let mut own = first.charge(30_000).unwrap();
        assert!(!first.is_full() && first.room_for(30_001).now_or_never().is_none());
        let mut other = second.charge(59_000).unwrap();
        let waiting = tokio::spawn({
            let first = first.clone();
            async move {
                first.room_for(40_000).await;
                first.charge(40_000).unwrap()
            }
        });
        tokio::task::yield_now().await;
        own.resize(20_000).unwrap();
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished(), "the process has no room for it");
        other.resize(40_000).unwrap();
        assert_eq!(waiting.await.unwrap().bytes(), 40_000);
        assert!(second.room_for(60_001).now_or_never().is_none(), "it never fits");
    }

    #[test]
    fn charges_on_many_threads_add_up() {
        let memory = Memory::new(&limits());
        let budget = memory.connection(&limits());
        std::thread::scope(|scope| {
            for thread in 1..5_usize {
                let budget = &budget;
                scope.spawn(move || {
                    let mut charge = budget.nothing();
                    for step in 0..20_000_usize {
                        // Refusals are part of the test.
                        let _ = charge.resize(step * thread * 977 % 40_000);
                    }
                });
            }
        });
        assert_eq!((budget.held(), memory.held()), (0, 0));
    }
}
