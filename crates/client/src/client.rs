//! The client: one connection, whichever wire it speaks.

use std::future::Future;
use std::time::Duration;

use futures_util::stream::{self, BoxStream};
use manywire_core::{ErrorKind, Limits, RpcError, Value};

use crate::{Arguments, Transport, Url, Wire};

/// How to connect, and what every call carries.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// What connecting and each call may take; streams may take longer.
    pub timeout: Option<Duration>,
    /// Metadata of gRPC calls, such as `appid` and `appkey`.
    pub metadata: Vec<(String, String)>,
    /// How much an answer may be.
    pub limits: Limits,
}

/// Calls the methods of one server. Many calls may be in flight through a shared reference.
pub struct Client {
    url: Url,
    inner: Inner,
    timeout: Option<Duration>,
}

pub(crate) enum Inner {
    Netrpc(manywire_netrpc::Client),
    Post(manywire_netrpc::PostClient),
    Jsonrpc(manywire_jsonrpc::Client),
    Xmlrpc(manywire_xmlrpc::Client),
    Zerorpc(manywire_zerorpc::Client),
    Grpc(manywire_grpc::Client),
}

/// The items of a stream; dropping them ends it.
pub type Items = BoxStream<'static, Result<Value, RpcError>>;

/// What a method answers with.
pub enum Answer {
    /// One value.
    Value(Value),
    /// A stream of values.
    Stream(Items),
}

impl Client {
    /// Connects to the server at a URL such as `gob://127.0.0.1:1234`.
    pub async fn connect(url: &str, options: Options) -> Result<Self, RpcError> {
        let url: Url = url.parse()?;
        let timeout = options.timeout;
        let inner = within(timeout, &url, open(&url, &options)).await?;
        Ok(Self { url, inner, timeout })
    }

    /// Where it is connected to.
    pub fn url(&self) -> &Url {
        &self.url
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.inner
    }

    /// Calls a method that answers once.
    pub async fn call(&self, method: &str, arguments: impl Into<Arguments>) -> Result<Value, RpcError> {
        let arguments = arguments.into();
        let call = async {
            match &self.inner {
                Inner::Netrpc(client) => client.call(method, arguments.into_one(method)?).await,
                Inner::Post(client) => client.call(method, arguments.into_one(method)?).await,
                Inner::Jsonrpc(client) => client.call(method, arguments).await,
                Inner::Xmlrpc(client) => client.call(method, arguments.into_list()).await,
                Inner::Zerorpc(client) => client.call(method, arguments.into_list()).await,
                Inner::Grpc(client) => client.call(method, arguments.into_list()).await,
            }
        };
        within(self.timeout, &self.url, call).await
    }

    /// Calls a method of which it is not known whether it answers once or with a stream.
    pub async fn request(&self, method: &str, arguments: impl Into<Arguments>) -> Result<Answer, RpcError> {
        let arguments = arguments.into();
        match &self.inner {
            Inner::Grpc(client) if client.method(method)?.returns_stream => {
                self.stream(method, arguments).await.map(Answer::Stream)
            }
            Inner::Jsonrpc(_) if method.starts_with("subscribe_") => {
                self.stream(method, arguments).await.map(Answer::Stream)
            }
            Inner::Zerorpc(client) => {
                let answer =
                    within(self.timeout, &self.url, client.request(method, arguments.into_list())).await?;
                Ok(match answer {
                    manywire_zerorpc::Answer::Value(value) => Answer::Value(value),
                    manywire_zerorpc::Answer::Stream(items) => Answer::Stream(zerorpc_items(items)),
                })
            }
            _ => self.call(method, arguments).await.map(Answer::Value),
        }
    }

    /// Calls a method that answers with a stream.
    pub async fn stream(&self, method: &str, arguments: impl Into<Arguments>) -> Result<Items, RpcError> {
        let arguments = arguments.into();
        let begin = async {
            match &self.inner {
                Inner::Zerorpc(client) => {
                    Ok(zerorpc_items(client.stream(method, arguments.into_list()).await?))
                }
                Inner::Grpc(client) => client.stream(method, stream::iter(arguments.into_list())).await,
                Inner::Jsonrpc(client) if self.url.transport == Transport::WebSocket => {
                    let name = method.strip_prefix("subscribe_").unwrap_or(method);
                    Ok(subscription_items(client.subscribe(name, arguments).await?))
                }
                _ => Err(self.unsupported("has no streams; use zerorpc://, grpc:// or jsonrpc+ws://")),
            }
        };
        within(self.timeout, &self.url, begin).await
    }

    /// Calls a method without asking for an answer, where the wire has that.
    pub async fn notify(&self, method: &str, arguments: impl Into<Arguments>) -> Result<(), RpcError> {
        match &self.inner {
            Inner::Jsonrpc(client) => {
                within(self.timeout, &self.url, client.notify(method, arguments.into())).await
            }
            _ => Err(self.unsupported("has no notifications; use jsonrpc://")),
        }
    }

    pub(crate) fn unsupported(&self, what: &str) -> RpcError {
        RpcError::new(ErrorKind::Unsupported, format!("{} {what}", self.url))
    }
}

/// Opens the connection that a URL asks for.
async fn open(url: &Url, options: &Options) -> Result<Inner, RpcError> {
    let (address, limits) = (&*url.authority, &options.limits);
    let refused =
        |e: std::io::Error| RpcError::new(ErrorKind::Unavailable, format!("cannot connect to {url}: {e}"));
    Ok(match (url.wire, url.transport) {
        (Wire::Gob, Transport::Tcp) => {
            Inner::Netrpc(manywire_netrpc::Client::dial(address).await.map_err(refused)?)
        }
        (Wire::Gob, _) => {
            let path = url.path_or(manywire_netrpc::GOB_PATH);
            Inner::Netrpc(manywire_netrpc::Client::dial_http_path(address, path).await.map_err(refused)?)
        }
        (Wire::Jsonrpc1, Transport::Tcp) => {
            Inner::Netrpc(manywire_netrpc::Client::dial_json(address).await.map_err(refused)?)
        }
        (Wire::Jsonrpc1, _) => {
            let uri = format!("http://{address}{}", url.path_or(manywire_netrpc::JSON_PATH));
            let uri = uri
                .parse()
                .map_err(|_| RpcError::new(ErrorKind::InvalidRequest, format!("{url} is no URL")))?;
            Inner::Post(manywire_netrpc::PostClient::new(uri, limits))
        }
        (Wire::Jsonrpc, transport) => {
            let scheme = if transport == Transport::WebSocket { "ws" } else { "http" };
            let target = format!("{scheme}://{address}{}", url.path_or("/"));
            Inner::Jsonrpc(manywire_jsonrpc::Client::connect(&target, limits).await?)
        }
        (Wire::Xmlrpc, _) => {
            let target = format!("http://{address}{}", url.path_or("/RPC2"));
            Inner::Xmlrpc(manywire_xmlrpc::Client::connect(&target, limits)?)
        }
        (Wire::Zerorpc, _) => {
            let client = manywire_zerorpc::Client::connect(address, limits).await?;
            Inner::Zerorpc(client.with_timeout(options.timeout))
        }
        (Wire::Grpc, transport) => {
            let scheme = if transport == Transport::Https { "https" } else { "http" };
            let grpc = manywire_grpc::ClientOptions {
                timeout: options.timeout,
                metadata: options.metadata.clone(),
                limits: limits.clone(),
                ..Default::default()
            };
            Inner::Grpc(manywire_grpc::Client::connect(&format!("{scheme}://{address}"), grpc).await?)
        }
    })
}

/// Waits for a call as long as it may take.
async fn within<T>(
    timeout: Option<Duration>,
    url: &Url,
    call: impl Future<Output = Result<T, RpcError>>,
) -> Result<T, RpcError> {
    let Some(limit) = timeout else { return call.await };
    match tokio::time::timeout(limit, call).await {
        Ok(outcome) => outcome,
        Err(_) => {
            Err(RpcError::new(ErrorKind::DeadlineExceeded, format!("no answer from {url} within {limit:?}")))
        }
    }
}

fn zerorpc_items(items: manywire_zerorpc::Stream) -> Items {
    Box::pin(stream::unfold(items, |mut items| async { Some((items.next().await?, items)) }))
}

fn subscription_items(items: manywire_jsonrpc::Subscription) -> Items {
    Box::pin(stream::unfold(items, |mut items| async { Some((items.next().await?, items)) }))
}
