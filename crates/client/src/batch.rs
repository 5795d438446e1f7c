//! Many calls at once, by the wire's own batch where it has one, else one after the other without waiting.

use std::sync::Arc;

use futures_util::future::join_all;
use futures_util::{StreamExt as _, stream};
use manywire_core::{ErrorKind, RpcError, Value};

use crate::connection::{Connection, WireClient};
use crate::{Arguments, Client};

/// What each call of a batch came to.
pub type Outcomes = Vec<Result<Value, RpcError>>;

/// Calls in flight at one time where each one is a request of its own.
const AT_ONCE: usize = 64;

impl Client {
    /// Makes many calls and returns their outcomes in the same order. They may run side by side, and are all sent to one
    /// server: as JSON-RPC batches, XML-RPC multicalls, or pipelined. The outer error means that none was answered.
    pub async fn batch(&self, calls: Vec<(String, Arguments)>) -> Result<Outcomes, RpcError> {
        let (calls, limit) = (&calls, self.batch_limit());
        let batch = |connection: Arc<Connection>| async move {
            let mut outcomes = Vec::with_capacity(calls.len());
            for part in calls.chunks(connection.batch_limit(limit)) {
                match connection.batch(part).await {
                    Ok(answers) => outcomes.extend(answers),
                    Err(error) if outcomes.is_empty() => return Err(error),
                    // What the parts before came to must not be lost, and they must not run again.
                    Err(error) => {
                        outcomes.resize(calls.len(), Err(error));
                        break;
                    }
                }
            }
            Ok(outcomes)
        };
        self.attempt(batch).await.map(|(outcomes, _)| outcomes)
    }
}

impl Connection {
    /// How many calls may go together, of which a server takes so many in one batch.
    fn batch_limit(&self, limit: usize) -> usize {
        match &self.client {
            WireClient::Jsonrpc(_) | WireClient::Xmlrpc(_) => limit,
            _ => usize::MAX,
        }
    }

    async fn batch(&self, calls: &[(String, Arguments)]) -> Result<Outcomes, RpcError> {
        match &self.client {
            WireClient::Netrpc(client) => {
                let mut started = Vec::with_capacity(calls.len());
                for (method, arguments) in calls {
                    let argument = self.one(method, arguments.clone()).await;
                    started.push(argument.map(|argument| client.start(method, argument)));
                }
                // All are started before the first is waited for.
                let mut outcomes = Vec::with_capacity(started.len());
                for call in started {
                    outcomes.push(match call {
                        Ok(pending) => pending.await,
                        Err(error) => Err(error),
                    });
                }
                sent(outcomes)
            }
            WireClient::Jsonrpc(client) => {
                let entries = calls.iter().map(|(method, arguments)| (&**method, arguments.clone().into()));
                client.batch(entries.collect()).await
            }
            WireClient::Xmlrpc(client) => match self.lists(calls).await {
                None => self.one_by_one(calls).await,
                Some(lists) => {
                    let entries = calls.iter().zip(lists).map(|((method, _), list)| (&**method, list));
                    match client.multicall(entries).await {
                        // Python's server has multicall only where it was asked for.
                        Err(error) if error.kind() == ErrorKind::UnknownMethod => {
                            self.one_by_one(calls).await
                        }
                        outcomes => outcomes,
                    }
                }
            },
            WireClient::Zerorpc(client) => {
                let call = |(method, arguments): &(String, Arguments)| {
                    let (client, method, arguments) = (client.clone(), method.clone(), arguments.clone());
                    async move { client.call(&method, self.list(&method, arguments).await?).await }
                };
                sent(join_all(calls.iter().map(call)).await)
            }
            WireClient::Post(_) | WireClient::Grpc(_) => self.one_by_one(calls).await,
        }
    }

    /// The arguments of every call by position; none where those of one cannot be placed, which is that call's error alone.
    async fn lists(&self, calls: &[(String, Arguments)]) -> Option<Vec<Vec<Value>>> {
        let mut lists = Vec::with_capacity(calls.len());
        for (method, arguments) in calls {
            lists.push(self.list(method, arguments.clone()).await.ok()?);
        }
        Some(lists)
    }

    /// Each call as a request of its own, many at a time.
    async fn one_by_one(&self, calls: &[(String, Arguments)]) -> Result<Outcomes, RpcError> {
        let call = |(method, arguments): &(String, Arguments)| {
            let (method, arguments) = (method.clone(), arguments.clone());
            async move { self.call(&method, arguments, None).await }
        };
        sent(stream::iter(calls.iter().map(call)).buffered(AT_ONCE).collect().await)
    }
}

/// The outcomes, unless not one of the calls reached the server: then all of them may be made again.
fn sent(outcomes: Outcomes) -> Result<Outcomes, RpcError> {
    let unsent = |outcome: &Result<Value, RpcError>| outcome.as_ref().is_err_and(RpcError::is_unsent);
    match outcomes.first() {
        Some(Err(first)) if outcomes.iter().all(unsent) => Err(first.clone()),
        _ => Ok(outcomes),
    }
}
