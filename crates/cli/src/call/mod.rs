//! The program as a client of any server: `call`, `list`, `describe` and `export`.
//!
//! Reading order: `url.rs` and `connect.rs`, from options to a client; `arguments.rs`, `json.rs`, `tagged.rs`, `typed.rs` and `feed.rs`,
//! from what was typed to requests; this file and `export.rs`, the commands; `print.rs` and `repeat.rs`, what comes of them; `failure.rs` and `nearest.rs`, what is said when
//! nothing does.

mod arguments;
pub(crate) mod connect;
mod export;
mod failure;
mod feed;
mod interrupt;
mod json;
mod nearest;
mod print;
mod repeat;
mod tagged;
mod typed;
mod url;

use std::process::ExitCode;

use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt as _, TryStreamExt as _};
use manywire_client::{Answer, Arguments, Client, Items, Listed, MethodKind};
use manywire_core::{ErrorKind, Kind, Value};

pub(crate) use connect::Session;
pub(crate) use export::export;
pub(crate) use failure::{Failure, Report};
pub(crate) use feed::{Feed, Give, feed};
pub(crate) use interrupt::until_interrupted;
pub(crate) use print::print;

use crate::cli::{CallOptions, DescribeOptions, ListOptions};
use arguments::Given;

/// Runs a command to its exit code.
pub(crate) fn run(report: &Report, command: impl Future<Output = Result<(), Failure>>) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(command),
        Err(error) => Err(Failure::Local(format!("cannot start: {error}"))),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => report.failed(&failure),
    }
}

/// `manywire call`.
pub(crate) async fn call(options: CallOptions) -> Result<(), Failure> {
    let session = Session::plan(&options.server)?;
    let given = Given::read(&options, session.url().wire)?;
    session.run(async |client| asked(client, &options, given).await).await
}

async fn asked(client: &Client, options: &CallOptions, given: Given) -> Result<(), Failure> {
    let method = &options.method;
    let outcome = match client.kind_of(method) {
        Some(MethodKind::ClientStream | MethodKind::TwoWay) if given.is_on_stdin() => {
            streamed(client, options, given).await
        }
        _ if options.notify => {
            let arguments = given.whole(client, method).await?;
            client.notify(method, arguments).await.map_err(Failure::from)
        }
        _ => {
            let arguments = given.whole(client, method).await?;
            match options.repeat {
                None => once(client, method, arguments).await,
                Some(times) => repeat::calls(client, method, &arguments, times).await,
            }
        }
    };
    match outcome {
        Err(Failure::Rpc(error)) if error.kind() == ErrorKind::UnknownMethod => {
            Err(nearest::hinted(client, method, error).await.into())
        }
        outcome => outcome,
    }
}

/// Calls, and prints what comes.
async fn once(client: &Client, method: &str, arguments: Arguments) -> Result<(), Failure> {
    match client.request(method, arguments).await? {
        Answer::Value(value) => print::answer(&value),
        Answer::Stream(items) => until_interrupted(print_items(items)).await,
    }
}

async fn print_items(mut items: Items) -> Result<(), Failure> {
    while let Some(item) = items.try_next().await? {
        print(&item)?;
    }
    Ok(())
}

/// Sends the arguments to a method of gRPC, and what stdin has as it comes.
async fn streamed(client: &Client, options: &CallOptions, given: Given) -> Result<(), Failure> {
    if options.repeat.is_some() {
        return Err(Failure::Usage("--repeat cannot read stdin more than once".to_owned()));
    }
    let (before, after) = given.around_stdin();
    let Feed { requests, failed, wait } = feed(json::each_of_stdin);
    let requests: BoxStream<'static, Value> =
        stream::iter(before).chain(requests).chain(stream::iter(after)).boxed();
    let method = &options.method;
    let talk = async {
        if client.kind_of(method) == Some(MethodKind::ClientStream) {
            // Whoever types has all the time in the world; the limit is for the server.
            let client = client.with_timeout(None);
            return tokio::select! {
                failure = wait.too_long(options.server.timeout.0, client.url()) => Err(failure),
                answer = client.send(method, requests) => print::answer(&answer?),
            };
        }
        print_items(client.exchange(method, requests).await?).await
    };
    until_interrupted(async {
        tokio::select! {
            // What cannot be sent cancels the call; to end the requests would say that they are complete.
            failure = failed => Err(failure),
            outcome = talk => outcome,
        }
    })
    .await
}

/// `manywire list`.
pub(crate) async fn list(options: ListOptions) -> Result<(), Failure> {
    let session = Session::plan(&options.server)?;
    let names = async |client: &Client| client.list().await.map_err(Failure::from);
    print::lines(session.run(names).await?.into_iter().map(listed))
}

/// A method's name, and its kind if that is not the usual one.
fn listed(Listed { name, kind }: Listed) -> String {
    let kind = match kind {
        None | Some(Kind::Unary) => return name,
        Some(Kind::ServerStream) => "a stream of answers",
        Some(Kind::ClientStream) => "a stream of requests",
        Some(Kind::TwoWay) => "streams both ways",
    };
    format!("{name}  ({kind})")
}

/// `manywire describe`.
pub(crate) async fn describe(options: DescribeOptions) -> Result<(), Failure> {
    let session = Session::plan(&options.server)?;
    let text = session.run(async |client: &Client| match client.describe(&options.method).await {
        Ok(text) => Ok(text),
        Err(error) => Err(nearest::hinted(client, &options.method, error).await.into()),
    });
    print::lines(text.await?.lines())
}
