//! When a call that failed is made again, and how long is waited before.

use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// How calls are made again that did not reach a server, or that may be made twice.
#[derive(Debug, Clone, PartialEq)]
pub struct Retry {
    /// How often a call is tried in all, each time at every server that can be had.
    pub attempts: u32,
    /// The pause before the second attempt; it doubles for each one after. Half of it is left to chance, so that clients
    /// that failed together do not come back together.
    pub base: Duration,
    /// The longest pause.
    pub longest: Duration,
    /// How many attempts beyond the first may be made in a row before calls fail at once, as long as nothing succeeds. Ten
    /// successes make up for one.
    pub budget: u32,
}

impl Default for Retry {
    fn default() -> Self {
        Self { attempts: 3, base: Duration::from_millis(50), longest: Duration::from_secs(2), budget: 10 }
    }
}

impl Retry {
    /// Every call is tried once only.
    pub fn none() -> Self {
        Self { attempts: 1, ..Self::default() }
    }

    /// The pause after so many failed attempts.
    pub(crate) fn pause(&self, failed: u32) -> Duration {
        let whole = self.base.saturating_mul(1 << failed.saturating_sub(1).min(20)).min(self.longest);
        whole.mul_f64(0.5 + fastrand::f64() / 2.0)
    }
}

/// What is left of the budget, in tenths.
#[derive(Debug)]
pub(crate) struct Budget {
    tenths: AtomicU32,
    full: u32,
}

impl Budget {
    pub(crate) fn new(retry: &Retry) -> Self {
        let full = retry.budget.saturating_mul(10);
        Self { tenths: AtomicU32::new(full), full }
    }

    /// Whether one more attempt may be made.
    pub(crate) fn spend(&self) -> bool {
        self.tenths.fetch_update(Relaxed, Relaxed, |tenths| tenths.checked_sub(10)).is_ok()
    }

    pub(crate) fn succeed(&self) {
        // Nearly always it is full, and a load is all that a call pays.
        if self.tenths.load(Relaxed) < self.full {
            let earn = |tenths| (tenths < self.full).then_some(tenths + 1);
            // It may have become full in between.
            let _ = self.tenths.fetch_update(Relaxed, Relaxed, earn);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_limit_and_differ() {
        let retry = Retry::default();
        for failed in 1..40 {
            let whole = retry.base.saturating_mul(1 << (failed - 1).min(20)).min(retry.longest);
            let pause = retry.pause(failed);
            assert!(pause >= whole / 2 && pause <= whole, "{failed}: {pause:?}");
        }
    }

    #[test]
    fn a_budget_is_spent_and_earned_again() {
        let budget = Budget::new(&Retry { budget: 2, ..Retry::default() });
        assert!(budget.spend() && budget.spend() && !budget.spend());
        (0..9).for_each(|_| budget.succeed());
        assert!(!budget.spend());
        budget.succeed();
        assert!(budget.spend() && !budget.spend());
    }
}
