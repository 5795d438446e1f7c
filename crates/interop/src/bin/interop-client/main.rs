//! Our Rust client, as `scripts/interop` runs it: `interop-client WIRE ADDRESS`.

mod values;

use std::process::ExitCode;
use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use manywire_client::{Answer as Called, Arguments, Client, Items, MethodKind, Options};
use manywire_core::{RpcError, Value};
use manywire_interop::answers::{Answer, Call, answer_each, url};
use serde_json::{Value as Json, json};

use crate::values::{from_tagged, to_tagged};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let url = match &arguments[..] {
        [wire, address] => url(wire, address),
        _ => None,
    };
    let Some(url) = url else {
        eprintln!("interop-client: give it a wire and an address");
        return ExitCode::from(2);
    };
    match run(&url) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("interop-client: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(url: &str) -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let client = runtime.block_on(Client::connect(url, Options::default()))?;
    answer_each(|call| {
        let called = runtime.block_on(make(&client, url, call));
        called.unwrap_or_else(|error| Answer::Error(told(&error)))
    })?;
    Ok(())
}

async fn make(client: &Client, url: &str, call: &Call) -> Result<Answer, RpcError> {
    let mut client = client.clone();
    if !call.metadata.is_empty() {
        let metadata = call.metadata.clone().into_iter().collect();
        client = Client::connect(url, Options { metadata, ..Options::default() }).await?;
    }
    client = client.with_timeout(call.deadline_ms.map(Duration::from_millis));
    if let Some(requests) = &call.requests {
        return exchange(&client, call, requests).await;
    }
    let arguments = match &call.named {
        Some(named) => {
            let read = |(name, value): (&String, &Json)| Ok((name.clone(), from_tagged(value)?));
            Arguments::Named(named.iter().map(read).collect::<Result<_, RpcError>>()?)
        }
        None => Arguments::Positional(call.arguments.iter().map(from_tagged).collect::<Result<_, _>>()?),
    };
    Ok(match client.request(&call.method, arguments).await? {
        Called::Value(value) => Answer::Value(to_tagged(&value)),
        Called::Stream(items) => Answer::Items(collect(items, call.take).await?),
    })
}

/// Sends a stream of requests. One that is broken off is held open until then.
async fn exchange(client: &Client, call: &Call, requests: &[Json]) -> Result<Answer, RpcError> {
    let requests: Vec<Value> = requests.iter().map(from_tagged).collect::<Result<_, _>>()?;
    let requests = stream::iter(requests);
    if client.kind_of(&call.method) == Some(MethodKind::ClientStream) {
        return Ok(Answer::Value(to_tagged(&client.send(&call.method, requests).await?)));
    }
    let items = match call.take {
        None => client.exchange(&call.method, requests).await?,
        Some(_) => client.exchange(&call.method, requests.chain(stream::pending())).await?,
    };
    Ok(Answer::Items(collect(items, call.take).await?))
}

async fn collect(items: Items, take: Option<usize>) -> Result<Vec<Json>, RpcError> {
    items.take(take.unwrap_or(usize::MAX)).map_ok(|item| to_tagged(&item)).try_collect().await
}

fn told(error: &RpcError) -> Json {
    let name = error.name().unwrap_or(error.kind().as_str());
    json!({ "text": error.message(), "code": error.code(), "name": name })
}
