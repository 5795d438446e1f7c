//! The arguments of a call, from the command line, files and stdin.

use std::io::Read as _;

use manywire_client::{Arguments, Wire};
use manywire_core::Value;

use super::{Failure, json};
use crate::cli::CallOptions;

/// What was given.
pub(super) struct Given {
    /// The arguments, without that on stdin.
    arguments: Arguments,
    /// The place of what stdin has, which is yet to be read.
    stdin: Option<usize>,
}

impl Given {
    /// Reads what was typed, and the files that it names; on gRPC not stdin, which may have messages to come.
    pub(super) fn read(options: &CallOptions, wire: Wire) -> Result<Self, Failure> {
        if !options.set.is_empty() {
            let pairs: Result<_, _> = options.set.iter().map(|pair| read_pair(pair)).collect();
            return Ok(Self { arguments: Arguments::Named(pairs?), stdin: None });
        }
        let typed = &options.arguments;
        let stdin = typed.iter().position(|text| text == "-");
        if typed.iter().filter(|text| *text == "-").count() > 1 {
            return Err(Failure::Usage("- stands for all of stdin, so it can be given once".to_owned()));
        }
        let is_typed = |(_, text): &(usize, &String)| *text != "-";
        let read = |(at, text): (usize, &String)| read_argument(at + 1, text, typed);
        let values: Vec<Value> =
            typed.iter().enumerate().filter(is_typed).map(read).collect::<Result<_, _>>()?;
        if matches!(wire, Wire::Gob | Wire::Jsonrpc1) && typed.len() > 1 {
            return Err(Failure::Usage(format!(
                "methods of net/rpc take one argument, and {} were given; for a struct write '{{\"A\":17,\"B\":8}}' or --set A=17 --set B=8",
                typed.len()
            )));
        }
        Ok(Self { arguments: Arguments::Positional(values), stdin })
    }

    /// Whether some of it is on stdin.
    pub(super) fn is_on_stdin(&self) -> bool {
        self.stdin.is_some()
    }

    /// The arguments before that on stdin, and those after it.
    pub(super) fn around_stdin(self) -> (Vec<Value>, Vec<Value>) {
        let Arguments::Positional(mut before) = self.arguments else { return Default::default() };
        let at = self.stdin.unwrap_or(before.len());
        let after = before.split_off(at.min(before.len()));
        (before, after)
    }

    /// All of the arguments, for a method that takes them at once.
    pub(super) fn whole(self) -> Result<Arguments, Failure> {
        if self.stdin.is_none() {
            return Ok(self.arguments);
        }
        let mut input = String::new();
        let read = std::io::stdin().read_to_string(&mut input);
        read.map_err(|error| Failure::Local(format!("cannot read stdin: {error}")))?;
        let (mut values, after) = self.around_stdin();
        values.push(json::read("what stdin has", &input)?);
        values.extend(after);
        Ok(Arguments::Positional(values))
    }
}

fn read_argument(number: usize, text: &str, all: &[String]) -> Result<Value, Failure> {
    if let Some(file) = text.strip_prefix('@') {
        let json = std::fs::read_to_string(file)
            .map_err(|error| Failure::Usage(format!("cannot read argument {number} from {file}: {error}")))?;
        return json::read(&format!("argument {number}, from {file},"), &json);
    }
    json::read(&format!("argument {number}"), text).map_err(|failure| match json::meant_by_all(all) {
        Some(json) => Failure::Usage(format!("argument {number} is no JSON: {text}; did you mean {json}?")),
        None => failure,
    })
}

fn read_pair(pair: &str) -> Result<(String, Value), Failure> {
    let (name, value) = pair
        .split_once('=')
        .filter(|(name, _)| !name.is_empty())
        .ok_or_else(|| Failure::Usage(format!("--set {pair:?}: write it as NAME=VALUE")))?;
    let is_json = serde_json::from_str::<serde::de::IgnoredAny>(value).is_ok();
    let value = if is_json { json::read(&format!("--set {name}"), value)? } else { value.into() };
    Ok((name.to_owned(), value))
}
