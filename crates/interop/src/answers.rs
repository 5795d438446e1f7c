//! The client's side of `scripts/interop`: calls as lines of JSON on standard input, an answer for each on standard output.

use std::collections::BTreeMap;
use std::io::{self, BufRead as _, Write as _};

use serde::Deserialize;
use serde_json::{Value as Json, json};

/// One call that a client is to make.
#[derive(Debug, Deserialize)]
pub struct Call {
    /// Goes back with the answer.
    pub id: u64,
    /// The method by name.
    pub method: String,
    /// The arguments, one after the other, in tagged JSON.
    pub arguments: Vec<Json>,
    /// The arguments by name.
    pub named: Option<serde_json::Map<String, Json>>,
    /// A stream of requests.
    pub requests: Option<Vec<Json>>,
    /// Whether a stream of answers is expected.
    #[serde(default)]
    pub stream: bool,
    /// After how many items the stream is broken off, and the requests too.
    pub take: Option<usize>,
    /// Metadata of gRPC, headers of HTTP.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
    /// How long the call may take.
    pub deadline_ms: Option<u64>,
}

/// Where our own clients reach a wire, by the name that it has in the cases.
pub fn url(wire: &str, address: &str) -> Option<String> {
    let (scheme, path) = match wire {
        "gob" => ("gob+tcp", ""),
        "gob-http" => ("gob+http", ""),
        "jsonrpc1" => ("jsonrpc1+tcp", ""),
        "jsonrpc1-http" => ("jsonrpc1+http", "/jsonrpc"),
        "jsonrpc" => ("jsonrpc+http", ""),
        "jsonrpc-ws" => ("jsonrpc+ws", ""),
        "xmlrpc" => ("xmlrpc+http", "/RPC2"),
        "zerorpc" => ("zerorpc+tcp", ""),
        "grpc" | "grpc-plain" => ("grpc+http", ""),
        _ => return None,
    };
    Some(format!("{scheme}://{address}{path}"))
}

/// What came of a call.
#[derive(Debug)]
pub enum Answer {
    /// One value.
    Value(Json),
    /// The items of a stream.
    Items(Vec<Json>),
    /// An error with `text`, and perhaps `code` and `name`.
    Error(Json),
    /// The client has no way to make this call, and why.
    Cannot(String),
}

/// Says that the client is there, and answers each call until there are no more.
pub fn answer_each(mut answer: impl FnMut(&Call) -> Answer) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "READY")?;
    out.flush()?;
    for line in io::stdin().lock().lines() {
        let call: Call = serde_json::from_str(&line?)?;
        let (kind, content) = match answer(&call) {
            Answer::Value(value) => ("value", value),
            Answer::Items(items) => ("items", Json::Array(items)),
            Answer::Error(error) => ("error", error),
            Answer::Cannot(why) => ("cannot", json!(why)),
        };
        writeln!(out, "{}", json!({ "id": call.id, kind: content }))?;
        out.flush()?;
    }
    Ok(())
}

/// The tag of a value, and what it holds: `("$int", "5")`.
pub fn tag(value: &Json) -> Option<(&str, &Json)> {
    let object = value.as_object().filter(|object| object.len() == 1)?;
    object.iter().next().map(|(key, value)| (key.as_str(), value)).filter(|(key, _)| key.starts_with('$'))
}
