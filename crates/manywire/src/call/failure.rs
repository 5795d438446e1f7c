//! Why a command did not print an answer, in a line on stderr and an exit code.

use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use manywire_core::{ErrorKind, RpcError};

use super::print::harmless;

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
        match error.kind() {
            // No server gave it a code: the URL is what is wrong, or the wire cannot do it.
            ErrorKind::InvalidRequest | ErrorKind::Unsupported if error.code().is_none() => {
                Self::Usage(error.to_string())
            }
            _ => Self::Rpc(error),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Output(error)
    }
}

impl Failure {
    /// Says what happened on stderr, and what the exit code is.
    pub(crate) fn report(self) -> ExitCode {
        let (said, code) = match self {
            Failure::Usage(said) => (said, 2),
            Failure::Output(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {
                return ExitCode::SUCCESS;
            }
            Failure::Output(error) => (format!("cannot print the answer: {error}"), 1),
            Failure::Local(said) => (said, 1),
            // What a shell says of a program that the signal ended.
            Failure::Signal(number) => return ExitCode::from(128 + number),
            Failure::Rpc(error) => match (error.kind(), error.code()) {
                (ErrorKind::Unavailable | ErrorKind::DeadlineExceeded, None) => (error.to_string(), 3),
                (_, None) => (error.to_string(), 1),
                (_, Some(code)) => (format!("{error} (code {code})"), 1),
            },
        };
        anstream::eprintln!("{NAME}manywire:{NAME:#} {}", harmless(&said));
        ExitCode::from(code)
    }
}
