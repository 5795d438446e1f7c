//! `manywire call`, `list` and `describe`: any server's methods from a terminal.

use std::io::{Read as _, Write as _};
use std::process::ExitCode;

use futures_util::StreamExt as _;
use manywire_client::{Answer, Arguments, Client, Options};
use manywire_core::{ErrorKind, RpcError, Value};

use crate::cli::{CallOptions, DescribeOptions, ServerOptions};

/// Why a command did not print an answer.
pub(crate) enum Failure {
    /// What was typed makes no sense.
    Usage(String),
    /// The call failed, here or at the server.
    Rpc(RpcError),
    /// Nobody reads what we print any more.
    Output(std::io::Error),
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
    fn report(self) -> ExitCode {
        let (said, code) = match self {
            Failure::Usage(said) => (said, 2),
            Failure::Output(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {
                return ExitCode::SUCCESS;
            }
            Failure::Output(error) => (format!("cannot print the answer: {error}"), 1),
            Failure::Rpc(error) => match (error.kind(), error.code()) {
                (ErrorKind::Unavailable | ErrorKind::DeadlineExceeded, None) => (error.to_string(), 3),
                (_, None) => (error.to_string(), 1),
                (_, Some(code)) => (format!("{error} (code {code})"), 1),
            },
        };
        eprintln!("manywire: {said}");
        ExitCode::from(code)
    }
}

/// Runs a command to its exit code.
pub(crate) fn run(command: impl Future<Output = Result<(), Failure>>) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return Failure::Usage(format!("cannot start: {error}")).report(),
    };
    match runtime.block_on(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

/// `manywire call`.
pub(crate) async fn call(options: CallOptions) -> Result<(), Failure> {
    let arguments = read_arguments(&options)?;
    let client = connect(&options.server).await?;
    let answer = match client.request(&options.method, arguments).await {
        Ok(answer) => answer,
        Err(error) => return Err(with_hint(&client, &options.method, error).await.into()),
    };
    match answer {
        Answer::Value(value) => print(&value),
        Answer::Stream(mut items) => {
            while let Some(item) = items.next().await {
                print(&item?)?;
            }
            Ok(())
        }
    }
}

/// `manywire list`.
pub(crate) async fn list(options: ServerOptions) -> Result<(), Failure> {
    let names = connect(&options).await?.methods().await?;
    let mut out = std::io::stdout().lock();
    for name in names {
        writeln!(out, "{name}")?;
    }
    Ok(())
}

/// `manywire describe`.
pub(crate) async fn describe(options: DescribeOptions) -> Result<(), Failure> {
    let client = connect(&options.server).await?;
    match client.describe(&options.method).await {
        Ok(text) => Ok(writeln!(std::io::stdout().lock(), "{text}")?),
        Err(error) => Err(with_hint(&client, &options.method, error).await.into()),
    }
}

async fn connect(options: &ServerOptions) -> Result<Client, Failure> {
    let mut metadata = Vec::new();
    for header in &options.header {
        let pair = header.split_once(':').filter(|(key, _)| !key.trim().is_empty());
        let (key, value) =
            pair.ok_or_else(|| Failure::Usage(format!("--header {header:?}: write it as KEY:VALUE")))?;
        metadata.push((key.trim().to_owned(), value.trim().to_owned()));
    }
    if let Some(token) = &options.token {
        let (id, key) = token.pair();
        metadata.extend([("appid".to_owned(), id.to_owned()), ("appkey".to_owned(), key.to_owned())]);
    }
    let client = Options { timeout: Some(options.timeout.0), metadata, ..Options::default() };
    Ok(Client::connect(&options.url, client).await?)
}

fn read_arguments(options: &CallOptions) -> Result<Arguments, Failure> {
    if !options.set.is_empty() {
        return options
            .set
            .iter()
            .map(|pair| read_pair(pair))
            .collect::<Result<_, _>>()
            .map(Arguments::Named);
    }
    let read = |(at, text): (usize, &String)| read_argument(at + 1, text);
    options.arguments.iter().enumerate().map(read).collect::<Result<_, _>>().map(Arguments::Positional)
}

fn read_argument(number: usize, text: &str) -> Result<Value, Failure> {
    let from = |what: &str, error: std::io::Error| {
        Failure::Usage(format!("cannot read argument {number} from {what}: {error}"))
    };
    let read = match text.strip_prefix('@') {
        Some(file) => Some(std::fs::read_to_string(file).map_err(|e| from(file, e))?),
        None if text == "-" => {
            let mut input = String::new();
            std::io::stdin().read_to_string(&mut input).map_err(|e| from("stdin", e))?;
            Some(input)
        }
        None => None,
    };
    let json = read.as_deref().unwrap_or(text);
    serde_json::from_str(json).map_err(|error| {
        let hint = if text.starts_with(['{', '[', '"', '@', '-']) {
            ""
        } else {
            "; text needs quotes of its own: '\"text\"'"
        };
        Failure::Usage(format!("argument {number} is no JSON: {error}{hint}"))
    })
}

fn read_pair(pair: &str) -> Result<(String, Value), Failure> {
    let (name, value) = pair
        .split_once('=')
        .filter(|(name, _)| !name.is_empty())
        .ok_or_else(|| Failure::Usage(format!("--set {pair:?}: write it as NAME=VALUE")))?;
    Ok((name.to_owned(), serde_json::from_str(value).unwrap_or_else(|_| value.into())))
}

fn print(value: &Value) -> Result<(), Failure> {
    let json = serde_json::to_string(value)
        .map_err(|e| Failure::Rpc(RpcError::internal(format!("the answer is no JSON: {e}"))))?;
    Ok(writeln!(std::io::stdout().lock(), "{json}")?)
}

/// Adds the nearest name that the server does have, where it can be asked.
async fn with_hint(client: &Client, method: &str, error: RpcError) -> RpcError {
    if error.kind() != ErrorKind::UnknownMethod || error.message().contains("did you mean") {
        return error;
    }
    let Ok(names) = client.methods().await else { return error };
    let distance = |name: &String| strsim::damerau_levenshtein(&name.to_lowercase(), &method.to_lowercase());
    let near =
        names.iter().min_by_key(|name| distance(name)).filter(|name| distance(name) <= method.len() / 3 + 1);
    match near {
        None => error,
        Some(near) => {
            let hinted = RpcError::new(error.kind(), format!("{error}; did you mean {near}?"));
            error.code().map_or(hinted.clone(), |code| hinted.with_code(code))
        }
    }
}
