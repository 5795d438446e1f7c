//! Graceful shutdown: first a word to every connection, then a wait, then the cut.

use std::time::Duration;

use tokio_util::sync::{CancellationToken, WaitForCancellationFuture};
use tokio_util::task::TaskTracker;

use crate::gated::{Gated, gated};

/// Marks a connection as open until it is dropped.
pub type ConnectionToken = tokio_util::task::task_tracker::TaskTrackerToken;

/// The side that ends the server.
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    drain: Drain,
    tracker: TaskTracker,
}

/// The side that a connection holds: it hears when to wind down, and when it is too late.
#[derive(Debug, Clone, Default)]
pub struct Drain {
    started: CancellationToken,
    cut: CancellationToken,
}

impl Shutdown {
    /// A shutdown that has not begun.
    pub fn new() -> Self {
        Self::default()
    }

    /// What a connection needs to hear about it.
    pub fn drain(&self) -> Drain {
        self.drain.clone()
    }

    /// Marks a connection as open until the token is dropped.
    pub fn track(&self) -> ConnectionToken {
        self.tracker.token()
    }

    /// How many connections are open.
    pub fn open(&self) -> usize {
        self.tracker.len()
    }

    /// Drops every connection at once.
    pub fn cut(&self) {
        self.drain.started.cancel();
        self.drain.cut.cancel();
    }

    /// Tells every connection to wind down and waits for them, at most `limit`; what is left then
    /// is cut. Returns the number that had to be cut.
    pub async fn finish(&self, limit: Duration) -> usize {
        self.drain.started.cancel();
        self.tracker.close();
        if tokio::time::timeout(limit, self.tracker.wait()).await.is_ok() {
            return 0;
        }
        let left = self.tracker.len();
        self.drain.cut.cancel();
        // A cut connection only has to be dropped by its task, which takes no peer's consent.
        let _ = tokio::time::timeout(Duration::from_secs(1), self.tracker.wait()).await;
        left
    }
}

impl Drain {
    /// Resolves when the server begins to wind down: finish what is under way, take nothing new.
    pub fn started(&self) -> Gated<WaitForCancellationFuture<'_>> {
        gated(self.started.cancelled())
    }

    /// Whether winding down has begun.
    pub fn has_started(&self) -> bool {
        self.started.is_cancelled()
    }

    /// Resolves when the drain limit is over: drop everything.
    pub fn cut(&self) -> Gated<WaitForCancellationFuture<'_>> {
        gated(self.cut.cancelled())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_connection_that_ends_is_not_cut() {
        let shutdown = Shutdown::new();
        let (drain, token) = (shutdown.drain(), shutdown.track());
        let connection = tokio::spawn(async move {
            drain.started().await;
            drop(token);
        });
        assert_eq!(shutdown.finish(Duration::from_secs(10)).await, 0);
        connection.await.unwrap();
    }

    #[tokio::test]
    async fn a_connection_that_lingers_is_cut_and_counted() {
        let shutdown = Shutdown::new();
        let (drain, token) = (shutdown.drain(), shutdown.track());
        let connection = tokio::spawn(async move {
            drain.cut().await;
            drop(token);
        });
        assert_eq!(shutdown.finish(Duration::from_millis(1)).await, 1);
        connection.await.unwrap();
    }
}
