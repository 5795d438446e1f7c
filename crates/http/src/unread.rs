//! Bytes that the streams of an HTTP/2 connection have received and no one has read yet.
//!
//! h2 holds them, up to the windows that it grants, and tells no one how many they are. What has come is seen in the
//! frames, what is read in the bodies. Data that arrives for a body which was dropped is held by no one, and cannot be
//! told apart; so the count starts anew whenever no body is left.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use manywire_core::{Budget, Charge};

/// The charge follows the count in steps of this size, so that small calls do not touch it.
const STEP: usize = 16 << 10;

pub(crate) struct Unread {
    bytes: AtomicI64,
    bodies: AtomicUsize,
    /// What one body may hold.
    window: usize,
    charged: AtomicUsize,
    charge: Mutex<Charge>,
}

impl Unread {
    pub(crate) fn new(budget: &Budget, window: u32) -> Self {
        Self {
            bytes: AtomicI64::new(0),
            bodies: AtomicUsize::new(0),
            window: window as usize,
            charged: AtomicUsize::new(0),
            charge: Mutex::new(budget.nothing()),
        }
    }

    /// Data has come.
    pub(crate) fn received(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as i64, Relaxed);
        self.settle();
    }

    /// Data was read.
    pub(crate) fn read(&self, bytes: usize) {
        self.bytes.fetch_sub(bytes as i64, Relaxed);
        self.settle();
    }

    pub(crate) fn begin_body(&self) {
        self.bodies.fetch_add(1, Relaxed);
    }

    pub(crate) fn end_body(&self) {
        if self.bodies.fetch_sub(1, Relaxed) == 1 {
            self.bytes.store(0, Relaxed);
        }
        self.settle();
    }

    /// How many bytes there are at most.
    pub(crate) fn bytes(&self) -> usize {
        let most = self.bodies.load(Relaxed).saturating_mul(self.window);
        usize::try_from(self.bytes.load(Relaxed)).unwrap_or(0).min(most)
    }

    fn settle(&self) {
        let (bytes, charged) = (self.bytes(), self.charged.load(Relaxed));
        if bytes.abs_diff(charged) < STEP && !(bytes < STEP && charged >= STEP) {
            return;
        }
        let wanted = if bytes < STEP { 0 } else { bytes };
        let mut charge = self.charge.lock().unwrap_or_else(PoisonError::into_inner);
        charge.set(wanted);
        self.charged.store(wanted, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use manywire_core::Limits;

    use super::*;

    #[test]
    fn what_was_received_is_charged_until_it_is_read_or_its_bodies_are_gone() {
        let budget = Budget::alone(&Limits::default());
        let unread = Unread::new(&budget, 100_000);
        unread.begin_body();
        unread.received(STEP - 1);
        assert_eq!(budget.held(), 0);
        unread.received(50_000);
        assert_eq!(budget.held(), STEP - 1 + 50_000);
        unread.read(50_000);
        assert_eq!(budget.held(), 0);
        unread.received(1_000_000);
        assert_eq!(budget.held(), 100_000, "no more than the window of the only body");
        unread.end_body();
        assert_eq!((budget.held(), unread.bytes()), (0, 0));
    }
}
