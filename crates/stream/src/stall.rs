//! A limit on the time in which nothing moves.

use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// Runs while something waits for the peer, and begins anew whenever some of it moves.
///
/// There is a timer only after a first wait, and progress does not touch it: a transfer in a thousand pieces sets it once.
#[derive(Debug)]
pub(crate) struct Stall {
    limit: Duration,
    /// Since when nothing has moved; none until it is waited for again.
    since: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Stall {
    pub(crate) fn new(limit: Duration) -> Self {
        Self { limit, since: None, timer: None }
    }

    pub(crate) fn limit(&self) -> Duration {
        self.limit
    }

    /// Something has moved.
    pub(crate) fn progress(&mut self) {
        self.since = None;
    }

    /// Nothing waits any more.
    pub(crate) fn rest(&mut self) {
        self.since = None;
        self.timer = None;
    }

    /// Waits for the peer; ready when nothing has moved for the whole of the limit.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let since = *self.since.get_or_insert_with(Instant::now);
        // A limit beyond what a clock can count is none.
        let Some(due) = since.checked_add(self.limit) else {
            return Poll::Pending;
        };
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(due)));
        loop {
            ready!(timer.as_mut().poll(cx));
            if timer.deadline() >= due {
                return Poll::Ready(());
            }
            timer.as_mut().reset(due);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(30);

    #[tokio::test(start_paused = true)]
    async fn the_time_counts_from_the_last_progress() {
        let mut stall = Stall::new(LIMIT);
        for _ in 0..10 {
            let waited = tokio::time::timeout(LIMIT * 2 / 3, poll_fn(|cx| stall.poll(cx))).await;
            assert!(waited.is_err());
            stall.progress();
        }
        let start = Instant::now();
        poll_fn(|cx| stall.poll(cx)).await;
        assert_eq!(start.elapsed().as_secs(), LIMIT.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn rest_is_not_counted_and_a_limit_without_end_never_ends() {
        let mut stall = Stall::new(LIMIT);
        let waited = tokio::time::timeout(LIMIT / 2, poll_fn(|cx| stall.poll(cx))).await;
        assert!(waited.is_err());
        stall.rest();
        tokio::time::sleep(LIMIT).await;
        let waited = tokio::time::timeout(LIMIT / 2, poll_fn(|cx| stall.poll(cx))).await;
        assert!(waited.is_err());
        let mut endless = Stall::new(Duration::MAX);
        let waited = tokio::time::timeout(LIMIT * 1000, poll_fn(|cx| endless.poll(cx))).await;
        assert!(waited.is_err());
    }
}
