//! `grpc-timeout`: how long the caller will wait.

use std::time::Duration;

use http::{HeaderMap, HeaderName};

const TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// The time that the caller gives, if it gives one; an error if it cannot be read.
pub(crate) fn timeout(headers: &HeaderMap) -> Result<Option<Duration>, String> {
    let Some(value) = headers.get(TIMEOUT) else { return Ok(None) };
    let read = value.to_str().ok().and_then(parse);
    let malformed =
        || format!("grpc-timeout {value:?} is malformed: send up to 8 digits and one of H M S m u n");
    read.map(Some).ok_or_else(malformed)
}

fn parse(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let n: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(n * 3_600),
        "M" => Duration::from_secs(n * 60),
        "S" => Duration::from_secs(n),
        "m" => Duration::from_millis(n),
        "u" => Duration::from_micros(n),
        "n" => Duration::from_nanos(n),
        _ => return None,
    })
}

/// The header value that says a timeout, in the finest unit that eight digits hold.
pub(crate) fn encode(timeout: Duration) -> String {
    let fits = |n: u128| n < 100_000_000;
    let (nanos, micros, millis) = (timeout.as_nanos(), timeout.as_micros(), timeout.as_millis());
    match timeout.as_secs() {
        _ if fits(nanos) => format!("{nanos}n"),
        _ if fits(micros) => format!("{micros}u"),
        _ if fits(millis) => format!("{millis}m"),
        secs if fits(secs.into()) => format!("{secs}S"),
        secs => format!("{}H", (secs / 3_600).min(99_999_999)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_is_read() {
        for (text, seconds) in [
            ("1H", 3600.0),
            ("2M", 120.0),
            ("3S", 3.0),
            ("4m", 0.004),
            ("5u", 0.000_005),
            ("6n", 0.000_000_006),
        ] {
            assert_eq!(parse(text), Some(Duration::from_secs_f64(seconds)), "{text}");
        }
        assert!(parse("99999999H").is_some());
        for text in ["", "S", "1", "100000000S", "-1S", "+1S", "1 S", "1x", "1é", "1.5S"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_sent_is_read_back() {
        for duration in [Duration::from_nanos(7), Duration::from_millis(1_500), Duration::from_secs(86_400)] {
            assert_eq!(parse(&encode(duration)), Some(duration));
        }
        assert_eq!(encode(Duration::MAX), "99999999H");
    }
}
