//! From the text of `params` to the parameters of a method, under the limits.

use manywire_core::{
    Budget, Charge, ErrorKind, Limits, OverBudget, Params, RpcError, TooManyValues, Value, json_string_length,
};
use serde::Deserialize as _;
use serde_json::value::RawValue;

/// Parameters up to this weight are not charged while they are read.
const SMALL: usize = 4 << 10;

/// The parameters of a request, and what they weigh.
pub struct Parameters {
    /// By position or by name.
    pub params: Params<'static, 'static>,
    /// Bytes that they take in memory.
    pub weight: usize,
    /// For as long as the call holds them; none where they are small.
    pub charge: Option<Charge>,
}

/// Reads the parameters of a request. None, null and `{}` are no parameters.
pub fn read_params(raw: Option<&RawValue>, limits: &Limits, budget: &Budget) -> Result<Parameters, RpcError> {
    let Some(raw) = raw else {
        return Ok(Parameters { params: Params::none(), weight: 0, charge: None });
    };
    // The list or object that holds the parameters is no level of theirs.
    let weight = check(raw, 1, limits)?;
    let charge = charge_large(weight, budget)?;
    let params = match read(raw)? {
        Value::Array(values) => Params::Positional(values),
        Value::Map(pairs) if !pairs.is_empty() => Params::Named(pairs),
        _ => Params::none(),
    };
    Ok(Parameters { params, weight, charge })
}

fn charge_large(weight: usize, budget: &Budget) -> Result<Option<Charge>, OverBudget> {
    (weight > SMALL).then(|| budget.charge(weight)).transpose()
}

/// Reads any value, under the limits.
pub fn read_value(raw: &RawValue, limits: &Limits) -> Result<Value, RpcError> {
    check(raw, 0, limits)?;
    read(raw)
}

/// Reads a value that was checked.
fn read(raw: &RawValue) -> Result<Value, RpcError> {
    let mut deserializer = serde_json::Deserializer::from_str(raw.get());
    // Its own limit is fixed; ours has been checked.
    deserializer.disable_recursion_limit();
    Value::deserialize(&mut deserializer).map_err(|error| RpcError::invalid_params(error.to_string()))
}

/// The bytes that a value takes in memory.
const VALUE: usize = 32;

/// The digits of the shortest integer that is beyond 64 bits.
const LONG_INTEGER: usize = 19;

/// Refuses what the parser would take: values nested too deep for a stack, integers that it would round to floats, and more
/// values than a message may have. Returns what the value will weigh in memory.
fn check(raw: &RawValue, outer: usize, limits: &Limits) -> Result<usize, RpcError> {
    // Well-formed, since it is a raw value.
    let text = raw.get().as_bytes();
    let limit = limits.nesting;
    // It takes two bytes to nest once more, and no byte counts for more than two values.
    if text.len() < LONG_INTEGER && text.len() / 2 <= limit.min(limits.values()) {
        return Ok(text.len() * VALUE);
    }
    let (mut depth, mut values, mut at) = (0_usize, 0_usize, 0);
    while let Some(&byte) = text.get(at) {
        at += match byte {
            b'"' => {
                let length = json_string_length(&text[at..]);
                // What a value points to counts too.
                values += usize::from(length > 2);
                length
            }
            b'-' | b'0'..=b'9' => {
                let length = text[at..].iter().take_while(|b| is_of_number(**b)).count();
                check_number(&text[at..at + length])?;
                length
            }
            b'[' | b'{' => {
                depth += 1;
                // A first item, and the room for it.
                values += 2;
                if depth > limit.saturating_add(outer) {
                    return Err(RpcError::invalid_params(format!(
                        "a value is nested more than {limit} levels deep"
                    )));
                }
                1
            }
            b']' | b'}' => {
                depth = depth.saturating_sub(1);
                1
            }
            b',' | b':' => {
                values += 1;
                1
            }
            _ => 1,
        };
    }
    if values > limits.values() {
        let error = TooManyValues(limits.values());
        return Err(RpcError::new(ErrorKind::ResourceExhausted, error.to_string()));
    }
    Ok(text.len() + values * VALUE)
}

fn is_of_number(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')
}

fn check_number(number: &[u8]) -> Result<(), RpcError> {
    if number.len() < LONG_INTEGER || number.iter().any(|b| matches!(b, b'.' | b'e' | b'E')) {
        return Ok(());
    }
    let text = str::from_utf8(number).unwrap_or_default();
    if text.parse::<i64>().is_ok() || text.parse::<u64>().is_ok() {
        return Ok(());
    }
    let shown = text.get(..40).map_or(text.to_owned(), |start| format!("{start}…"));
    Err(RpcError::invalid_params(format!("the integer {shown} is beyond 64 bits")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, nesting: usize) -> Result<Value, String> {
        let limits = Limits { nesting, ..Limits::default() };
        read_value(serde_json::from_str(text).unwrap(), &limits).map_err(|e| e.to_string())
    }

    #[test]
    fn many_tiny_values_are_refused_before_they_fill_the_memory() {
        let limits = Limits { message_bytes: 4_000, ..Limits::default() };
        let list = |count: usize| format!("[{}]", vec!["1"; count].join(","));
        let read = |text: &str| read_value(serde_json::from_str(text).unwrap(), &limits);
        assert!(read(&list(999)).is_ok());
        assert_eq!(read(&list(1_100)).unwrap_err().kind(), ErrorKind::ResourceExhausted);
        let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
        assert!(read(&format!("[{}]", [&*deep; 4].join(","))).is_ok());
        assert_eq!(
            read(&format!("[{}]", [&*deep; 12].join(","))).unwrap_err().kind(),
            ErrorKind::ResourceExhausted
        );
        assert!(read(&format!("{:?}", ",".repeat(3_000))).is_ok());
    }

    #[test]
    fn depth_is_limited_exactly() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        for limit in [1, 5, 129, 1000] {
            assert!(read(&nested(limit), limit).is_ok());
            assert!(read(&nested(limit + 1), limit).unwrap_err().contains("nested"));
        }
        assert!(read(r#"["[[[[[[[[", {"\"[[[[[[": 1}]"#, 2).is_ok());
        assert!(read("[[1],[2],[3],[4],[5]]", 2).is_ok());
    }

    #[test]
    fn an_integer_beyond_64_bits_is_never_rounded() {
        assert_eq!(read("18446744073709551615", 1), Ok(Value::Uint(u64::MAX)));
        assert_eq!(read("-9223372036854775808", 1), Ok(Value::Int(i64::MIN)));
        for text in ["18446744073709551616", "-9223372036854775809", "[1, 123456789012345678901234]"] {
            assert!(read(text, 1).unwrap_err().contains("beyond 64 bits"));
        }
        assert!(read(&"9".repeat(100_000), 1).unwrap_err().len() < 100);
        assert_eq!(read("12345678901234567890123.0", 1), Ok(Value::Float(12345678901234567890123.0)));
        assert!(read("1e400", 1).unwrap_err().contains("out of range"));
    }
}
