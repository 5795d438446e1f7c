//! How each program is called, and what it prints.

use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use manywire_interop::answers::{Answer, Call, url};
use serde_json::{Value as Json, json};

use crate::plain::plain;

/// A program that makes one call and ends.
pub(crate) struct Program {
    pub(crate) path: String,
    kind: Kind,
}

enum Kind {
    /// `manywire call URL METHOD [JSON…]`
    Manywire { url: String, is_protobuf: bool },
    /// `curl URL`, with the body on stdin.
    Curl { url: String },
    /// `grpcurl -plaintext -d @ ADDRESS METHOD`, with the requests on stdin.
    Grpcurl { address: String },
}

/// The longest text that Linux takes as one argument is 128 KiB.
const LONGEST_ARGUMENT: usize = 100_000;

impl Program {
    pub(crate) fn new(path: &str, wire: &str, address: &str) -> Option<Self> {
        let program = Path::new(path).file_name()?.to_str()?;
        let kind = match program {
            "manywire" => Kind::Manywire { url: url(wire, address)?, is_protobuf: wire == "grpc" },
            "grpcurl" if wire == "grpc" => Kind::Grpcurl { address: address.to_owned() },
            "curl" if wire == "http" => Kind::Curl { url: format!("http://{address}") },
            _ => return None,
        };
        Some(Self { path: path.to_owned(), kind })
    }

    /// Makes a call.
    pub(crate) fn answer(&self, call: &Call) -> Answer {
        let made = match &self.kind {
            Kind::Manywire { url, is_protobuf } => self.manywire(url, *is_protobuf, call),
            Kind::Grpcurl { address } => self.grpcurl(address, call),
            Kind::Curl { url } => self.curl(url, call),
        };
        made.unwrap_or_else(Answer::Cannot)
    }

    fn manywire(&self, url: &str, is_protobuf: bool, call: &Call) -> Result<Answer, String> {
        if call.requests.is_some() && call.take.is_some() {
            return Err("manywire call sends its requests and no more".into());
        }
        let mut command = Command::new(&self.path);
        command.args([
            "call",
            "--json-errors",
            "--timeout",
            &format!("{}ms", call.deadline_ms.unwrap_or(30_000)),
        ]);
        for (key, value) in &call.metadata {
            command.args(["-H", &format!("{key}:{value}")]);
        }
        let named: Vec<String> = match &call.named {
            None => Vec::new(),
            Some(named) => {
                let pair = |(name, value)| Ok(format!("--set={name}={}", plain(value, is_protobuf)?));
                named.iter().map(pair).collect::<Result<_, String>>()?
            }
        };
        command.args(named).args([url, &call.method, "--"]);
        // Removed when the call is over.
        let mut files = Vec::new();
        for value in call.requests.as_ref().unwrap_or(&call.arguments) {
            let text = plain(value, is_protobuf)?.to_string();
            if text.len() > LONGEST_ARGUMENT {
                let mut file = tempfile::NamedTempFile::new().map_err(|error| error.to_string())?;
                file.write_all(text.as_bytes()).map_err(|error| error.to_string())?;
                command.arg(format!("@{}", file.path().display()));
                files.push(file);
            } else {
                command.arg(text);
            }
        }
        run(command.stdin(Stdio::null()), call, manywire_error)
    }

    fn grpcurl(&self, address: &str, call: &Call) -> Result<Answer, String> {
        let mut command = Command::new(&self.path);
        command.args(["-plaintext", "-format-error", "-max-msg-sz", "16777216", "-d", "@"]);
        for (key, value) in &call.metadata {
            command.args(["-H", &format!("{key}: {value}")]);
        }
        if let Some(deadline) = call.deadline_ms {
            command.args(["-max-time", &format!("{}", deadline as f64 / 1_000.0)]);
        }
        let mut input = String::new();
        for request in call.requests.as_ref().unwrap_or(&call.arguments) {
            input += &format!("{}\n", plain(request, true)?);
        }
        command.args([address, &call.method]);
        if call.take.is_none() || call.requests.is_none() {
            let input = file_of(&input).map_err(|error| error.to_string())?;
            return run(command.stdin(input), call, grpcurl_error);
        }
        // Standard input stays open for as long as the stream is read.
        run_held(command.stdin(Stdio::piped()), &input, call)
    }
}

/// A file without a name, to be read from its start.
pub(crate) fn file_of(text: &str) -> std::io::Result<Stdio> {
    let mut file = tempfile::tempfile()?;
    file.write_all(text.as_bytes())?;
    file.seek(SeekFrom::Start(0))?;
    Ok(file.into())
}

fn run(command: &mut Command, call: &Call, error: fn(&str) -> Json) -> Result<Answer, String> {
    let child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(|error| error.to_string())?;
    if let Some(take) = call.take {
        return broken_off(child, take);
    }
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        let mut told = error(&String::from_utf8_lossy(&output.stderr));
        told["exit"] = json!(output.status.code());
        return Ok(Answer::Error(told));
    }
    let items: Result<Vec<Json>, _> =
        serde_json::Deserializer::from_slice(&output.stdout).into_iter().collect();
    Ok(match (items, call.stream) {
        (Ok(items), true) => Answer::Items(items),
        (Ok(mut items), false) if items.len() == 1 => Answer::Value(items.remove(0)),
        _ => {
            let printed = String::from_utf8_lossy(&output.stdout);
            Answer::Error(json!({ "text": format!("it printed {printed:.200}") }))
        }
    })
}

fn run_held(command: &mut Command, input: &str, call: &Call) -> Result<Answer, String> {
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().map_err(|error| error.to_string())?;
    let stdin = child.stdin.take();
    if let Some(mut stdin) = stdin.as_ref() {
        stdin.write_all(input.as_bytes()).map_err(|error| error.to_string())?;
    }
    let answer = broken_off(child, call.take.unwrap_or(0));
    drop(stdin);
    answer
}

/// Reads so many items and ends the program in the middle of its stream.
pub(crate) fn broken_off(mut child: Child, take: usize) -> Result<Answer, String> {
    let stdout = child.stdout.take().map(|stdout| BufReader::new(stdout.take(1 << 24)));
    let mut items = Vec::new();
    let mut text = String::new();
    for line in stdout.into_iter().flat_map(|stdout| stdout.lines().map_while(Result::ok)) {
        text += &line;
        // grpcurl prints an object over several lines.
        if let Ok(item) = serde_json::from_str(&text) {
            items.push(item);
            text.clear();
        }
        if items.len() == take {
            break;
        }
    }
    let ended = child.kill().and_then(|()| child.wait()).map_err(|error| error.to_string());
    ended.map(|_| Answer::Items(items))
}

/// What `--json-errors` prints.
fn manywire_error(stderr: &str) -> Json {
    match serde_json::from_str::<Json>(stderr) {
        Ok(error) => {
            let name = if error["name"].is_null() { &error["kind"] } else { &error["name"] };
            json!({ "text": error["message"], "code": error["code"], "name": name })
        }
        Err(_) => json!({ "text": stderr.trim_end() }),
    }
}

/// A `google.rpc.Status` in JSON.
fn grpcurl_error(stderr: &str) -> Json {
    match serde_json::from_str::<Json>(stderr) {
        Ok(status) => {
            let code = status["code"].as_i64();
            let name = (code == Some(4)).then_some("deadline_exceeded");
            json!({ "text": status["message"], "code": code, "name": name })
        }
        Err(_) => json!({ "text": stderr.trim_end() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_read_as_they_are_printed() {
        let error = r#"{"kind":"failed","message":"no (way)","code":-32601,"name":null,"data":null,"wire":"jsonrpc"}"#;
        assert_eq!(manywire_error(error), json!({"text": "no (way)", "code": -32601, "name": "failed"}));
        let error =
            r#"{"kind":"failed","message":"text","code":null,"name":"OSError","data":{},"wire":"zerorpc"}"#;
        assert_eq!(manywire_error(error), json!({"text": "text", "code": null, "name": "OSError"}));
        assert_eq!(manywire_error("panicked\n"), json!({"text": "panicked"}));
        let status = "{\n  \"code\": 3,\n  \"message\": \"no\"\n}\n";
        assert_eq!(grpcurl_error(status), json!({"text": "no", "code": 3, "name": null}));
        assert_eq!(grpcurl_error("Failed to dial\n"), json!({"text": "Failed to dial"}));
    }
}
