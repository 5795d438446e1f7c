//! Answers on stdout: JSON, a line each.

use std::io::{IsTerminal as _, Write as _};

use manywire_core::{Origin, RpcError, Value};

use super::Failure;

/// An answer longer than this is spread over lines for a person.
const LONGEST_LINE: usize = 100;

/// Prints one value on one line, at once.
pub(crate) fn print(value: &Value) -> Result<(), Failure> {
    line(&serde_json::to_string(value).map_err(|error| no_json(&error))?)
}

/// Prints a method's one answer.
pub(super) fn answer(value: &Value) -> Result<(), Failure> {
    let json = serde_json::to_string(value).map_err(|error| no_json(&error))?;
    if json.chars().count() <= LONGEST_LINE || !std::io::stdout().is_terminal() {
        return line(&json);
    }
    line(&serde_json::to_string_pretty(value).map_err(|error| no_json(&error))?)
}

/// Prints what a server says of itself.
pub(super) fn lines<S: AsRef<str>>(lines: impl IntoIterator<Item = S>) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    for line in lines {
        writeln!(out, "{}", harmless(line.as_ref()))?;
    }
    Ok(out.flush()?)
}

fn line(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}

fn no_json(error: &serde_json::Error) -> Failure {
    Failure::Rpc(RpcError::arose(Origin::Protocol, format!("the answer cannot be written as JSON: {error}")))
}

/// Text from a server, without what a terminal would obey.
pub(super) fn harmless(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\t' => plain.push(letter),
            letter if letter.is_control() => plain.extend(letter.escape_default()),
            letter => plain.push(letter),
        }
    }
    plain
}
