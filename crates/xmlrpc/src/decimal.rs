//! `bigdecimal`, Apache's decimal numbers of any length, as doubles: where a double says the same number and not one near it.

/// Reads a decimal number; none if it is not one, or if a double would round it.
pub(crate) fn parse(text: &str) -> Option<f64> {
    let float: f64 = text.parse().ok().filter(|float: &f64| float.is_finite())?;
    // The shortest text that is read as this double; a number that is written longer is another.
    let shortest = format!("{float:e}");
    (Digits::of(text)? == Digits::of(&shortest)?).then_some(float)
}

/// A decimal number: its digits without zeros around them, and the power of ten of the last.
#[derive(PartialEq)]
struct Digits {
    digits: String,
    exponent: i64,
}

impl Digits {
    fn of(text: &str) -> Option<Self> {
        let (number, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let written: String = whole.chars().chain(fraction.chars()).filter(char::is_ascii_digit).collect();
        let digits = written.trim_end_matches('0');
        let zeros = written.len() - digits.len();
        let exponent = exponent.parse::<i64>().ok()? + i64::try_from(zeros).ok()?
            - i64::try_from(fraction.len()).ok()?;
        let digits = digits.trim_start_matches('0').to_owned();
        Some(Self { exponent: if digits.is_empty() { 0 } else { exponent }, digits })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_that_a_double_says_is_that_double() {
        for (text, float) in [
            ("0", 0.0),
            ("-0.000", 0.0),
            ("1", 1.0),
            ("+10.50", 10.5),
            ("0.1", 0.1),
            ("-00123.4500e2", -12345.0),
            ("1E+300", 1e300),
            ("5e-324", 5e-324),
            (".5", 0.5),
            ("123456789012345680000", 123_456_789_012_345_680_000.0),
            ("9007199254740992", 9_007_199_254_740_992.0),
        ] {
            assert_eq!(parse(text), Some(float), "{text}");
        }
    }

    #[test]
    fn a_decimal_that_would_be_rounded_is_none() {
        for text in [
            "0.1000000000000000055511151231257827",
            "9007199254740993",
            "3.14159265358979323846264338327950288",
            "1e400",
            "1e-400",
            "",
            "ten",
            "1_000",
            "0x10",
            "inf",
            "nan",
            "1e99999999999999999999",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(parse(&"9".repeat(100_000)), None);
    }
}
