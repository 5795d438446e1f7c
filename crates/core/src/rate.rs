//! A token bucket: so many calls a second, with one second's worth in hand.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use crate::{ErrorKind, Limits, RpcError};

/// Bounds the calls of one connection.
pub struct RateLimiter {
    per_second: f64,
    /// Calls in hand, and when that was reckoned.
    bucket: Mutex<(f64, Instant)>,
}

impl RateLimiter {
    /// The limiter of a new connection, where there is a limit.
    pub fn of(limits: &Limits) -> Option<Arc<Self>> {
        limits.calls_per_second.map(|rate| Arc::new(Self::new(rate)))
    }

    fn new(per_second: NonZeroU32) -> Self {
        let per_second = f64::from(per_second.get());
        Self { per_second, bucket: Mutex::new((per_second, Instant::now())) }
    }

    /// Takes one call out of the bucket, or says that there is none.
    pub fn admit(&self) -> Result<(), RpcError> {
        if self.allow_at(Instant::now()) {
            return Ok(());
        }
        let message = "too many calls per second on this connection; call more slowly";
        Err(RpcError::new(ErrorKind::ResourceExhausted, message))
    }

    fn allow_at(&self, now: Instant) -> bool {
        // The lock is held for a few instructions that cannot panic, and only where a limit is set.
        let mut bucket = self.bucket.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let gained = now.saturating_duration_since(bucket.1).as_secs_f64() * self.per_second;
        let tokens = (bucket.0 + gained).min(self.per_second);
        let allowed = tokens >= 1.0;
        *bucket = (if allowed { tokens - 1.0 } else { tokens }, now);
        allowed
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_second_gives_as_many_calls_as_set() {
        let limiter = RateLimiter::new(NonZeroU32::new(2).unwrap());
        let start = Instant::now();
        assert!(limiter.allow_at(start) && limiter.allow_at(start) && !limiter.allow_at(start));
        assert!(limiter.allow_at(start + Duration::from_millis(500)));
        assert!(!limiter.allow_at(start + Duration::from_millis(600)));
    }
}
