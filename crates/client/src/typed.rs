//! Calls whose arguments and answers have types of the caller's.

use std::future::ready;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::stream::{self, Stream};
use futures_util::{StreamExt as _, TryStreamExt as _};
use manywire_core::{Origin, RpcError, Value, from_value};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Arguments, Client, Items};

/// A stream of answers.
pub type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, RpcError>> + Send>>;

impl Client {
    /// Calls a method that answers once.
    pub async fn call_as<R: DeserializeOwned>(
        &self,
        method: &str,
        arguments: impl Into<Arguments>,
    ) -> Result<R, RpcError> {
        read(method, self.call(method, arguments).await?)
    }

    /// Calls a method that answers with a stream.
    pub async fn stream_as<R: DeserializeOwned + Send + 'static>(
        &self,
        method: &str,
        arguments: impl Into<Arguments>,
    ) -> Result<Answers<R>, RpcError> {
        Ok(read_each(method, self.stream(method, arguments).await?))
    }

    /// Sends a stream of requests and waits for the one answer: gRPC only.
    pub async fn send_as<A: Serialize, R: DeserializeOwned>(
        &self,
        method: &str,
        requests: impl Stream<Item = A> + Send + 'static,
    ) -> Result<R, RpcError> {
        let unsendable = Unsendable::default();
        let answer = self.send(method, encoded(requests, unsendable.clone())).await;
        unsendable.take().map_or(Ok(()), Err)?;
        read(method, answer?)
    }

    /// Sends a stream of requests while the answers come: gRPC only. A request that cannot be encoded ends them, and is the
    /// last of the answers.
    pub async fn exchange_as<A: Serialize, R: DeserializeOwned + Send + 'static>(
        &self,
        method: &str,
        requests: impl Stream<Item = A> + Send + 'static,
    ) -> Result<Answers<R>, RpcError> {
        let unsendable = Unsendable::default();
        let answers = self.exchange(method, encoded(requests, unsendable.clone())).await?;
        let error = stream::once(async move { unsendable.take() }).filter_map(|error| ready(error.map(Err)));
        Ok(Box::pin(read_each(method, answers).chain(error)))
    }
}

/// Why a request could not be encoded, told to who reads the answers.
#[derive(Clone, Default)]
struct Unsendable(Arc<Mutex<Option<RpcError>>>);

impl Unsendable {
    fn set(&self, error: RpcError) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }

    fn take(&self) -> Option<RpcError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The requests as values, up to the first that cannot be one.
fn encoded<A: Serialize>(
    requests: impl Stream<Item = A> + Send + 'static,
    unsendable: Unsendable,
) -> impl Stream<Item = Value> + Send + 'static {
    let encode =
        move |request: A| Arguments::value("a request", &request).map_err(|error| unsendable.set(error)).ok();
    requests.map(encode).take_while(|value| ready(value.is_some())).filter_map(ready)
}

fn read<R: DeserializeOwned>(method: &str, answer: Value) -> Result<R, RpcError> {
    from_value(answer).map_err(|error| {
        let message = format!("the answer of {method} has another type than expected: {error}");
        RpcError::arose(Origin::Protocol, message)
    })
}

fn read_each<R: DeserializeOwned + Send + 'static>(method: &str, items: Items) -> Answers<R> {
    let method = method.to_owned();
    Box::pin(items.and_then(move |item| ready(read(&method, item))))
}
