//! One connection to one server, whichever wire it speaks; and what each wire makes of a call.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use http::{HeaderMap, HeaderName, HeaderValue};
use manywire_core::{ErrorKind, Limits, Origin, RpcError, Value};

use crate::dial::{Connector, Dialer};
use crate::signatures::Signatures;
use crate::url::{LOCALHOST, unix_path};
use crate::{Answer, Arguments, Items, Protos, Signature, Transport, Url, Wire};

/// Calls one server. Clones share the connection.
#[derive(Clone)]
pub(crate) struct Connection {
    pub(crate) client: WireClient,
    pub(crate) signatures: Signatures,
}

/// The client of one wire.
#[derive(Clone)]
pub(crate) enum WireClient {
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
    /// `host:port` of this server, or `unix:PATH`, as the URL has it.
    pub(crate) authority: &'t str,
    pub(crate) dialer: Arc<Dialer>,
    pub(crate) metadata: &'t [(String, String)],
    pub(crate) limits: &'t Limits,
    pub(crate) signatures: &'t Signatures,
    pub(crate) protos: Option<&'t Protos>,
}

impl Target<'_> {
    /// Connects. Over HTTP/1.1 the first call does that.
    pub(crate) async fn connect(self) -> Result<Connection, RpcError> {
        let signatures = self.signatures.clone();
        Ok(Connection { client: self.client().await?, signatures })
    }

    async fn client(self) -> Result<WireClient, RpcError> {
        let Self { url, limits, .. } = self;
        let dialer = self.dialer.clone();
        let name = self.name();
        let dial = async || dialer.dial().await.map_err(|error| error.at(&name));
        let broken = |error: std::io::Error| {
            RpcError::arose(Origin::Connect, format!("cannot connect to {name}: {error}"))
        };
        Ok(match (url.wire, url.transport) {
            (Wire::Gob, Transport::Tcp) => {
                WireClient::Netrpc(manywire_netrpc::Client::gob(dial().await?, limits))
            }
            (Wire::Gob, _) => {
                let path = url.path_or(manywire_netrpc::GOB_PATH);
                let client = manywire_netrpc::Client::gob_over_http(dial().await?, path, limits).await;
                WireClient::Netrpc(client.map_err(broken)?)
            }
            (Wire::Jsonrpc1, Transport::Tcp) => {
                WireClient::Netrpc(manywire_netrpc::Client::json(dial().await?, limits))
            }
            (Wire::Jsonrpc1, _) => {
                let uri = self.http(manywire_netrpc::JSON_PATH);
                let uri = uri.parse().map_err(|_| invalid(format!("{url} is no URL")))?;
                let client = manywire_netrpc::PostClient::over(Connector(self.dialer.clone()), uri, limits);
                WireClient::Post(client.with_headers(self.headers()?))
            }
            (Wire::Jsonrpc, Transport::WebSocket) => {
                let scheme = if url.tls { "wss" } else { "ws" };
                let target = format!("{scheme}://{}{}", self.host(), url.path_or("/"));
                let client =
                    manywire_jsonrpc::Client::over_websocket(dial().await?, &target, self.headers()?, limits);
                WireClient::Jsonrpc(client.await?)
            }
            (Wire::Jsonrpc, _) => {
                let connector = Connector(self.dialer.clone());
                let client =
                    manywire_jsonrpc::Client::over_http(connector, &self.http("/"), self.headers()?, limits)?;
                WireClient::Jsonrpc(client)
            }
            (Wire::Xmlrpc, _) => {
                let connector = Connector(self.dialer.clone());
                let client = manywire_xmlrpc::Client::over(connector, &self.http("/RPC2"), limits)?;
                WireClient::Xmlrpc(client.with_headers(self.headers()?))
            }
            (Wire::Zerorpc, _) => {
                let client = manywire_zerorpc::Client::over(dial().await?, self.authority, limits).await?;
                WireClient::Zerorpc(client.with_timeout(None))
            }
            (Wire::Grpc, _) => {
                let options = manywire_grpc::ClientOptions {
                    timeout: None,
                    metadata: self.metadata.to_vec(),
                    limits: limits.clone(),
                    protos: self.protos.cloned(),
                };
                let target = self.http("");
                let client = manywire_grpc::Client::over(Connector(self.dialer.clone()), &target, options);
                WireClient::Grpc(client.await?)
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
        format!("{scheme}://{}{}", self.host(), self.url.path_or(usual_path))
    }

    /// The server by the name that HTTP gives it.
    fn host(&self) -> &str {
        if unix_path(self.authority).is_some() { LOCALHOST } else { self.authority }
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
    RpcError::arose(Origin::Usage, message)
}

impl WireClient {
    /// Whether the connection has ended. Clients of HTTP connect by themselves again.
    pub(crate) fn is_closed(&self) -> bool {
        match self {
            WireClient::Netrpc(client) => client.is_closed(),
            WireClient::Jsonrpc(client) => client.is_closed(),
            WireClient::Zerorpc(client) => client.is_closed(),
            WireClient::Post(_) | WireClient::Xmlrpc(_) | WireClient::Grpc(_) => false,
        }
    }
}

impl Connection {
    /// Whether it is of no more use.
    pub(crate) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Calls a method that answers once. Only gRPC tells its server of the time limit.
    pub(crate) async fn call(
        &self,
        method: &str,
        arguments: Arguments,
        limit: Option<Duration>,
    ) -> Result<Value, RpcError> {
        match &self.client {
            WireClient::Netrpc(client) => client.call(method, self.one(method, arguments).await?).await,
            WireClient::Post(client) => client.call(method, self.one(method, arguments).await?).await,
            WireClient::Jsonrpc(client) => client.call(method, arguments).await,
            WireClient::Xmlrpc(client) => client.call(method, self.list(method, arguments).await?).await,
            WireClient::Zerorpc(client) => client.call(method, self.list(method, arguments).await?).await,
            WireClient::Grpc(client) => {
                let messages = self.messages(method, arguments).await?;
                client.with_timeout(limit).call(method, messages).await
            }
        }
    }

    /// Calls a method that answers with a stream.
    pub(crate) async fn stream(&self, method: &str, arguments: Arguments) -> Result<Items, RpcError> {
        match &self.client {
            WireClient::Zerorpc(client) => {
                Ok(client.stream(method, self.list(method, arguments).await?).await?.boxed())
            }
            WireClient::Grpc(client) => {
                let messages = self.messages(method, arguments).await?;
                client.stream(method, stream::iter(messages)).await
            }
            WireClient::Jsonrpc(client) => {
                let name = method.strip_prefix(SUBSCRIBE).unwrap_or(method);
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
        match &self.client {
            WireClient::Grpc(client) if client.method(method)?.returns_stream => {
                self.stream(method, arguments).await.map(Answer::Stream)
            }
            WireClient::Zerorpc(client) => {
                let list = self.list(method, arguments).await?;
                Ok(match client.request(method, list).await? {
                    manywire_zerorpc::Answer::Value(value) => Answer::Value(value),
                    manywire_zerorpc::Answer::Stream(items) => Answer::Stream(items.boxed()),
                })
            }
            WireClient::Jsonrpc(client)
                if client.has_subscriptions() && self.is_subscription(method).await? =>
            {
                self.stream(method, arguments).await.map(Answer::Stream)
            }
            _ => self.call(method, arguments, limit).await.map(Answer::Value),
        }
    }

    /// Whether a method begins a subscription, which its server has to say: the name alone may be that of any method.
    async fn is_subscription(&self, method: &str) -> Result<bool, RpcError> {
        let may_be = method.starts_with(SUBSCRIBE);
        let signature = if may_be { self.signature(method).await? } else { None };
        Ok(signature.is_some_and(|signature| signature.is_stream()))
    }

    pub(crate) async fn notify(&self, method: &str, arguments: Arguments) -> Result<(), RpcError> {
        match &self.client {
            WireClient::Jsonrpc(client) => client.notify(method, arguments).await,
            _ => Err(unsupported("this wire has no notifications")),
        }
    }

    /// gRPC's client, for what only gRPC has.
    pub(crate) fn grpc(&self) -> Result<&manywire_grpc::Client, RpcError> {
        match &self.client {
            WireClient::Grpc(client) => Ok(client),
            _ => Err(unsupported("this wire takes one request for a call; streams of them are gRPC's")),
        }
    }

    /// What a method takes, if the server says so.
    pub(crate) async fn signature(&self, method: &str) -> Result<Option<Arc<Signature>>, RpcError> {
        self.signatures.of(&self.client, method).await
    }

    /// The one argument that net/rpc sends: by the method's signature, where it is known. What a type of the caller's has put
    /// in order needs no asking.
    pub(crate) async fn one(&self, method: &str, arguments: Arguments) -> Result<Value, RpcError> {
        let is_open = match &arguments {
            Arguments::Positional(values) => !values.is_empty(),
            Arguments::Named(_) => true,
            Arguments::Record(_) => false,
        };
        if !is_open {
            return arguments.into_one(method);
        }
        self.by_signature(method, arguments, Signature::place).await?.into_one(method)
    }

    /// The list that wires without names send: named arguments in the order of the method's parameters, where it is known,
    /// else as one map.
    pub(crate) async fn list(&self, method: &str, arguments: Arguments) -> Result<Vec<Value>, RpcError> {
        match arguments {
            Arguments::Named(_) => {
                self.by_signature(method, arguments, Signature::positions).await.map(Arguments::into_list)
            }
            placed => Ok(placed.into_list()),
        }
    }

    /// The arguments as a signature puts them, where it is known. Before they are refused it is asked for again.
    async fn by_signature(
        &self,
        method: &str,
        arguments: Arguments,
        put: impl Fn(&Signature, Arguments) -> Result<Arguments, RpcError>,
    ) -> Result<Arguments, RpcError> {
        let Some(known) = self.signature(method).await? else { return Ok(arguments) };
        let refused = match put(&known, arguments.clone()) {
            Ok(placed) => return Ok(placed),
            Err(refused) => refused,
        };
        match self.signatures.afresh(&self.client, method).await? {
            Some(fresh) if fresh != known => put(&fresh, arguments),
            Some(_) => Err(refused),
            None => Ok(arguments),
        }
    }

    /// The messages that gRPC sends.
    async fn messages(&self, method: &str, arguments: Arguments) -> Result<Vec<Value>, RpcError> {
        match self.signature(method).await? {
            Some(signature) => signature.messages(arguments),
            None => Ok(arguments.into_messages()),
        }
    }
}

/// What JSON-RPC's names of methods that begin a subscription begin with.
const SUBSCRIBE: &str = "subscribe_";

pub(crate) fn unsupported(message: &'static str) -> RpcError {
    RpcError::arose(Origin::Usage, message).with_kind(ErrorKind::Unsupported)
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
        Err(RpcError::arose(Origin::Time, format!("no answer from {url} within {limit:?}")))
    })
}
