//! JSON as people type it, and what they should have typed.

use std::io::Read;

use manywire_client::Wire;
use manywire_core::Value;
use serde_json::value::RawValue;

use super::feed::Give;
use super::{Failure, tagged};

/// What is longer than this was not typed, and is not offered to be typed.
const LONGEST_GUESS: usize = 200;

/// Reads one value; `what` is where it came from.
pub(super) fn read(what: &str, json: &str, wire: Wire) -> Result<Value, Failure> {
    // It would become a float, and another number.
    if let Some(number) = numbers(json).find(|number| is_too_large(number)) {
        return Err(Failure::Usage(format!("{what} has {number}, which does not fit into 64 bits")));
    }
    let value = serde_json::from_str(json).map_err(|error| {
        let hint = meant(json).map_or_else(String::new, |json| format!("; did you mean {json}?"));
        Failure::Usage(format!("{what} is no JSON: {error}{hint}"))
    })?;
    tagged::resolve(value, wire).map_err(|why| Failure::Usage(format!("{what}: {why}")))
}

/// The numbers of a JSON text, which are what has digits outside of quotes.
fn numbers(json: &str) -> impl Iterator<Item = &str> {
    let mut in_text = false;
    let mut is_escaped = false;
    let is_outside = move |letter: char| {
        let was_in_text = in_text;
        match letter {
            _ if std::mem::take(&mut is_escaped) => {}
            '\\' if in_text => is_escaped = true,
            '"' => in_text = !in_text,
            _ => {}
        }
        was_in_text || !(letter.is_ascii_alphanumeric() || "+-.".contains(letter))
    };
    json.split(is_outside).filter(|number| !number.is_empty())
}

fn is_too_large(number: &str) -> bool {
    let digits = number.strip_prefix('-').unwrap_or(number);
    let is_integer = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    is_integer && number.parse::<i64>().is_err() && number.parse::<u64>().is_err()
}

/// The JSON that arguments were before a shell took their quotes, or their braces apart, as it is to be typed.
pub(super) fn meant(typed: &str) -> Option<String> {
    let typed = typed.trim();
    // json5 1.3 goes as deep as its input does.
    if typed.len() > LONGEST_GUESS {
        return None;
    }
    let json = match json5::from_str::<serde_json::Value>(typed) {
        Ok(value) => value.to_string(),
        // A word, which needs quotes of its own.
        Err(_) if is_word(typed) => serde_json::Value::from(typed).to_string(),
        Err(_) => serde_json::Value::from_iter(json5_words(typed)?).to_string(),
    };
    // A number that JSON cannot say comes out as null.
    let is_sound = !json.contains('\'') && (!json.contains("null") || typed.contains("null"));
    is_sound.then(|| format!("'{json}'"))
}

/// `{name:world}`: names and words without quotes.
fn json5_words(typed: &str) -> Option<Vec<(String, serde_json::Value)>> {
    let inside = typed.strip_prefix('{')?.strip_suffix('}')?;
    let pair = |pair: &str| {
        let (name, value) = pair.split_once(':')?;
        let value = value.trim();
        let read = json5::from_str(value).ok().or_else(|| is_word(value).then(|| value.into()))?;
        let name = name.trim().trim_matches(['"', '\'']);
        is_word(name).then(|| (name.to_owned(), read))
    };
    inside.split(',').map(pair).collect()
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|letter| letter.is_alphanumeric() || " _-.@/".contains(letter))
}

/// `A:17 B:8`, which is what bash makes of `{"A":17,"B":8}`.
pub(super) fn meant_by_all(typed: &[String]) -> Option<String> {
    let is_part = |part: &String| part.split_once(':').is_some_and(|(name, _)| is_word(name));
    (typed.len() > 1 && typed.iter().all(is_part)).then(|| meant(&format!("{{{}}}", typed.join(","))))?
}

/// Gives every value that stdin has, as soon as it is there.
pub(super) fn each_of_stdin(give: &Give<'_>) -> Result<(), Failure> {
    each(std::io::stdin().lock(), give)
}

fn each(input: impl Read, give: &Give<'_>) -> Result<(), Failure> {
    let values = serde_json::Deserializer::from_reader(input).into_iter::<Box<RawValue>>();
    for (at, value) in values.enumerate() {
        let what = format!("message {} on stdin", at + 1);
        let value = value.map_err(|error| match error.io_error_kind() {
            Some(_) => Failure::Local(format!("cannot read stdin: {error}")),
            None => Failure::Usage(format!("{what} is no JSON: {error}")),
        })?;
        // Streams of requests are gRPC's.
        if !give(read(&what, value.get(), Wire::Grpc)?) {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_or_a_habit_made_of_json_is_recognised() {
        for (typed, expected) in [
            ("{A:17,B:8}", Some(r#"'{"A":17,"B":8}'"#)),
            ("{name:world}", Some(r#"'{"name":"world"}'"#)),
            ("{'name':'world',}", Some(r#"'{"name":"world"}'"#)),
            ("world", Some(r#"'"world"'"#)),
            ("hello world", Some(r#"'"hello world"'"#)),
            ("[1,2,]", Some("'[1,2]'")),
            ("0x10", Some("'16'")),
            ("{", None),
            ("{\"a\":", None),
            ("{a:1e400}", None),
            (&"[".repeat(1000), None),
            ("", None),
        ] {
            assert_eq!(meant(typed).as_deref(), expected, "{typed}");
        }
        let parts =
            |typed: &[&str]| meant_by_all(&typed.iter().map(|&part| part.to_owned()).collect::<Vec<_>>());
        assert_eq!(parts(&["A:17", "B:8"]).as_deref(), Some(r#"'{"A":17,"B":8}'"#));
        assert_eq!(parts(&["A:17", "8"]), None);
    }

    #[test]
    fn a_number_that_would_become_another_is_refused() {
        let largest = r#"[18446744073709551615, -9223372036854775808, 1e30, "18446744073709551616", "\"99999999999999999999"]"#;
        assert!(read("argument 1", largest, Wire::Gob).is_ok());
        for wrong in ["18446744073709551616", "-9223372036854775809", "{\"a\":[0,18446744073709551616]}"] {
            let Err(Failure::Usage(said)) = read("argument 1", wrong, Wire::Gob) else {
                panic!("{wrong} was taken")
            };
            assert!(said.ends_with("which does not fit into 64 bits"), "{said}");
        }
    }

    #[test]
    fn values_need_no_lines_of_their_own() {
        let seen = std::cell::RefCell::new(Vec::new());
        let give = |value| {
            seen.borrow_mut().push(value);
            true
        };
        assert!(each(&b"1 {\"a\":\n2}\n\n[3]x"[..], &give).is_err());
        assert_eq!(seen.borrow().len(), 3);
    }
}
