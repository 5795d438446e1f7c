//! One connection to one server, whichever wire it speaks; and what each wire makes of a call.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use http::{HeaderMap, HeaderName, HeaderValue};
use manywire_core::{ErrorKind, Limits, RpcError, Value};

use crate::dial::{Connector, Dialer};
use crate::{Answer, Arguments, Items, Transport, Url, Wire};

/// Calls one server. Clones share the connection.
#[derive(Clone)]
pub(crate) enum Connection {
    Netrpc(manywire_netrpc::Client),
    Post(manywire_netrpc::PostClient<Connector>),
    Jsonrpc(manywire_jsonrpc::Client),
    Xmlrpc(manywire_xmlrpc::Client<Connector>),
    Zerorpc(manywire_zerorpc::Client),
    Grpc(manywire_grpc::Client),
}

/// What a connection is made with.
pub(crate) struct Target<'t> {
    pub(crate) url: &'t Url,
    /// `host:port` of this server, as the URL has it.
    pub(crate) authority: &'t str,
    pub(crate) dialer: Arc<Dialer>,
    pub(crate) metadata: &'t [(String, String)],
    pub(crate) limits: &'t Limits,
}

impl Target<'_> {
    /// Connects. Over HTTP/1.1 the first call does that.
    pub(crate) async fn connect(self) -> Result<Connection, RpcError> {
        let Self { url, limits, .. } = self;
        let dialer = self.dialer.clone();
        let name = self.name();
        let dial = async || dialer.dial().await.map_err(|error| error.at(&name));
        let broken = |error: std::io::Error| {
            RpcError::new(ErrorKind::Unavailable, format!("cannot connect to {name}: {error}")).unsent()
        };
        Ok(match (url.wire, url.transport) {
            (Wire::Gob, Transport::Tcp) => {
                Connection::Netrpc(manywire_netrpc::Client::gob(dial().await?, limits))
            }
            (Wire::Gob, _) => {
                let path = url.path_or(manywire_netrpc::GOB_PATH);
                let client = manywire_netrpc::Client::gob_over_http(dial().await?, path, limits).await;
                Connection::Netrpc(client.map_err(broken)?)
            }
            (Wire::Jsonrpc1, Transport::Tcp) => {
                Connection::Netrpc(manywire_netrpc::Client::json(dial().await?, limits))
            }
            (Wire::Jsonrpc1, _) => {
                let uri = self.http(manywire_netrpc::JSON_PATH);
                let uri = uri.parse().map_err(|_| invalid(format!("{url} is no URL")))?;
                let client = manywire_netrpc::PostClient::over(Connector(self.dialer.clone()), uri, limits);
                Connection::Post(client.with_headers(self.headers()?))
            }
            (Wire::Jsonrpc, Transport::WebSocket) => {
                let scheme = if url.tls { "wss" } else { "ws" };
                let target = format!("{scheme}://{}{}", self.authority, url.path_or("/"));
                let client =
                    manywire_jsonrpc::Client::over_websocket(dial().await?, &target, self.headers()?, limits);
                Connection::Jsonrpc(client.await?)
            }
            (Wire::Jsonrpc, _) => {
                let connector = Connector(self.dialer.clone());
                let client =
                    manywire_jsonrpc::Client::over_http(connector, &self.http("/"), self.headers()?, limits)?;
                Connection::Jsonrpc(client)
            }
            (Wire::Xmlrpc, _) => {
                let connector = Connector(self.dialer.clone());
                let client = manywire_xmlrpc::Client::over(connector, &self.http("/RPC2"), limits)?;
                Connection::Xmlrpc(client.with_headers(self.headers()?))
            }
            (Wire::Zerorpc, _) => {
                let client = manywire_zerorpc::Client::over(dial().await?, self.authority, limits).await?;
                Connection::Zerorpc(client.with_timeout(None))
            }
            (Wire::Grpc, _) => {
                let options = manywire_grpc::ClientOptions {
                    timeout: None,
                    metadata: self.metadata.to_vec(),
                    limits: limits.clone(),
                };
                let target = self.http("");
                let client = manywire_grpc::Client::over(Connector(self.dialer.clone()), &target, options);
                Connection::Grpc(client.await?)
            }
        })
    }

    /// This server alone, of several.
    fn name(&self) -> Url {
        Url { authorities: vec![self.authority.to_owned()], ..self.url.clone() }
    }

    /// The address for clients of HTTP, which leave the TLS to the dialer.
    fn http(&self, usual_path: &str) -> String {
        let scheme = if self.url.tls { "https" } else { "http" };
        format!("{scheme}://{}{}", self.authority, self.url.path_or(usual_path))
    }

    fn headers(&self) -> Result<HeaderMap, RpcError> {
        let read = |(key, value): &(String, String)| {
            let name: Option<HeaderName> = key.parse().ok();
            let value: Option<HeaderValue> = value.parse().ok();
            name.zip(value)
                .ok_or_else(|| invalid(format!("{key:?} cannot be sent as a header with this value")))
        };
        self.metadata.iter().map(read).collect()
    }
}

fn invalid(message: String) -> RpcError {
    RpcError::new(ErrorKind::InvalidRequest, message)
}

impl Connection {
    /// Whether it is of no more use. Clients of HTTP connect by themselves again.
    pub(crate) fn is_closed(&self) -> bool {
        match self {
            Connection::Netrpc(client) => client.is_closed(),
            Connection::Jsonrpc(client) => client.is_closed(),
            Connection::Zerorpc(client) => client.is_closed(),
            Connection::Post(_) | Connection::Xmlrpc(_) | Connection::Grpc(_) => false,
        }
    }

    /// Calls a method that answers once. Only gRPC tells its server of the time limit.
    pub(crate) async fn call(
        &self,
        method: &str,
        arguments: Arguments,
        limit: Option<Duration>,
    ) -> Result<Value, RpcError> {
        match self {
            Connection::Netrpc(client) => client.call(method, arguments.into_one(method)?).await,
            Connection::Post(client) => client.call(method, arguments.into_one(method)?).await,
            Connection::Jsonrpc(client) => client.call(method, arguments).await,
            Connection::Xmlrpc(client) => client.call(method, arguments.into_list()).await,
            Connection::Zerorpc(client) => client.call(method, arguments.into_list()).await,
            Connection::Grpc(client) => {
                client.with_timeout(limit).call(method, arguments.into_messages()).await
            }
        }
    }

    /// Calls a method that answers with a stream.
    pub(crate) async fn stream(&self, method: &str, arguments: Arguments) -> Result<Items, RpcError> {
        match self {
            Connection::Zerorpc(client) => Ok(client.stream(method, arguments.into_list()).await?.boxed()),
            Connection::Grpc(client) => client.stream(method, stream::iter(arguments.into_messages())).await,
            Connection::Jsonrpc(client) => {
                let name = method.strip_prefix("subscribe_").unwrap_or(method);
                Ok(subscription(client.subscribe(name, arguments).await?))
            }
            _ => Err(unsupported("this wire has no streams")),
        }
    }

    /// Calls a method of which only the server knows how it answers.
    pub(crate) async fn request(
        &self,
        method: &str,
        arguments: Arguments,
        limit: Option<Duration>,
    ) -> Result<Answer, RpcError> {
        match self {
            Connection::Grpc(client) if client.method(method)?.returns_stream => {
                self.stream(method, arguments).await.map(Answer::Stream)
            }
            Connection::Zerorpc(client) => Ok(match client.request(method, arguments.into_list()).await? {
                manywire_zerorpc::Answer::Value(value) => Answer::Value(value),
                manywire_zerorpc::Answer::Stream(items) => Answer::Stream(items.boxed()),
            }),
            _ => self.call(method, arguments, limit).await.map(Answer::Value),
        }
    }

    pub(crate) async fn notify(&self, method: &str, arguments: Arguments) -> Result<(), RpcError> {
        match self {
            Connection::Jsonrpc(client) => client.notify(method, arguments).await,
            _ => Err(unsupported("this wire has no notifications")),
        }
    }

    /// gRPC's client, for what only gRPC has.
    pub(crate) fn grpc(&self) -> Result<&manywire_grpc::Client, RpcError> {
        match self {
            Connection::Grpc(client) => Ok(client),
            _ => Err(unsupported("this wire takes one request for a call; streams of them are gRPC's")),
        }
    }
}

pub(crate) fn unsupported(message: &'static str) -> RpcError {
    RpcError::new(ErrorKind::Unsupported, message)
}

fn subscription(items: manywire_jsonrpc::Subscription) -> Items {
    stream::unfold(items, |mut items| async { Some((items.next().await?, items)) }).boxed()
}

/// Waits for a call as long as it may take.
pub(crate) async fn within<T>(
    limit: Option<Duration>,
    url: &Url,
    call: impl Future<Output = Result<T, RpcError>>,
) -> Result<T, RpcError> {
    let Some(limit) = limit else { return call.await };
    tokio::time::timeout(limit, call).await.unwrap_or_else(|_| {
        Err(RpcError::new(ErrorKind::DeadlineExceeded, format!("no answer from {url} within {limit:?}")))
    })
}
