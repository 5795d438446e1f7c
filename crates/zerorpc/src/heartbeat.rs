//! Heartbeats of a channel: one every five seconds, and a peer that is silent for two periods is lost.

use std::time::Duration;

use tokio::time::Instant;

/// The time between two heartbeats.
pub(crate) const PERIOD: Duration = Duration::from_secs(5);

/// What a channel should do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beat {
    /// Nothing yet.
    Wait,
    /// Send a heartbeat.
    Send,
    /// The peer is gone.
    Lost,
}

/// When a channel's next heartbeat is due, and when the peer's last one came.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pulse {
    due: Instant,
    heard: Option<Instant>,
    /// Whether the peer has to send one before it is sent any.
    is_passive: bool,
}

impl Pulse {
    /// The pulse of a channel that opens now.
    pub(crate) fn new(now: Instant) -> Self {
        Self { due: now + PERIOD, heard: None, is_passive: false }
    }

    /// The same for a peer that may know nothing of heartbeats.
    pub(crate) fn passive(now: Instant) -> Self {
        Self { is_passive: true, ..Self::new(now) }
    }

    /// When to ask again.
    pub(crate) fn due(&self) -> Instant {
        self.due
    }

    /// The peer was heard of.
    pub(crate) fn hear(&mut self, now: Instant) {
        self.heard = Some(now);
    }

    /// Says what is due; silence counts from `listening` on, since before it we did not read.
    ///
    /// A peer that has not been heard of yet gets a period more: Python's clients may wait for our first heartbeat
    /// before they send theirs.
    pub(crate) fn beat(&mut self, now: Instant, listening: Option<Instant>) -> Beat {
        if now < self.due {
            return Beat::Wait;
        }
        if self.is_passive && self.heard.is_none() {
            self.due = now + PERIOD;
            return Beat::Wait;
        }
        let heard = *self.heard.get_or_insert(now);
        let silent_since = listening.map_or(heard, |listening| heard.max(listening));
        if now.duration_since(silent_since) >= 2 * PERIOD {
            return Beat::Lost;
        }
        self.due = now + PERIOD;
        Beat::Send
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks every 100 ms for a minute, hearing the peer when `hears` says so; returns the second in which it was lost.
    fn lost_after(hears: impl Fn(Duration) -> bool, listening: Option<Duration>) -> (u32, Option<u64>) {
        lost(Pulse::new(Instant::now()), hears, listening)
    }

    fn lost(
        mut pulse: Pulse,
        hears: impl Fn(Duration) -> bool,
        listening: Option<Duration>,
    ) -> (u32, Option<u64>) {
        let start = pulse.due() - PERIOD;
        let mut sent = 0;
        for tick in 1..600 {
            let age = Duration::from_millis(100) * tick;
            if hears(age) {
                pulse.hear(start + age);
            }
            match pulse.beat(start + age, listening.map(|age| start + age)) {
                Beat::Wait => {}
                Beat::Send => sent += 1,
                Beat::Lost => return (sent, Some(age.as_secs())),
            }
        }
        (sent, None)
    }

    #[test]
    fn a_peer_that_beats_is_kept() {
        assert_eq!(lost_after(|age| age.as_millis() % 5000 == 0, None), (11, None));
    }

    #[test]
    fn a_peer_that_never_beats_is_lost_after_two_periods_and_a_grace() {
        assert_eq!(lost_after(|_| false, None), (2, Some(15)));
    }

    #[test]
    fn a_peer_that_falls_silent_is_lost() {
        assert_eq!(lost_after(|age| age.as_secs() < 12, None), (4, Some(25)));
    }

    #[test]
    fn a_peer_of_the_first_version_is_sent_none_until_it_sends_one() {
        assert_eq!(lost(Pulse::passive(Instant::now()), |_| false, None), (0, None));
        let beats_once = |age: Duration| age.as_secs() == 7;
        assert_eq!(lost(Pulse::passive(Instant::now()), beats_once, None), (2, Some(20)));
    }

    #[test]
    fn silence_does_not_count_while_we_did_not_listen() {
        assert_eq!(lost_after(|_| false, Some(Duration::from_secs(30))).1, Some(40));
    }
}
