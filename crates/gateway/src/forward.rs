//! One call, handed on.

use std::future::ready;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{FutureExt as _, StreamExt as _, TryStreamExt as _};
use manywire_client::{Answer, Arguments, BytesStream, Client, Wire};
use manywire_core::Head;
use manywire_core::{
    Asked, Dynamic, ErrorKind, Given, Kind, Origin, Requests, RpcError, Told, ToldFuture, Value,
    hand_on_headers,
};

use crate::requests::forwarded;
use crate::upstream::Upstream;

/// Hands the calls of one method on.
pub(crate) struct Forward {
    pub(crate) client: Client,
    pub(crate) upstream: Arc<Upstream>,
    /// What the server calls it.
    pub(crate) name: Arc<str>,
    pub(crate) kind: Kind,
    /// Whether it takes whatever comes.
    pub(crate) is_open: bool,
    /// Whether messages of protocol buffers go on as they come.
    pub(crate) is_message: bool,
    /// Whether only the call itself shows how it answers.
    pub(crate) is_unsure: bool,
}

impl Dynamic for Forward {
    fn call(&self, head: &Head<'_>, asked: Asked) -> ToldFuture {
        let (client, name) = (self.client.clone(), self.name.clone());
        let headers = self.upstream.source.forwarded(head.metadata());
        let told = match asked {
            Asked::Once(Given::Message(message)) => self.message(client, name, message),
            Asked::Once(given) => {
                let arguments = arguments(given, client.url().wire, self.is_open);
                self.once(client, name, arguments)
            }
            // Its messages are those of the server.
            Asked::Stream(requests) if self.is_message && head.wire() == "grpc" => {
                self.messages(client, name, requests)
            }
            Asked::Stream(requests) => self.stream(client, name, requests),
        };
        let told = if headers.is_empty() { told } else { hand_on_headers(headers, told).boxed() };
        let upstream = self.upstream.clone();
        told.map(move |told| {
            upstream.health.note(&told);
            told.map_err(passed_on)
        })
        .boxed()
    }
}

impl Forward {
    fn once(&self, client: Client, name: Arc<str>, arguments: Arguments) -> ToldFuture {
        let (answers_stream, is_unsure) = (self.kind.answers_stream(), self.is_unsure);
        async move {
            if answers_stream {
                let items = client.stream(&name, arguments).await?;
                return Ok(Told::Stream(items.map_err(passed_on).boxed()));
            }
            if !is_unsure {
                return client.call(&name, arguments).await.map(Told::Once);
            }
            match client.request(&name, arguments).await? {
                Answer::Value(value) => Ok(Told::Once(value)),
                Answer::Stream(_) => Err(is_stream(&name)),
            }
        }
        .boxed()
    }

    /// A message of protocol buffers goes to a server of gRPC as it is, and so do its answers.
    fn message(&self, client: Client, name: Arc<str>, message: Bytes) -> ToldFuture {
        let answers_stream = self.kind.answers_stream();
        async move {
            let answers = client.message(&name, message).await?;
            if answers_stream { Ok(told_many(answers)) } else { told_once(answers, &name).await }
        }
        .boxed()
    }

    fn messages(&self, client: Client, name: Arc<str>, requests: Requests<Given>) -> ToldFuture {
        let (requests, mut broken) = forwarded(requests);
        let requests = requests.filter_map(|given| {
            ready(match given {
                Given::Message(message) => Some(message),
                _ => None,
            })
        });
        if self.kind.answers_stream() {
            return async move {
                let answers = client.exchange_messages(&name, requests).await?;
                Ok(told_many(broken.ending(answers).boxed()))
            }
            .boxed();
        }
        async move {
            let answer = async {
                let answers = client.exchange_messages(&name, requests).await?;
                told_once(answers, &name).await
            };
            broken.or(answer).await
        }
        .boxed()
    }

    fn stream(&self, client: Client, name: Arc<str>, requests: Requests<Given>) -> ToldFuture {
        let (requests, mut broken) = forwarded(requests);
        let requests = requests.map(one);
        if self.kind.answers_stream() {
            return async move {
                let answers = client.exchange(&name, requests).await?;
                Ok(Told::Stream(broken.ending(answers.map_err(passed_on)).boxed()))
            }
            .boxed();
        }
        async move {
            let answer = client.send(&name, requests);
            broken.or(answer.map(|answer| answer.map(Told::Once))).await
        }
        .boxed()
    }
}

fn told_many(answers: BytesStream) -> Told {
    Told::Messages(answers.map_err(passed_on).boxed())
}

async fn told_once(mut answers: BytesStream, name: &str) -> Result<Told, RpcError> {
    let wrong = || RpcError::internal(format!("{name} did not answer with one message"));
    let answer = answers.try_next().await?.ok_or_else(wrong)?;
    // The status comes after the answer, and may yet be an error.
    match answers.try_next().await? {
        None => Ok(Told::Message(answer)),
        Some(_) => Err(wrong()),
    }
}

/// One of a stream of requests, which are records.
fn one(given: Given) -> Value {
    match given {
        Given::One(value) => value,
        Given::Named(pairs) => Value::Map(pairs),
        Given::Positional(values) if values.is_empty() => Value::Map(Vec::new()),
        Given::Positional(values) => Value::Array(values),
        Given::Message(message) => Value::Bytes(message.into()),
    }
}

/// A name that is not known goes on as it came.
pub(crate) struct PassThrough {
    /// Those with a prefix before the one without.
    pub(crate) upstreams: Vec<Arc<Upstream>>,
}

impl Dynamic for PassThrough {
    fn call(&self, head: &Head<'_>, asked: Asked) -> ToldFuture {
        let called = head.method();
        let found = self.upstreams.iter().find_map(|upstream| match &upstream.source.prefix {
            Some(prefix) => Some((upstream, called.strip_prefix(prefix.as_str())?.strip_prefix('.')?)),
            None => Some((upstream, called)),
        });
        let Some((upstream, name)) = found else {
            let error = RpcError::new(ErrorKind::UnknownMethod, format!("no method {called}"));
            return ready(Err(error)).boxed();
        };
        let (upstream, client, name) = (upstream.clone(), upstream.known().client.clone(), name.into());
        Forward {
            client,
            upstream,
            name,
            kind: Kind::Unary,
            is_open: true,
            is_message: false,
            is_unsure: true,
        }
        .call(head, asked)
    }
}

/// What a call was given, as the client takes it.
fn arguments(given: Given, wire: Wire, is_open: bool) -> Arguments {
    let takes_one = matches!(wire, Wire::Gob | Wire::Jsonrpc1 | Wire::Grpc);
    match given {
        Given::Positional(values) => Arguments::Positional(values),
        Given::One(value) if takes_one || !is_open => match value {
            Value::Map(pairs) if takes_one => by_name(pairs).map_or_else(Arguments::from, Arguments::Record),
            value => Arguments::Positional(vec![value]),
        },
        // What takes several parameters is given them in a list, or by name.
        Given::One(Value::Array(values)) => Arguments::Positional(values),
        Given::One(Value::Map(pairs)) | Given::Named(pairs) if is_open => {
            by_name(pairs).map_or_else(Arguments::from, Arguments::Named)
        }
        Given::One(value) => Arguments::Positional(vec![value]),
        // Messages go on as they are, and come here only where there is no server of gRPC.
        Given::Message(message) => Arguments::Positional(vec![Value::Bytes(message.into())]),
        Given::Named(pairs) => by_name(pairs).map_or_else(Arguments::from, Arguments::Record),
    }
}

/// The pairs by their names, or all of them as one parameter where a key is no text.
fn by_name(pairs: Vec<(Value, Value)>) -> Result<Vec<(String, Value)>, Vec<Value>> {
    if pairs.iter().any(|(key, _)| key.as_str().is_none()) {
        return Err(vec![Value::Map(pairs)]);
    }
    let name = |(key, value)| match key {
        Value::String(name) => Some((name, value)),
        _ => None,
    };
    Ok(pairs.into_iter().filter_map(name).collect())
}

/// An error of the server's is passed on as it is. One on the way to it is the gateway's own to its callers.
fn passed_on(error: RpcError) -> RpcError {
    match error.origin() {
        Origin::Server => error,
        _ => error.with_origin(Origin::Server),
    }
}

fn is_stream(name: &str) -> RpcError {
    let message = format!(
        "{name} answers with a stream, which its server does not tell beforehand; start the gateway with --method '{name}(...) -> stream of any'"
    );
    RpcError::new(ErrorKind::Unsupported, message)
}
