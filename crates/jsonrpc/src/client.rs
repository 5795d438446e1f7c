//! A client over HTTP or a WebSocket, on jsonrpsee's.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use hyper_util::client::legacy::connect::{Connect, HttpConnector};
use jsonrpsee_core::client::{
    self as jsonrpsee, ClientT, Error, SubscriptionClientT, SubscriptionCloseReason,
};
use jsonrpsee_core::http_helpers;
use jsonrpsee_core::params::BatchRequestBuilder;
use jsonrpsee_core::traits::ToRpcParams;
use jsonrpsee_http_client::transport::Error as HttpError;
use jsonrpsee_ws_client::types::ErrorObject;
use jsonrpsee_ws_client::{WsClient, WsClientBuilder};
use manywire_core::{ErrorKind, Limits, Origin, RpcError, Value};
use manywire_json::read_value;
use serde_json::value::RawValue;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::error::kind;
use crate::post::{HttpClient, Unreached};

/// jsonrpsee has a timeout of its own; ours is the caller's, who drops the call.
pub(crate) const NO_TIMEOUT: Duration = Duration::from_secs(365 * 24 * 3600);

/// Calls the methods of one server. Clones share its connections; many calls may be in flight.
#[derive(Clone)]
pub struct Client {
    transport: Transport,
    url: Arc<str>,
    limits: Arc<Limits>,
}

#[derive(Clone)]
enum Transport {
    Http(HttpClient),
    WebSocket(Arc<WsClient>),
}

/// The parameters of a call.
#[derive(Debug, Clone, PartialEq)]
pub enum Arguments {
    /// By position.
    Positional(Vec<Value>),
    /// By name.
    Named(Vec<(Value, Value)>),
}

impl From<Vec<Value>> for Arguments {
    fn from(values: Vec<Value>) -> Self {
        Self::Positional(values)
    }
}

impl ToRpcParams for Arguments {
    fn to_rpc_params(self) -> Result<Option<Box<RawValue>>, serde_json::Error> {
        match self {
            Self::Positional(values) if values.is_empty() => Ok(None),
            Self::Positional(values) => serde_json::value::to_raw_value(&values).map(Some),
            Self::Named(pairs) => serde_json::value::to_raw_value(&Value::Map(pairs)).map(Some),
        }
    }
}

impl Client {
    /// A client of the server at an `http://` or `ws://` address. A WebSocket connects at once, HTTP with the first call.
    pub async fn connect(url: &str, limits: &Limits) -> Result<Self, RpcError> {
        match url.split_once("://") {
            Some(("http", _)) => {
                let mut connector = HttpConnector::new();
                connector.set_nodelay(true);
                connector.set_connect_timeout(Some(limits.handshake));
                Self::over_http(connector, url, HeaderMap::new(), limits)
            }
            Some(("ws", rest)) => {
                let address = rest.split('/').next().unwrap_or_default();
                let address = if has_port(address) { address.to_owned() } else { format!("{address}:80") };
                let dialled = tokio::time::timeout(limits.handshake, TcpStream::connect(address)).await;
                let unreachable = |why: &dyn std::fmt::Display| {
                    RpcError::arose(Origin::Connect, format!("cannot connect to {url}: {why}"))
                };
                let stream = dialled.map_err(|late| unreachable(&late))?.map_err(|e| unreachable(&e))?;
                stream.set_nodelay(true).map_err(|e| unreachable(&e))?;
                Self::over_websocket(stream, url, HeaderMap::new(), limits).await
            }
            _ => {
                let message = format!("{url:?} is no address of a JSON-RPC server; give http:// or ws://");
                Err(RpcError::arose(Origin::Usage, message))
            }
        }
    }

    /// A client over HTTP that connects in a way of the caller's, with TLS for example, and sends these headers with
    /// every call.
    pub fn over_http(
        connector: impl Connect + Clone + Send + Sync + 'static,
        url: &str,
        headers: HeaderMap,
        limits: &Limits,
    ) -> Result<Self, RpcError> {
        let client = crate::post::client(connector, &without_tls(url), headers, limits);
        Self::new(client.map(Transport::Http), url, limits)
    }

    /// A client that asks for a WebSocket on a stream that is connected, with TLS or without.
    pub async fn over_websocket(
        io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        url: &str,
        headers: HeaderMap,
        limits: &Limits,
    ) -> Result<Self, RpcError> {
        let client = websocket(limits, headers).build_with_stream(without_tls(url), io).await;
        Self::new(client.map(|client| Transport::WebSocket(Arc::new(client))), url, limits)
    }

    fn new(transport: Result<Transport, Error>, url: &str, limits: &Limits) -> Result<Self, RpcError> {
        // What fails before there is a client has called no method.
        let transport = transport.map_err(|error| not_connected(failure(error, url)))?;
        Ok(Self { transport, url: url.into(), limits: Arc::new(limits.clone()) })
    }

    /// Whether a WebSocket has ended; calls will fail.
    pub fn is_closed(&self) -> bool {
        match &self.transport {
            Transport::Http(_) => false,
            Transport::WebSocket(client) => !client.is_connected(),
        }
    }

    /// Whether it can subscribe: over a WebSocket.
    pub fn has_subscriptions(&self) -> bool {
        matches!(self.transport, Transport::WebSocket(_))
    }

    /// Calls a method and waits for its answer. Dropping the future gives the call up.
    pub async fn call(&self, method: &str, arguments: impl Into<Arguments>) -> Result<Value, RpcError> {
        let arguments = arguments.into();
        let answer: Result<Box<RawValue>, Error> = match &self.transport {
            Transport::Http(client) => client.request(method, arguments).await,
            Transport::WebSocket(client) => client.request(method, arguments).await,
        };
        self.read(&answer.map_err(|error| failure(error, &self.url))?)
    }

    /// Calls a method without asking for an answer.
    pub async fn notify(&self, method: &str, arguments: impl Into<Arguments>) -> Result<(), RpcError> {
        let arguments = arguments.into();
        let sent = match &self.transport {
            Transport::Http(client) => client.notification(method, arguments).await,
            Transport::WebSocket(client) => client.notification(method, arguments).await,
        };
        sent.map_err(|error| failure(error, &self.url))
    }

    /// Sends several calls at once and returns their answers in the same order.
    pub async fn batch(
        &self,
        calls: Vec<(&str, Arguments)>,
    ) -> Result<Vec<Result<Value, RpcError>>, RpcError> {
        if calls.is_empty() {
            return Ok(Vec::new());
        }
        let mut batch = BatchRequestBuilder::new();
        for (method, arguments) in calls {
            batch.insert(method, arguments).map_err(|error| failure(error.into(), &self.url))?;
        }
        let answers = match &self.transport {
            Transport::Http(client) => client.batch_request::<Box<RawValue>>(batch).await,
            Transport::WebSocket(client) => client.batch_request(batch).await,
        };
        let answers = answers.map_err(|error| failure(error, &self.url))?;
        Ok(answers
            .into_iter()
            .map(|answer| answer.map_err(|error| refusal(&error)).and_then(|raw| self.read(&raw)))
            .collect())
    }

    /// Subscribes to a stream of the server; only over a WebSocket.
    pub async fn subscribe(
        &self,
        stream: &str,
        arguments: impl Into<Arguments>,
    ) -> Result<Subscription, RpcError> {
        let Transport::WebSocket(client) = &self.transport else {
            let message = format!("{} has no subscriptions; connect to ws:// instead", self.url);
            return Err(RpcError::arose(Origin::Usage, message).with_kind(ErrorKind::Unsupported));
        };
        let (begin, end) = (format!("subscribe_{stream}"), format!("unsubscribe_{stream}"));
        let items = client.subscribe(&begin, arguments.into(), &end).await;
        Ok(Subscription {
            items: items.map_err(|error| failure(error, &self.url))?,
            client: self.clone(),
            connection: client.clone(),
            has_ended: false,
        })
    }

    fn read(&self, raw: &RawValue) -> Result<Value, RpcError> {
        let unreadable = |error| format!("the answer of {} cannot be read: {error}", self.url);
        read_value(raw, &self.limits).map_err(|error| RpcError::arose(Origin::Protocol, unreadable(error)))
    }
}

/// The address for jsonrpsee, which refuses `https://` and `wss://` where it does not speak TLS itself.
fn without_tls(url: &str) -> Cow<'_, str> {
    match url.split_once("://") {
        Some((scheme @ ("https" | "wss"), rest)) => {
            format!("{}://{rest}", &scheme[..scheme.len() - 1]).into()
        }
        _ => url.into(),
    }
}

fn websocket(limits: &Limits, headers: HeaderMap) -> WsClientBuilder {
    let bytes = message_bytes(limits);
    WsClientBuilder::new()
        .set_headers(headers)
        .max_request_size(bytes)
        .max_response_size(bytes)
        .max_frame_size(bytes)
        .max_concurrent_requests(limits.in_flight)
        .max_buffer_capacity_per_subscription(limits.in_flight)
        .connection_timeout(limits.handshake)
        .request_timeout(NO_TIMEOUT)
}

pub(crate) fn message_bytes(limits: &Limits) -> u32 {
    u32::try_from(limits.message_bytes).unwrap_or(u32::MAX)
}

/// Whether an address ends with a port; the colons of `[::1]` are none.
fn has_port(address: &str) -> bool {
    address.rsplit_once(':').is_some_and(|(_, port)| !port.ends_with(']'))
}

/// The items of a stream. Dropping it ends the subscription.
pub struct Subscription {
    items: jsonrpsee::Subscription<Box<RawValue>>,
    client: Client,
    connection: Arc<WsClient>,
    has_ended: bool,
}

impl Subscription {
    /// The next item; none once the server has ended the stream.
    ///
    /// A caller that falls thousands of items behind gets an error, since the connection waits for no one.
    pub async fn next(&mut self) -> Option<Result<Value, RpcError>> {
        if self.has_ended {
            return None;
        }
        match self.items.next().await {
            Some(Ok(raw)) => Some(self.client.read(&raw)),
            Some(Err(error)) => Some(Err(failure(error.into(), &self.client.url))),
            None => {
                self.has_ended = true;
                self.why_ended().map(Err)
            }
        }
    }

    /// The error behind the end of the items, if it was not the server's own word.
    fn why_ended(&self) -> Option<RpcError> {
        if let Some(SubscriptionCloseReason::Lagged) = self.items.close_reason() {
            let message = "the items came faster than they were read; the subscription is over";
            return Some(RpcError::arose(Origin::Lost, message).with_kind(ErrorKind::ResourceExhausted));
        }
        (!self.connection.is_connected())
            .then(|| RpcError::arose(Origin::Lost, format!("{} closed the connection", self.client.url)))
    }
}

/// A server's error object.
fn refusal(error: &ErrorObject<'_>) -> RpcError {
    let code = i64::from(error.code());
    let refusal =
        RpcError::answered(kind(code), error.message().to_owned()).with_wire_code(crate::error::WIRE, code);
    match error.data().and_then(|data| serde_json::from_str(data.get()).ok()) {
        Some(data) => refusal.with_data(data),
        None => refusal,
    }
}

/// What fails before there is a client has called no method; a URL that cannot be used stays one.
fn not_connected(error: RpcError) -> RpcError {
    match error.origin() {
        Origin::Lost => error.with_origin(Origin::Connect),
        _ => error,
    }
}

fn failure(error: Error, url: &str) -> RpcError {
    match error {
        Error::Call(object) => refusal(&object),
        Error::RequestTimeout => RpcError::arose(Origin::Time, format!("{url} did not answer in time")),
        Error::Transport(cause) => transport_failure(&*cause, url),
        Error::RestartNeeded(cause) => {
            RpcError::arose(Origin::Lost, format!("the connection to {url} is gone: {}", chain(&*cause)))
        }
        other => {
            let message = format!("the answer of {url} cannot be read: {}", chain(&other));
            RpcError::arose(Origin::Protocol, message)
        }
    }
}

fn transport_failure(cause: &(dyn std::error::Error + Send + Sync + 'static), url: &str) -> RpcError {
    if Unreached::find(cause).is_some() {
        let why = manywire_http::deepest_cause(cause);
        return RpcError::arose(Origin::Connect, format!("cannot connect to {url}: {why}"));
    }
    let text = format!("{url}: {}", chain(cause));
    match cause.downcast_ref() {
        Some(HttpError::RequestTooLarge) => {
            RpcError::arose(Origin::Usage, text).with_kind(ErrorKind::ResourceExhausted)
        }
        Some(HttpError::Rejected { status_code: 413 }) => RpcError::new(ErrorKind::ResourceExhausted, text),
        Some(HttpError::Rejected { status_code: 401 | 403 }) => {
            RpcError::new(ErrorKind::Unauthenticated, text)
        }
        Some(HttpError::Rejected { status_code: status @ (404 | 405) }) => {
            let no_server = "no JSON-RPC 2.0 there; look at the port and the path";
            RpcError::arose(Origin::Lost, format!("{url} answered HTTP {status}: {no_server}"))
        }
        Some(HttpError::Http(http_helpers::HttpError::TooLarge | http_helpers::HttpError::Malformed)) => {
            RpcError::arose(Origin::Protocol, text)
        }
        _ => RpcError::arose(Origin::Lost, text),
    }
}

/// An error and its causes, which often say more; what repeats the one before is left out.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}
