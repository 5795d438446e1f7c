//! The arguments of a call, from the command line, files and stdin.

use std::io::Read as _;

use manywire_client::{Arguments, Client, Wire};
use manywire_core::Value;

use super::typed::{self, Setting};
use super::{Failure, json};
use crate::cli::CallOptions;

/// What was given.
pub(super) enum Given {
    /// By name.
    Set(Vec<Setting>),
    /// By position.
    Listed {
        /// The arguments, without that on stdin.
        values: Vec<Value>,
        /// The place of what stdin has, which is yet to be read.
        stdin: Option<usize>,
        wire: Wire,
    },
}

impl Given {
    /// Reads what was typed, and the files that it names; on gRPC not stdin, which may have messages to come.
    pub(super) fn read(options: &CallOptions, wire: Wire) -> Result<Self, Failure> {
        if !options.set.is_empty() {
            let settings = options.set.iter().map(|pair| read_pair(pair, wire));
            return settings.collect::<Result<_, _>>().map(Self::Set);
        }
        let typed = &options.arguments;
        let stdin = typed.iter().position(|text| text == "-");
        if typed.iter().filter(|text| *text == "-").count() > 1 {
            return Err(Failure::Usage("- stands for all of stdin, so it can be given once".to_owned()));
        }
        let is_typed = |(_, text): &(usize, &String)| *text != "-";
        let read = |(at, text): (usize, &String)| read_argument(at + 1, text, typed, wire);
        let values: Vec<Value> =
            typed.iter().enumerate().filter(is_typed).map(read).collect::<Result<_, _>>()?;
        Ok(Self::Listed { values, stdin, wire })
    }

    /// Whether some of it is on stdin.
    pub(super) fn is_on_stdin(&self) -> bool {
        matches!(self, Self::Listed { stdin: Some(_), .. })
    }

    /// The arguments before that on stdin, and those after it.
    pub(super) fn around_stdin(self) -> (Vec<Value>, Vec<Value>) {
        let Self::Listed { values: mut before, stdin, .. } = self else { return Default::default() };
        let at = stdin.unwrap_or(before.len());
        let after = before.split_off(at.min(before.len()));
        (before, after)
    }

    /// All of the arguments, for a method that takes them at once, as it wants them.
    pub(super) async fn whole(self, client: &Client, method: &str) -> Result<Arguments, Failure> {
        let values = match self {
            Self::Set(settings) => return typed::settings(client, method, settings).await,
            Self::Listed { values, stdin: None, .. } => values,
            Self::Listed { wire, .. } => {
                let mut input = String::new();
                let read = std::io::stdin().read_to_string(&mut input);
                read.map_err(|error| Failure::Local(format!("cannot read stdin: {error}")))?;
                let (mut values, after) = self.around_stdin();
                values.push(json::read("what stdin has", &input, wire)?);
                values.extend(after);
                values
            }
        };
        typed::values(client, method, values).await.map(Arguments::Positional)
    }
}

fn read_argument(number: usize, text: &str, all: &[String], wire: Wire) -> Result<Value, Failure> {
    if let Some(file) = text.strip_prefix('@') {
        let json = std::fs::read_to_string(file)
            .map_err(|error| Failure::Usage(format!("cannot read argument {number} from {file}: {error}")))?;
        return json::read(&format!("argument {number}, from {file},"), &json, wire);
    }
    let read = json::read(&format!("argument {number}"), text, wire);
    read.map_err(|failure| match json::meant_by_all(all) {
        Some(json) => Failure::Usage(format!("argument {number} is no JSON: {text}; did you mean {json}?")),
        None => failure,
    })
}

fn read_pair(pair: &str, wire: Wire) -> Result<Setting, Failure> {
    let (name, typed) = pair
        .split_once('=')
        .filter(|(name, _)| !name.is_empty())
        .ok_or_else(|| Failure::Usage(format!("--set {pair:?}: write it as NAME=VALUE")))?;
    let is_json = serde_json::from_str::<serde::de::IgnoredAny>(typed).is_ok();
    let value = if is_json { json::read(&format!("--set {name}"), typed, wire)? } else { typed.into() };
    Ok(Setting { name: name.to_owned(), value, typed: typed.to_owned() })
}
