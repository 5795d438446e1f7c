//! Why a command did not print an answer, on stderr and in an exit code.

use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use manywire_client::{Url, Wire};
use manywire_core::{Origin, RpcError, Value};
use serde::Serialize;

use super::print::harmless;
use crate::cli::ServerOptions;

const NAME: Style = AnsiColor::Red.on_default().bold();

/// Why a command did not print an answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// What was typed makes no sense.
    Usage(String),
    /// The call failed, here or at the server.
    Rpc(RpcError),
    /// Nobody reads what we print any more.
    Output(std::io::Error),
    /// Something on this machine does not work.
    Local(String),
    /// A signal of this number came.
    Signal(u8),
}

impl From<RpcError> for Failure {
    fn from(error: RpcError) -> Self {
        Self::Rpc(error)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Output(error)
    }
}

/// For who has one line for it.
impl From<Failure> for anyhow::Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Usage(said) | Failure::Local(said) => Self::msg(said),
            Failure::Rpc(error) => error.into(),
            Failure::Output(error) => error.into(),
            Failure::Signal(number) => Self::msg(format!("ended by signal {number}")),
        }
    }
}

impl Failure {
    fn exit_code(&self) -> u8 {
        match self {
            Failure::Usage(_) => 2,
            Failure::Output(_) | Failure::Local(_) => 1,
            // What a shell says of a program that the signal ended.
            Failure::Signal(number) => 128 + number,
            Failure::Rpc(error) => match error.origin() {
                Origin::Usage => 2,
                Origin::Connect | Origin::Lost | Origin::Time => 3,
                _ => 1,
            },
        }
    }
}

/// How failures are told.
pub(crate) struct Report {
    is_json: bool,
    wire: Option<Wire>,
}

impl Report {
    /// As the options ask for.
    pub(crate) fn new(options: &ServerOptions) -> Self {
        let url: Result<Url, RpcError> = options.url.parse();
        Self { is_json: options.json_errors, wire: url.ok().map(|url| url.wire) }
    }

    /// Says what happened on stderr, and what the exit code is.
    pub(crate) fn failed(&self, failure: &Failure) -> ExitCode {
        match failure {
            Failure::Signal(_) => {}
            Failure::Output(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {
                return ExitCode::SUCCESS;
            }
            // Texts alone always encode; of data, what is no JSON is left out.
            _ if self.is_json => {
                eprintln!("{}", serde_json::to_string(&self.told(failure)).unwrap_or_default());
            }
            _ => anstream::eprintln!("{NAME}manywire:{NAME:#} {}", harmless(&self.text(failure))),
        }
        ExitCode::from(failure.exit_code())
    }

    fn text(&self, failure: &Failure) -> String {
        let error = match failure {
            Failure::Rpc(error) => error,
            other => return self.told(other).message,
        };
        let code = error.code().map(|code| format!("code {code}"));
        // Other wires' data is the same once more, in parts.
        let data = error.data().filter(|_| self.wire == Some(Wire::Jsonrpc));
        let data = data.and_then(|data| serde_json::to_string(data).ok()).map(|json| format!("data {json}"));
        let more: Vec<String> = code.into_iter().chain(data).collect();
        if more.is_empty() { error.to_string() } else { format!("{error} ({})", more.join(", ")) }
    }

    fn told<'f>(&self, failure: &'f Failure) -> Told<'f> {
        let (kind, origin, message) = match failure {
            Failure::Rpc(error) => {
                (error.kind().as_str(), error.origin().as_str(), error.message().to_owned())
            }
            Failure::Usage(said) => ("usage", "usage", said.clone()),
            Failure::Local(said) => ("local", "local", said.clone()),
            Failure::Output(error) => ("local", "local", format!("cannot print the answer: {error}")),
            Failure::Signal(number) => ("cancelled", "local", format!("ended by signal {number}")),
        };
        let error = match failure {
            Failure::Rpc(error) => Some(error),
            _ => None,
        };
        Told {
            kind,
            origin,
            message,
            code: error.and_then(RpcError::code),
            name: error.and_then(RpcError::name),
            data: error.and_then(RpcError::data).filter(|data| serde_json::to_string(data).is_ok()),
            wire: self.wire.map(Wire::name),
        }
    }
}

/// A failure as JSON, for programs.
#[derive(Serialize)]
struct Told<'f> {
    /// The kinds of `RpcError`, and `usage` and `local` for what is wrong here.
    kind: &'static str,
    /// Those of `RpcError`, and `local`.
    origin: &'static str,
    message: String,
    code: Option<i64>,
    name: Option<&'f str>,
    data: Option<&'f Value>,
    wire: Option<&'static str>,
}

#[cfg(test)]
mod tests {
    use manywire_core::ErrorKind;

    use super::*;

    #[test]
    fn an_error_is_told_as_text_or_as_json() {
        let error = RpcError::failed("too many").with_code(7).with_data(Value::map([("retry", 3.into())]));
        let failure = Failure::Rpc(error);
        let report = Report { is_json: true, wire: Some(Wire::Jsonrpc) };
        assert_eq!(report.text(&failure), r#"too many (code 7, data {"retry":3})"#);
        assert_eq!(
            serde_json::to_string(&report.told(&failure)).unwrap(),
            r#"{"kind":"failed","origin":"server","message":"too many","code":7,"name":null,"data":{"retry":3},"wire":"jsonrpc"}"#
        );
        let report = Report { is_json: false, wire: None };
        let failure = Failure::from(RpcError::failed("no").with_name("NotImplementedError"));
        assert_eq!(report.text(&failure), "NotImplementedError: no");
    }

    /// Whatever its kind, and whether the server's answer had a code or was a text alone.
    #[test]
    fn where_an_error_arose_decides_the_exit_code() {
        for (origin, code) in [
            (Origin::Server, 1),
            (Origin::Protocol, 1),
            (Origin::Usage, 2),
            (Origin::Connect, 3),
            (Origin::Lost, 3),
            (Origin::Time, 3),
        ] {
            for kind in [ErrorKind::Unavailable, ErrorKind::DeadlineExceeded, ErrorKind::InvalidParams] {
                let error = RpcError::new(kind, "why").with_origin(origin);
                assert_eq!(Failure::from(error).exit_code(), code, "{origin:?} {kind:?}");
            }
        }
    }
}
