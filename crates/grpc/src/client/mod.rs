//! A client that is given only an address: it learns the services by reflection and calls any method with values.

mod calling;
mod codec;
mod reflection;
mod schema;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_core::Stream;
use futures_core::stream::BoxStream;
use futures_util::{StreamExt as _, stream};
use manywire_core::{ErrorKind, Limits, RpcError, Value};
use tonic::metadata::{AsciiMetadataKey, AsciiMetadataValue};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};

pub use schema::MethodInfo;
use schema::Schema;

/// How to connect, and what every call carries.
#[derive(Clone, Default)]
pub struct ClientOptions {
    /// What each call may take; its server is told too.
    pub timeout: Option<Duration>,
    /// Metadata sent with each call, such as `appid` and `appkey`.
    pub metadata: Vec<(String, String)>,
    /// Whom to trust, and how to show who we are, at an `https` address.
    pub tls: TlsOptions,
    /// How large an answer may be, and how long connecting may take.
    pub limits: Limits,
}

/// TLS from PEM texts.
#[derive(Clone, Default)]
pub struct TlsOptions {
    /// Authorities to trust in place of the public ones.
    pub authorities: Option<String>,
    /// Our certificate and its key, where the server asks for one.
    pub identity: Option<(String, String)>,
    /// The name to expect in the server's certificate, where it differs from the address.
    pub server_name: Option<String>,
}

/// Calls the methods of one server. Clones share its connection; many calls may be in flight.
#[derive(Clone)]
pub struct Client {
    channel: Channel,
    schema: Arc<Schema>,
    options: Arc<ClientOptions>,
    url: Arc<str>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Client {
    /// Connects to an `http://` or `https://` address and asks what is served there.
    pub async fn connect(url: &str, options: ClientOptions) -> Result<Self, RpcError> {
        let patience = options.limits.handshake;
        let (endpoint, metadata) = (endpoint(url, &options)?, metadata(&options)?);
        let channel = match tokio::time::timeout(patience, endpoint.connect()).await {
            Ok(Ok(channel)) => channel,
            Ok(Err(error)) => return Err(unreachable(url, &causes(&error))),
            Err(_) => return Err(unreachable(url, &format!("no connection within {patience:?}"))),
        };
        let schema = match tokio::time::timeout(patience, reflection::learn(&channel, &metadata)).await {
            Ok(schema) => schema.map_err(|error| at(url, &error))?,
            Err(_) => return Err(unreachable(url, &format!("no word of its services within {patience:?}"))),
        };
        Ok(Self { channel, schema: Arc::new(schema), options: Arc::new(options), url: url.into() })
    }

    /// What the server's methods are called, and what they take and return.
    pub fn methods(&self) -> Vec<MethodInfo> {
        self.schema.methods()
    }

    /// One method, by `Greeter/SayHello` or `Greeter.SayHello`.
    pub fn method(&self, name: &str) -> Result<MethodInfo, RpcError> {
        self.schema.find(name).map(|method| MethodInfo::new(&method))
    }

    /// Calls a method that answers once. It is given one request, or several where it takes a stream of them.
    pub async fn call(&self, name: &str, requests: Vec<Value>) -> Result<Value, RpcError> {
        let method = self.schema.find(name)?;
        if method.is_server_streaming() {
            let message = format!("{name} answers with a stream");
            return Err(RpcError::new(ErrorKind::Unsupported, message));
        }
        let mut answers = self.begin(&method, stream::iter(whole(&method, requests)?)).await?;
        let answer = answers.next().await;
        // The status comes after the answer, and may yet be an error.
        match (answer, answers.next().await) {
            (_, Some(Err(error))) | (Some(Err(error)), _) => Err(error),
            (Some(Ok(answer)), None) => Ok(answer),
            _ => Err(RpcError::internal(format!("{name} did not answer with one message"))),
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
            return self.begin(&method, requests).await;
        }
        let requests = whole(&method, requests.collect().await)?;
        self.begin(&method, stream::iter(requests)).await
    }
}

/// The requests of a call that are all there. A method that takes one request takes an empty one if none is given.
fn whole(method: &prost_reflect::MethodDescriptor, mut requests: Vec<Value>) -> Result<Vec<Value>, RpcError> {
    if !method.is_client_streaming() {
        if requests.is_empty() {
            requests.push(Value::Map(Vec::new()));
        }
        if requests.len() > 1 {
            let message = format!("{} takes one request, got {}", method.full_name(), requests.len());
            return Err(RpcError::invalid_params(message));
        }
    }
    requests.iter().try_for_each(|request| codec::check(&method.input(), request))?;
    Ok(requests)
}

fn endpoint(url: &str, options: &ClientOptions) -> Result<Endpoint, RpcError> {
    let invalid = |why: String| RpcError::invalid_params(format!("{url}: {why}"));
    let endpoint = Endpoint::from_shared(url.to_owned()).map_err(|error| invalid(causes(&error)))?;
    let endpoint = endpoint
        .tcp_nodelay(true)
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(2 << 20);
    if endpoint.uri().scheme_str() != Some("https") {
        return Ok(endpoint);
    }
    let mut tls = match &options.tls.authorities {
        Some(pem) => ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem)),
        None => ClientTlsConfig::new().with_webpki_roots(),
    };
    if let Some((certificate, key)) = &options.tls.identity {
        tls = tls.identity(Identity::from_pem(certificate, key));
    }
    if let Some(name) = &options.tls.server_name {
        tls = tls.domain_name(name);
    }
    endpoint.tls_config(tls).map_err(|error| invalid(causes(&error)))
}

type Metadata = Vec<(AsciiMetadataKey, AsciiMetadataValue)>;

fn metadata(options: &ClientOptions) -> Result<Metadata, RpcError> {
    let read = |(key, value): &(String, String)| {
        let pair = key.to_ascii_lowercase().parse().ok().zip(value.parse().ok());
        pair.ok_or_else(|| {
            RpcError::invalid_params(format!("{key:?} cannot be sent as metadata with this value"))
        })
    };
    options.metadata.iter().map(read).collect()
}

fn unreachable(url: &str, why: &str) -> RpcError {
    RpcError::new(ErrorKind::Unavailable, format!("cannot call {url}: {why}"))
}

/// An error of the connection names the address; one that the server sent is passed on as it is.
fn at(url: &str, status: &tonic::Status) -> RpcError {
    match std::error::Error::source(status) {
        Some(source) => unreachable(url, &causes(source)),
        None => crate::error::from_status(status),
    }
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
