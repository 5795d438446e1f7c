//! Whether a connection is of use to its peer: when a server has too many, the idlest makes room.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// What the peer of one connection has done; clones share it.
///
/// It is written with every call, and read only when room is needed: a call that is ready at once costs two stores, and
/// one that has to wait two additions more.
#[derive(Debug, Clone)]
pub struct Activity(Arc<State>);

#[derive(Debug)]
struct State {
    opened: Instant,
    /// Nanoseconds from `opened` to the last sign of life.
    last: AtomicU64,
    has_called: AtomicBool,
    under_way: AtomicUsize,
}

impl Default for Activity {
    fn default() -> Self {
        Self::new()
    }
}

impl Activity {
    /// Of a connection that was opened now.
    pub fn new() -> Self {
        Self(Arc::new(State {
            opened: Instant::now(),
            last: AtomicU64::new(0),
            has_called: AtomicBool::new(false),
            under_way: AtomicUsize::new(0),
        }))
    }

    /// The peer gave a sign of life.
    pub fn seen(&self, at: Instant) {
        let since = at.saturating_duration_since(self.0.opened);
        self.0.last.store(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX), Relaxed);
    }

    /// The peer called a method.
    pub fn called(&self, at: Instant) {
        self.seen(at);
        self.0.has_called.store(true, Relaxed);
    }

    /// Marks a call as under way until the guard is dropped.
    pub fn begin(&self) -> UnderWay {
        self.0.has_called.store(true, Relaxed);
        self.0.under_way.fetch_add(1, Relaxed);
        UnderWay(self.clone())
    }

    /// Whether the peer ever called a method.
    pub fn has_called(&self) -> bool {
        self.0.has_called.load(Relaxed)
    }

    /// Whether a call waits for its method, or for its answer to be taken.
    pub fn is_busy(&self) -> bool {
        self.0.under_way.load(Relaxed) > 0
    }

    /// When the peer last gave a sign of life.
    pub fn last(&self) -> Instant {
        self.0.opened + Duration::from_nanos(self.0.last.load(Relaxed))
    }
}

/// A call under way.
#[derive(Debug)]
pub struct UnderWay(Activity);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.seen(Instant::now());
        self.0.0.under_way.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_busy_as_long_as_a_call_is_under_way() {
        let activity = Activity::new();
        assert!(!activity.has_called() && !activity.is_busy());
        let (first, second) = (activity.begin(), activity.clone().begin());
        drop(first);
        assert!(activity.has_called() && activity.is_busy());
        let before = Instant::now();
        drop(second);
        assert!(!activity.is_busy() && activity.last() >= before);
    }
}
