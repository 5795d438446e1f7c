//! A client that is given only an address: it learns the services by reflection and calls any method with values.

mod calling;
mod codec;
mod description;
mod descriptors;
mod moved;
mod plain;
mod protos;
mod reflection;
mod schema;
mod told;
mod values;

use std::error::Error as _;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use futures_core::stream::BoxStream;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use manywire_core::{ErrorKind, Limits, Origin, RpcError, Value};
use prost::Message as _;
use prost_reflect::{DynamicMessage, MethodDescriptor};
use tonic::metadata::{AsciiMetadataKey, AsciiMetadataValue};
use tonic::transport::{Channel, Endpoint};
use tonic::{ConnectError, Status};
use tower::Service;

pub use protos::{ProtoFiles, Protos};
pub use schema::MethodInfo;
use schema::Schema;

/// How to connect, and what every call carries.
#[derive(Clone, Default)]
pub struct ClientOptions {
    /// What each call may take; its server is told too.
    pub timeout: Option<Duration>,
    /// Metadata sent with each call, such as `appid` and `appkey`.
    pub metadata: Vec<(String, String)>,
    /// How large an answer may be, and how long connecting may take.
    pub limits: Limits,
    /// What the server serves, so that it is not asked.
    pub protos: Option<Protos>,
}

/// Calls the methods of one server. Clones share its connection; many calls may be in flight.
#[derive(Clone)]
pub struct Client {
    channel: Channel,
    schema: Arc<Schema>,
    options: Arc<ClientOptions>,
    timeout: Option<Duration>,
    url: Arc<str>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Client {
    /// Connects to an `http://` address and asks what is served there.
    pub async fn connect(url: &str, options: ClientOptions) -> Result<Self, RpcError> {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self::over(connector, url, options).await
    }

    /// The same by a connection of the caller's making, in TLS for example; the address begins with `http://` all the same.
    pub async fn over<C>(connector: C, url: &str, options: ClientOptions) -> Result<Self, RpcError>
    where
        C: Service<Uri> + Send + 'static,
        C::Response: hyper::rt::Read + hyper::rt::Write + Send + Unpin + 'static,
        C::Future: Send,
        C::Error: std::error::Error + Send + Sync + 'static,
    {
        let patience = options.limits.handshake;
        let (endpoint, metadata) = (endpoint(url)?, metadata(&options)?);
        // What fails here has called no method.
        let connected = tokio::time::timeout(patience, endpoint.connect_with_connector(connector)).await;
        let channel = match connected {
            Ok(Ok(channel)) => channel,
            Ok(Err(error)) => return Err(not_connected(url, &error)),
            Err(_) => return Err(unreached(url, &format!("no connection within {patience:?}"))),
        };
        let schema = match &options.protos {
            Some(protos) => protos.schema(),
            None => learn(url, &channel, &metadata, &options.limits).await?,
        };
        let timeout = options.timeout;
        Ok(Self { channel, schema: Arc::new(schema), options: Arc::new(options), timeout, url: url.into() })
    }

    /// The same client with another time that each call may take.
    #[must_use]
    pub fn with_timeout(&self, timeout: Option<Duration>) -> Self {
        Self { timeout, ..self.clone() }
    }

    /// What the server's methods are called, and what they take and return.
    pub fn methods(&self) -> Vec<MethodInfo> {
        self.schema.methods()
    }

    /// The same with all types.
    pub fn schema(&self) -> manywire_core::introspect::Schema {
        told::schema(self.schema.descriptors())
    }

    /// The files that describe the services, each by its name as the text of a `.proto`. Those of Google's own types, which every
    /// compiler has, are left out.
    pub fn protos(&self) -> Vec<manywire_core::introspect::ProtoFile> {
        self.schema.protos()
    }

    /// The descriptors of the services and of all that they name, as a set of files; under a prefix, all of it is in a package
    /// of that name.
    pub fn descriptors(&self, prefix: Option<&str>) -> Vec<u8> {
        moved::files(self.schema.files(), prefix).encode_to_vec()
    }

    /// One method, by `Greeter/SayHello` or `Greeter.SayHello`, or by `SayHello` where one service alone has it.
    pub fn method(&self, name: &str) -> Result<MethodInfo, RpcError> {
        self.schema.find(name).map(|method| MethodInfo::new(&method))
    }

    /// Calls a method that answers once. It is given one request, or several where it takes a stream of them.
    pub async fn call(&self, name: &str, requests: Vec<Value>) -> Result<Value, RpcError> {
        let method = self.schema.find(name)?;
        if method.is_server_streaming() {
            let message = format!("{name} answers with a stream");
            return Err(RpcError::arose(Origin::Usage, message).with_kind(ErrorKind::Unsupported));
        }
        let requests = whole(&method, requests)?;
        let mut answers = self.begin(&method, stream::iter(requests)).await?;
        let wrong = || RpcError::arose(Origin::Protocol, format!("{name} did not answer with one message"));
        let answer = answers.next().await.ok_or_else(wrong)??;
        // The status comes after the answer, and may yet be an error.
        match answers.next().await {
            None => Ok(answer),
            Some(Err(error)) => Err(error),
            Some(Ok(_)) => Err(wrong()),
        }
    }

    /// Calls a method of any kind. The answers end with the call; dropping them cancels it.
    pub async fn stream(
        &self,
        name: &str,
        requests: impl Stream<Item = Value> + Send + 'static,
    ) -> Result<BoxStream<'static, Result<Value, RpcError>>, RpcError> {
        let method = self.schema.find(name)?;
        if method.is_client_streaming() {
            return self.stream_of_many(&method, requests).await;
        }
        let requests = whole(&method, requests.collect().await)?;
        self.begin(&method, stream::iter(requests)).await
    }

    /// Calls a method of any kind with messages that are encoded already, and hands out its answers as they come.
    pub async fn exchange_messages(
        &self,
        name: &str,
        requests: impl Stream<Item = Bytes> + Send + 'static,
    ) -> Result<BoxStream<'static, Result<Bytes, RpcError>>, RpcError> {
        let method = self.schema.find(name)?;
        self.begin_with(&method, requests.map(Ok), codec::Verbatim).await
    }

    /// A request that does not fit ends the call with a reset, of which tonic says only that there was one; we say why.
    async fn stream_of_many(
        &self,
        method: &MethodDescriptor,
        requests: impl Stream<Item = Value> + Send + 'static,
    ) -> Result<BoxStream<'static, Result<Value, RpcError>>, RpcError> {
        let misfit = Arc::<OnceLock<RpcError>>::default();
        let (input, found) = (method.input(), misfit.clone());
        let encode = move |value| {
            codec::to_message(&input, value).map_err(|error| {
                let status = crate::error::to_status(error.clone());
                let _ = found.set(error);
                status
            })
        };
        let told = move |error| misfit.get().cloned().unwrap_or(error);
        let answers = self.begin(method, requests.map(encode)).await.map_err(&told)?;
        Ok(answers.map_err(told).boxed())
    }
}

/// Asks the server what it serves.
async fn learn(
    url: &str,
    channel: &Channel,
    metadata: &Metadata,
    limits: &Limits,
) -> Result<Schema, RpcError> {
    let patience = limits.handshake;
    match tokio::time::timeout(patience, reflection::learn(channel, metadata, limits)).await {
        Ok(schema) => schema.map_err(|error| unlearnt(at(url, &error))),
        Err(_) => Err(unreached(url, &format!("no word of its services within {patience:?}"))),
    }
}

/// The requests of a call that are all there. A method that takes one request takes an empty one if none is given.
fn whole(method: &MethodDescriptor, requests: Vec<Value>) -> Result<Vec<codec::Outgoing>, RpcError> {
    if !method.is_client_streaming() {
        if requests.is_empty() {
            return Ok(vec![Ok(DynamicMessage::new(method.input()))]);
        }
        if requests.len() > 1 {
            let message = format!("{} takes one request, got {}", method.full_name(), requests.len());
            return Err(RpcError::arose(Origin::Usage, message).with_kind(ErrorKind::InvalidParams));
        }
    }
    requests.into_iter().map(|request| codec::to_message(&method.input(), request).map(Ok)).collect()
}

/// What one answer may take in memory when it is decoded, and once more as values.
fn decoded_bytes(limits: &Limits) -> usize {
    limits.message_bytes.saturating_mul(16)
}

/// Bytes of headers, or of trailers, of one answer.
const HEADERS: u32 = 64 << 10;

fn endpoint(url: &str) -> Result<Endpoint, RpcError> {
    let endpoint = Endpoint::from_shared(url.to_owned())
        .map_err(|error| RpcError::arose(Origin::Usage, format!("{url}: {}", causes(&error))))?;
    // The connection's window is wide, or h2 0.4.20 takes a stream of small answers for a flood.
    Ok(endpoint
        .tcp_nodelay(true)
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(64 << 20)
        .http2_max_header_list_size(HEADERS))
}

type Metadata = Vec<(AsciiMetadataKey, AsciiMetadataValue)>;

fn metadata(options: &ClientOptions) -> Result<Metadata, RpcError> {
    let read = |(key, value): &(String, String)| {
        let pair = key.to_ascii_lowercase().parse().ok().zip(value.parse().ok());
        pair.ok_or_else(|| {
            let message = format!("{key:?} cannot be sent as metadata with this value");
            RpcError::arose(Origin::Usage, message)
        })
    };
    options.metadata.iter().map(read).collect()
}

fn unreached(url: &str, why: &str) -> RpcError {
    RpcError::arose(Origin::Connect, format!("cannot call {url}: {why}"))
}

/// What fails while the services are learnt has called no method. A server that is going away is as good as none.
fn unlearnt(error: RpcError) -> RpcError {
    match error.kind() {
        ErrorKind::Unavailable => error.with_origin(Origin::Connect),
        _ => error,
    }
}

/// An error of the connection names the address; one that the server sent is passed on as it is.
fn at(url: &str, status: &Status) -> RpcError {
    let Some(source) = status.source() else { return crate::error::from_status(status) };
    if is_from_connecting(source) {
        return not_connected(url, source);
    }
    let origin = if source.is::<Unreadable>() { Origin::Protocol } else { Origin::Lost };
    RpcError::arose(origin, format!("cannot call {url}: {}", causes(source)))
}

/// An answer that is none of gRPC's, or not of the type that the server said.
#[derive(Debug)]
struct Unreadable(String);

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unreadable {}

impl From<Unreadable> for Status {
    fn from(unreadable: Unreadable) -> Self {
        let mut status = Status::internal(unreadable.0.clone());
        status.set_source(Arc::new(unreadable));
        status
    }
}

fn not_connected(url: &str, error: &(dyn std::error::Error + 'static)) -> RpcError {
    let cause = manywire_http::deepest_cause(error);
    RpcError::arose(Origin::Connect, format!("cannot connect to {url}: {cause}"))
}

fn is_from_connecting(error: &(dyn std::error::Error + 'static)) -> bool {
    error.is::<ConnectError>() || error.source().is_some_and(is_from_connecting)
}

/// An error and what it came from, which is where the system's own words are.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}
