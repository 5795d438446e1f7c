//! What a peer can make happen as often as it likes is logged now and then.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const PAUSE: Duration = Duration::from_secs(10);

/// Lets one of many equal events through to the log.
#[derive(Default)]
pub(crate) struct Seldom(Mutex<Option<Said>>);

struct Said {
    at: Instant,
    since: u64,
}

impl Seldom {
    /// How many events there were since the last one that was logged, this one included; none if this one is not to be.
    pub(crate) fn event(&self) -> Option<u64> {
        self.event_at(Instant::now())
    }

    fn event_at(&self, now: Instant) -> Option<u64> {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let since = said.as_ref().map_or(0, |said| said.since) + 1;
        match said.as_mut().filter(|said| now.saturating_duration_since(said.at) < PAUSE) {
            Some(said) => {
                said.since = since;
                None
            }
            None => {
                *said = Some(Said { at: now, since: 0 });
                Some(since)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_logged_and_then_one_for_many() {
        let (seldom, now) = (Seldom::default(), Instant::now());
        assert_eq!(seldom.event_at(now), Some(1));
        assert_eq!(seldom.event_at(now + PAUSE / 2), None);
        assert_eq!(seldom.event_at(now + PAUSE), Some(2));
        assert_eq!(seldom.event_at(now + PAUSE), None);
    }
}
