//! Many calls at once, by the wire's own batch where it has one, else one after the other without waiting.

use std::sync::Arc;

use futures_util::future::join_all;
use futures_util::{StreamExt as _, stream};
use manywire_core::{ErrorKind, RpcError, Value};

use crate::connection::Connection;
use crate::{Arguments, Client};

/// What each call of a batch came to.
pub type Outcomes = Vec<Result<Value, RpcError>>;

/// Calls in flight at one time where each one is a request of its own.
const AT_ONCE: usize = 64;

impl Client {
    /// Makes many calls and returns their outcomes in the same order. They may run side by side, and are all sent to one
    /// server: as a JSON-RPC batch, an XML-RPC multicall, or pipelined. The outer error means that none was answered.
    pub async fn batch(&self, calls: Vec<(String, Arguments)>) -> Result<Outcomes, RpcError> {
        let (calls, limit) = (&calls, self.batch_limit());
        let batch = |connection: Arc<Connection>| async move {
            match &*connection {
                Connection::Netrpc(client) => {
                    let start = |(method, arguments): (String, Arguments)| {
                        arguments.into_one(&method).map(|argument| client.start(&method, argument))
                    };
                    // All are started before the first is waited for.
                    let started: Vec<_> = calls.iter().cloned().map(start).collect();
                    let mut outcomes = Vec::with_capacity(started.len());
                    for call in started {
                        outcomes.push(match call {
                            Ok(pending) => pending.await,
                            Err(error) => Err(error),
                        });
                    }
                    Ok(outcomes)
                }
                Connection::Jsonrpc(client) => {
                    let mut outcomes = Vec::with_capacity(calls.len());
                    for part in calls.chunks(limit) {
                        let part =
                            part.iter().map(|(method, arguments)| (&**method, arguments.clone().into()));
                        outcomes.extend(client.batch(part.collect()).await?);
                    }
                    Ok(outcomes)
                }
                Connection::Xmlrpc(client) => {
                    let mut outcomes = Vec::with_capacity(calls.len());
                    for part in calls.chunks(limit) {
                        let entries = part.iter().map(|(method, args)| (&**method, args.clone().into_list()));
                        match client.multicall(entries).await {
                            Ok(answers) => outcomes.extend(answers),
                            // Python's server has multicall only where it was asked for.
                            Err(error) if error.kind() == ErrorKind::UnknownMethod => {
                                outcomes.extend(one_by_one(&connection, part).await);
                            }
                            Err(error) => return Err(error),
                        }
                    }
                    Ok(outcomes)
                }
                Connection::Zerorpc(client) => {
                    let each = |(method, arguments): &(String, Arguments)| {
                        let (client, method, list) =
                            (client.clone(), method.clone(), arguments.clone().into_list());
                        async move { client.call(&method, list).await }
                    };
                    Ok(join_all(calls.iter().map(each)).await)
                }
                Connection::Post(_) | Connection::Grpc(_) => Ok(one_by_one(&connection, calls).await),
            }
        };
        self.attempt(batch).await.map(|(outcomes, _)| outcomes)
    }
}

/// Each call as a request of its own, many at a time.
async fn one_by_one(connection: &Connection, calls: &[(String, Arguments)]) -> Outcomes {
    let call = |(method, arguments): &(String, Arguments)| {
        let (method, arguments) = (method.clone(), arguments.clone());
        async move { connection.call(&method, arguments, None).await }
    };
    stream::iter(calls.iter().map(call)).buffered(AT_ONCE).collect().await
}
