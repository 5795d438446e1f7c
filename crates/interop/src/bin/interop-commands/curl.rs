//! `curl`, for JSON over HTTP.

use std::process::{Command, Stdio};

use manywire_interop::answers::{Answer, Call};
use serde_json::{Value as Json, json};

use crate::plain::plain;
use crate::program::{Program, broken_off, file_of};

/// Where `curl` writes what it was told beside the body.
const HEAD: &str = "%{stderr}%{http_code} %{content_type}";

impl Program {
    /// `POST /call/METHOD`, or what the method says itself, as `GET /call/add`.
    pub(crate) fn curl(&self, url: &str, call: &Call) -> Result<Answer, String> {
        let (verb, path) = match call.method.split_once(' ') {
            Some((verb, path)) => (verb, path.to_owned()),
            None => ("POST", format!("/call/{}", call.method)),
        };
        let mut command = Command::new(&self.path);
        command.args(["--silent", "--no-buffer", "--globoff", "--write-out", HEAD, "--request", verb]);
        for (key, value) in &call.metadata {
            command.args(["--header", &format!("{key}: {value}")]);
        }
        if verb == "GET" {
            command.arg("--get");
            for (name, value) in call.named.iter().flatten() {
                // All names of the cases but the first word of a query are texts.
                let text = value.as_str().ok_or("a query has texts")?;
                command.args(["--data-urlencode", &format!("{}={text}", escaped(name))]);
            }
            return http(command.arg(format!("{url}{path}")).stdin(Stdio::null()), call);
        }
        if !call.metadata.contains_key("content-type") {
            command.args(["--header", "content-type: application/json"]);
        }
        let content = match &call.named {
            Some(named) => plain(&Json::Object(named.clone()), false)?,
            None => plain(&Json::Array(call.arguments.clone()), false)?,
        };
        let body = file_of(&content.to_string()).map_err(|error| error.to_string())?;
        http(command.args(["--data-binary", "@-", &format!("{url}{path}")]).stdin(body), call)
    }
}

/// `curl` escapes what is behind the first `=` alone.
fn escaped(name: &str) -> String {
    let escape = |byte: u8| match byte {
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    name.bytes().map(escape).collect()
}

fn http(command: &mut Command, call: &Call) -> Result<Answer, String> {
    let child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(|error| error.to_string())?;
    if let Some(take) = call.take {
        return broken_off(child, take);
    }
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    let (head, body) = (String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&output.stdout));
    let (status, content_type) = head.split_once(' ').unwrap_or_default();
    let status: i64 = status.parse().map_err(|_| format!("curl says {head:?}"))?;
    if status >= 400 {
        let told: Json = serde_json::from_str(&body).map_err(|_| format!("{status} {body}"))?;
        return Ok(Answer::Error(http_error(status, &told["error"])));
    }
    if !call.stream {
        return serde_json::from_str(&body).map(Answer::Value).map_err(|_| format!("it printed {body:.200}"));
    }
    let lines: Vec<&str> = match content_type {
        "text/event-stream" => events(&body).collect(),
        _ => body.lines().collect(),
    };
    let items = lines.into_iter().map(serde_json::from_str).collect::<Result<_, _>>();
    items.map(Answer::Items).map_err(|_| format!("it printed {body:.200}"))
}

/// The data of those events that have no name; the last one has.
fn events(body: &str) -> impl Iterator<Item = &str> {
    let unnamed = body.split("\n\n").filter(|event| !event.contains("event: "));
    unnamed.flat_map(|event| event.lines().filter_map(|line| line.strip_prefix("data: ")))
}

/// An error is a text to the adder, and has a kind elsewhere.
fn http_error(status: i64, error: &Json) -> Json {
    match error.as_str() {
        Some(text) => json!({ "text": text, "code": status }),
        None => json!({ "text": error["message"], "code": status, "name": error["kind"] }),
    }
}
