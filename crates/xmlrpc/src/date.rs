//! `dateTime.iso8601`: the specification's `19980717T14:08:55`, and what its users write instead.
//!
//! Read: dashes and colons or none, a fraction, an offset or `Z`. Written: the specification's form, with the fraction
//! and the offset only where the value has them; a time that came in that form goes out in the same letters.

use std::fmt::Write as _;

use jiff::SignedDuration;
use jiff::civil::DateTime;
use manywire_core::Timestamp;

use crate::error::EncodeError;

/// The arithmetic is the calendar's own, since jiff's points in time end a day before the year 9999 does.
const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// Reads a date and time; none if it is not one.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let mut rest = Digits(text.trim_ascii().as_bytes());
    let year = rest.number(4)?;
    let dashed = rest.skip(b"-");
    let month = rest.number(2)?;
    if rest.skip(b"-") != dashed {
        return None;
    }
    let day = rest.number(2)?;
    if !rest.skip(b"Tt ") {
        return None;
    }
    let hour = rest.number(2)?;
    let colons = rest.skip(b":");
    let minute = rest.number(2)?;
    if rest.skip(b":") != colons {
        return None;
    }
    let second = rest.number(2)?;
    let nanos = rest.fraction()?;
    let offset = rest.offset()?;

    let reading = DateTime::new(
        i16::try_from(year).ok()?,
        i8::try_from(month).ok()?,
        i8::try_from(day).ok()?,
        i8::try_from(hour).ok()?,
        i8::try_from(minute).ok()?,
        i8::try_from(second).ok()?,
        nanos,
    );
    let since = reading.ok()?.duration_since(EPOCH);
    // A fraction before the epoch counts forward all the same.
    let nanos = u32::try_from(nanos).ok()?;
    let whole = since - SignedDuration::from_nanos(nanos.into());
    Some(Timestamp { seconds: whole.as_secs() - i64::from(offset.unwrap_or(0)), nanos, offset })
}

/// Writes a date and time.
pub(crate) fn write(time: Timestamp) -> Result<String, EncodeError> {
    let civil = reading(time).ok_or_else(|| EncodeError::Year(time.to_string()))?;
    let (date, clock) = (civil.date(), civil.time());
    let mut out = format!(
        "{:04}{:02}{:02}T{:02}:{:02}:{:02}",
        date.year(),
        date.month(),
        date.day(),
        clock.hour(),
        clock.minute(),
        clock.second()
    );
    if time.nanos > 0 {
        let digits = format!("{:09}", time.nanos);
        out.extend([".", digits.trim_end_matches('0')]);
    }
    if let Some(offset) = time.offset {
        write_offset(&mut out, offset);
    }
    Ok(out)
}

/// What calendar and clock showed, in a year of four digits.
fn reading(time: Timestamp) -> Option<DateTime> {
    let seconds = time.seconds.checked_add(time.offset.unwrap_or(0).into())?;
    let civil = EPOCH.checked_add(SignedDuration::from_secs(seconds)).ok()?;
    (civil.year() >= 0).then_some(civil)
}

fn write_offset(out: &mut String, offset: i32) {
    if offset == 0 {
        out.push('Z');
        return;
    }
    let (sign, east) = (if offset < 0 { '-' } else { '+' }, offset.unsigned_abs());
    // Writing to a String cannot fail.
    let _ = write!(out, "{sign}{:02}:{:02}", east / 3600, east / 60 % 60);
    if east % 60 > 0 {
        let _ = write!(out, ":{:02}", east % 60);
    }
}

/// What is left of the text.
struct Digits<'a>(&'a [u8]);

impl Digits<'_> {
    /// Exactly so many digits.
    fn number(&mut self, length: usize) -> Option<i32> {
        let (digits, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        digits.iter().try_fold(0, |number, digit| {
            digit.is_ascii_digit().then(|| number * 10 + i32::from(digit - b'0'))
        })
    }

    /// Whether one of these came next, which is then left behind.
    fn skip(&mut self, bytes: &[u8]) -> bool {
        match self.0.split_first() {
            Some((first, rest)) if bytes.contains(first) => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }

    /// The nanoseconds of a fraction, if there is one; digits beyond are dropped.
    fn fraction(&mut self) -> Option<i32> {
        if !self.skip(b".,") {
            return Some(0);
        }
        let length = self.0.iter().take_while(|b| b.is_ascii_digit()).count();
        let (digits, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        let mut nanos = 0;
        for place in 0..9 {
            nanos = nanos * 10 + digits.get(place).map_or(0, |digit| i32::from(digit - b'0'));
        }
        (length > 0).then_some(nanos)
    }

    /// The offset in seconds, if there is one; none at all if something else follows.
    fn offset(&mut self) -> Option<Option<i32>> {
        if self.0.is_empty() {
            return Some(None);
        }
        if self.skip(b"Zz") {
            return self.0.is_empty().then_some(Some(0));
        }
        let sign = match (self.skip(b"+"), self.skip(b"-")) {
            (true, false) => 1,
            (false, true) => -1,
            _ => return None,
        };
        let mut seconds = self.number(2)? * 3600;
        for unit in [60, 1] {
            if self.0.is_empty() {
                break;
            }
            self.skip(b":");
            seconds += self.number(2).filter(|part| *part < 60)? * unit;
        }
        (self.0.is_empty() && seconds < 24 * 3600).then_some(Some(sign * seconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(text: &str) -> Option<String> {
        Some(write(parse(text)?).unwrap())
    }

    #[test]
    fn every_form_is_read_and_one_is_written() {
        for (text, expected) in [
            ("19980717T14:08:55", "19980717T14:08:55"),
            ("1998-07-17T14:08:55", "19980717T14:08:55"),
            (" 19980717T140855 ", "19980717T14:08:55"),
            ("1998-07-17 14:08:55", "19980717T14:08:55"),
            ("19980717T14:08:55Z", "19980717T14:08:55Z"),
            ("19980717T14:08:55.250", "19980717T14:08:55.25"),
            ("19980717T14:08:55,123456789", "19980717T14:08:55.123456789"),
            ("1998-07-17T14:08:55.5+0530", "19980717T14:08:55.5+05:30"),
            ("1998-07-17T14:08:55-03", "19980717T14:08:55-03:00"),
            ("19980717T14:08:55+00:00", "19980717T14:08:55Z"),
            ("00010101T00:00:00", "00010101T00:00:00"),
            ("99991231T23:59:59", "99991231T23:59:59"),
        ] {
            assert_eq!(rewritten(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "today",
            "19980717",
            "19981317T14:08:55",
            "19980230T14:08:55",
            "19980717T24:08:55",
            "19980717T14:08:60",
            "1998-0717T14:08:55",
            "19980717T14:0855",
            "19980717T14:08:55.",
            "19980717T14:08:55+",
            "19980717T14:08:55+5",
            "19980717T14:08:55+05:60",
            "19980717T14:08:55ZZ",
            "19980717T14:08:55 x",
            "+1998717T14:08:55",
            "１９98717T14:08:55",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn an_offset_says_which_instant_it_was() {
        let at = |text: &str| parse(text).unwrap().seconds;
        assert_eq!(at("19980717T14:08:55+05:30"), at("19980717T08:38:55Z"));
    }
}
