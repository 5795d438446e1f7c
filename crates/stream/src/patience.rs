//! The time that a peer has for everything before its first call is complete.

use std::fmt;
use std::future::{Future as _, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use manywire_core::Connection;
use tokio::time::{Instant, Sleep, sleep_until};

/// A clock that runs from the moment a connection was accepted, and is not set back between a greeting, a handshake and a
/// first call. It stands still only while a peer rests that has shaken hands.
pub struct Patience {
    clock: Clock,
    alarm: Option<Pin<Box<Sleep>>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Clock {
    /// It rings then; never, where that is beyond the calendar.
    Running(Option<Instant>),
    /// So much is left.
    Stopped(Duration),
}

impl Patience {
    /// The handshake limit of a connection, from when it was accepted.
    pub fn with(connection: &Connection) -> Self {
        Self::new(connection.accepted, connection.limits.handshake)
    }

    fn new(start: Instant, limit: Duration) -> Self {
        Self { clock: Clock::Running(start.checked_add(limit)), alarm: None }
    }

    /// Stops the clock: the peer has shaken hands, and nothing of a call has come.
    pub fn rest(&mut self) {
        if let Clock::Running(end) = self.clock {
            let left = end.map_or(Duration::MAX, |end| end.saturating_duration_since(Instant::now()));
            self.clock = Clock::Stopped(left);
        }
    }

    /// Lets the clock run: something of a call has come.
    pub fn begin(&mut self) {
        if let Clock::Stopped(left) = self.clock {
            self.clock = Clock::Running(Instant::now().checked_add(left));
        }
    }

    /// Ready once the time is up.
    pub fn poll_over(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Clock::Running(Some(end)) = self.clock else {
            return Poll::Pending;
        };
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep_until(end)));
        if alarm.deadline() != end {
            alarm.as_mut().reset(end);
        }
        alarm.as_mut().poll(cx)
    }

    /// Waits until the time is up.
    pub async fn over(&mut self) {
        poll_fn(|cx| self.poll_over(cx)).await;
    }
}

impl fmt::Debug for Patience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Patience").field(&self.clock).finish()
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{advance, timeout};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn rest_takes_no_time_and_gives_none_back() {
        let accepted = Instant::now();
        let mut patience = Patience::new(accepted, 10 * SECOND);
        advance(4 * SECOND).await;
        patience.rest();
        patience.rest();
        assert!(timeout(3600 * SECOND, patience.over()).await.is_err());
        let begun = Instant::now();
        patience.begin();
        advance(SECOND).await;
        patience.begin();
        patience.over().await;
        assert_eq!(begun.elapsed().as_secs(), 6);
        patience.rest();
        patience.begin();
        patience.over().await;
        assert_eq!(begun.elapsed().as_secs(), 6, "nothing is left");
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_beyond_the_calendar_is_none() {
        let mut patience = Patience::new(Instant::now(), Duration::MAX);
        assert!(timeout(3600 * SECOND, patience.over()).await.is_err());
        patience.rest();
        patience.begin();
        assert!(timeout(3600 * SECOND, patience.over()).await.is_err());
    }
}
