//! Waiting, telling the time, and ticking.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_core::Stream;
use futures_util::stream;
use jiff::Zoned;
use jiff::fmt::strtime::{BrokenDownTime, Config, PosixCustom};
use manywire_core::{Empty, ErrorKind, RpcError};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

/// A number of milliseconds.
#[manywire_core::message]
#[derive(Debug, Clone, Copy, Default)]
pub struct Milliseconds {
    ms: i64,
}

/// A format of Python's `time.strftime`.
#[manywire_core::message]
#[derive(Debug, Clone, Default)]
pub struct Format {
    format: String,
}

/// One tick of a ticking stream.
#[manywire_core::message]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tick {
    /// The number of the tick, from 1.
    pub n: i64,
    /// When it happened.
    pub unix_seconds: i64,
}

/// `Demo.Sleep`: takes a bare integer, as Go's methods may.
pub async fn demo_sleep(ms: i64) -> Result<i64, RpcError> {
    sleep(Milliseconds { ms }).await
}

/// Waits, then returns the number of milliseconds.
pub async fn sleep(Milliseconds { ms }: Milliseconds) -> Result<i64, RpcError> {
    let allowed = u64::try_from(ms).ok().filter(|ms| *ms <= 60_000);
    let Some(wait) = allowed else {
        let message = format!("cannot sleep {ms} ms; give 0 to 60000");
        return Err(RpcError::new(ErrorKind::InvalidValue, message));
    };
    if wait > 0 {
        tokio::time::sleep(Duration::from_millis(wait)).await;
    }
    Ok(ms)
}

/// The seconds since 1970.
pub async fn time(_: Empty) -> Result<f64, RpcError> {
    Ok(since_epoch().as_secs_f64())
}

/// No date is longer than this; but two bytes of a format, `%c`, may become a whole line.
const LONGEST_TIME: usize = 1 << 20;

/// The local time as the format says.
pub async fn strftime(Format { format }: Format) -> Result<String, RpcError> {
    let config = Config::new().custom(PosixCustom::new()).lenient(true);
    let mut text = Bounded::default();
    let formatted = BrokenDownTime::from(&Zoned::now()).format_with_config(
        &config,
        &format,
        &mut jiff::fmt::StdFmtWrite(&mut text),
    );
    match formatted {
        Ok(()) => Ok(text.text),
        Err(_) if text.is_full => {
            let message = format!("the time in this format is longer than {LONGEST_TIME} bytes");
            Err(RpcError::new(ErrorKind::InvalidValue, message))
        }
        Err(error) => {
            Err(RpcError::new(ErrorKind::InvalidValue, format!("strftime cannot use this format: {error}")))
        }
    }
}

/// A text that grows to a limit.
#[derive(Default)]
struct Bounded {
    text: String,
    is_full: bool,
}

impl fmt::Write for Bounded {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        self.is_full |= self.text.len() + more.len() > LONGEST_TIME;
        if self.is_full {
            return Err(fmt::Error);
        }
        self.text.push_str(more);
        Ok(())
    }
}

/// A tick every `period`, the first one after the first period; one that comes late moves those after it.
pub fn ticks(period: Duration) -> impl Stream<Item = Result<Tick, RpcError>> + Send {
    let mut interval = interval_at(Instant::now() + period, period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    stream::unfold((interval, 1), |(mut interval, n)| async move {
        interval.tick().await;
        Some((Ok(Tick { n, unix_seconds: unix_seconds() }), (interval, n + 1)))
    })
}

/// The whole seconds since 1970.
pub fn unix_seconds() -> i64 {
    i64::try_from(since_epoch().as_secs()).unwrap_or(i64::MAX)
}

fn since_epoch() -> Duration {
    // A clock set before 1970 reads as 1970.
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn sleep_refuses_what_the_contract_refuses() {
        for ms in [-1, 60_001, i64::MIN] {
            assert_eq!(demo_sleep(ms).await.unwrap_err().kind(), ErrorKind::InvalidValue);
        }
        assert_eq!(demo_sleep(0).await, Ok(0));
    }

    #[tokio::test]
    async fn strftime_reads_pythons_formats() {
        let format = |format: &str| strftime(Format { format: format.into() });
        assert_eq!(format("100%%").await.unwrap(), "100%");
        let now = format("%Y-%m-%d %H:%M:%S %a %j %c").await.unwrap();
        assert!(now.starts_with("20") && now.len() > 40, "{now}");
    }

    #[tokio::test]
    async fn a_format_does_not_become_a_flood() {
        for directive in ["%c", "%255Y"] {
            let error = strftime(Format { format: directive.repeat(200_000) }).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidValue);
            assert!(error.message().contains("1048576 bytes"), "{error}");
        }
    }
}
