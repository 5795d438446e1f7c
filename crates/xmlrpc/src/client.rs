//! Calls to any XML-RPC server, over connections that are kept and shared.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Uri};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::client::legacy::connect::{Connect, HttpConnector};
use hyper_util::client::legacy::{self, Error as HttpError};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use manywire_core::{Budget, ErrorKind, Limits, Origin, RpcError, Value};
use manywire_http::{BodyError, PacedBody, read_body};

use crate::document::Document;
use crate::encode::kind;
use crate::message::{encode_call, read_fault};
use crate::system::MULTICALL;

/// Calls the methods of one server. Clones share its connections; many calls may be in flight.
///
/// Dropping a call's future gives the call up.
#[derive(Clone)]
pub struct Client<C = HttpConnector> {
    http: legacy::Client<C, Full<Bytes>>,
    uri: Uri,
    headers: HeaderMap,
    limits: Arc<Limits>,
    timeout: Option<Duration>,
}

impl Client {
    /// A client of the server at an `http://` address; it connects with the first call.
    pub fn connect(url: &str, limits: &Limits) -> Result<Self, RpcError> {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Client::over(connector, url, limits)
    }
}

impl<C: Connect + Clone + Send + Sync + 'static> Client<C> {
    /// A client that connects in a way of the caller's, with TLS for example.
    pub fn over(connector: C, url: &str, limits: &Limits) -> Result<Self, RpcError> {
        let http = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(manywire_http::IDLE)
            .build(connector);
        let headers = [
            (CONTENT_TYPE, "text/xml"),
            (ACCEPT_ENCODING, "gzip"),
            (USER_AGENT, concat!("manywire/", env!("CARGO_PKG_VERSION"))),
        ];
        let headers =
            headers.map(|(name, value)| (name, HeaderValue::from_static(value))).into_iter().collect();
        Ok(Self { http, uri: address(url)?, headers, limits: Arc::new(limits.clone()), timeout: None })
    }

    /// The same client, which sends these headers with every call.
    #[must_use]
    pub fn with_headers(mut self, headers: HeaderMap) -> Self {
        self.headers.extend(headers);
        self
    }

    /// The same client with a limit on how long a call may take.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout: Some(timeout), ..self }
    }

    /// Calls a method.
    pub async fn call(&self, method: &str, params: Vec<Value>) -> Result<Value, RpcError> {
        let body = encode_call(method, &params).map_err(|error| {
            let message = format!("{method} cannot be called: {error}");
            RpcError::arose(Origin::Usage, message).with_kind(ErrorKind::InvalidParams)
        })?;
        let exchange = self.exchange(body);
        match self.timeout {
            None => exchange.await,
            Some(limit) => {
                tokio::time::timeout(limit, exchange).await.unwrap_or_else(|_| Err(self.too_late(limit)))
            }
        }
    }

    /// Makes many calls in one exchange, where the server has `system.multicall`; each has its own outcome.
    pub async fn multicall(
        &self,
        calls: impl IntoIterator<Item = (&str, Vec<Value>)>,
    ) -> Result<Vec<Result<Value, RpcError>>, RpcError> {
        let entry = |(name, params): (&str, Vec<Value>)| {
            Value::map([("methodName", Value::from(name)), ("params", Value::Array(params))])
        };
        let calls: Vec<Value> = calls.into_iter().map(entry).collect();
        let count = calls.len();
        match self.call(MULTICALL, vec![calls.into()]).await? {
            Value::Array(outcomes) if outcomes.len() == count => {
                Ok(outcomes.into_iter().map(outcome).collect())
            }
            other => {
                let what = format!("{count} calls were answered with {}", kind(&other));
                Err(self.no_xml_rpc(Origin::Protocol, &what))
            }
        }
    }

    async fn exchange(&self, body: Vec<u8>) -> Result<Value, RpcError> {
        let mut request = Request::post(self.uri.clone())
            .body(Full::from(body))
            .map_err(|e| self.no_xml_rpc(Origin::Usage, &e))?;
        *request.headers_mut() = self.headers.clone();
        manywire_http::hand_on_terms(request.headers_mut());
        let response = self.http.request(request).await.map_err(|error| self.unreachable(&error))?;
        self.read(response).await
    }

    async fn read(&self, response: Response<Incoming>) -> Result<Value, RpcError> {
        let (head, body) = response.into_parts();
        let mut body = PacedBody::new(body, &self.limits);
        let body = read_body(&head.headers, &mut body, &self.limits, &Budget::alone(&self.limits))
            .await
            .map_err(|error| self.no_xml_rpc(origin_of(&error), &error))?;
        let content_type = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        match Document::new(&body).with_content_type(content_type).response(&self.limits) {
            Ok(outcome) => outcome.map_err(RpcError::from),
            Err(_) if head.status != StatusCode::OK => {
                Err(self.no_xml_rpc(Origin::Lost, &format!("HTTP status {}", head.status)))
            }
            Err(error) => Err(self.no_xml_rpc(Origin::Protocol, &error)),
        }
    }

    fn unreachable(&self, error: &HttpError) -> RpcError {
        let (origin, phase) = match error.is_connect() {
            true => (Origin::Connect, "cannot connect to"),
            false => (Origin::Lost, "the connection broke to"),
        };
        let cause = manywire_http::deepest_cause(error);
        RpcError::arose(origin, format!("{phase} {}: {cause}", self.uri))
    }

    fn no_xml_rpc(&self, origin: Origin, what: &dyn std::fmt::Display) -> RpcError {
        RpcError::arose(origin, format!("{} gave no XML-RPC answer: {what}", self.uri))
    }

    fn too_late(&self, limit: Duration) -> RpcError {
        RpcError::arose(Origin::Time, format!("no answer from {} within {limit:?}", self.uri))
    }
}

fn origin_of(error: &BodyError) -> Origin {
    match error {
        BodyError::Broken(_) | BodyError::TimedOut => Origin::Lost,
        _ => Origin::Protocol,
    }
}

/// The address, with Python's default path where it has none.
fn address(url: &str) -> Result<Uri, RpcError> {
    let refuse = |why: &dyn std::fmt::Display| {
        RpcError::arose(
            Origin::Usage,
            format!("{url} is no address such as http://127.0.0.1:8088/RPC2: {why}"),
        )
    };
    let uri: Uri = url.parse().map_err(|error| refuse(&error))?;
    if uri.host().is_none() || !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Err(refuse(&"it needs http:// and a host"));
    }
    if uri.path() != "/" || url.ends_with('/') || uri.query().is_some() {
        return Ok(uri);
    }
    format!("{url}/RPC2").parse().map_err(|error| refuse(&error))
}

/// One outcome out of a multicall's: `[result]`, or a fault.
fn outcome(entry: Value) -> Result<Value, RpcError> {
    if let Some(fault) = read_fault(&entry) {
        return Err(fault.into());
    }
    match entry {
        Value::Array(mut result) if result.len() == 1 => Ok(result.remove(0)),
        other => {
            let message = format!("a call's outcome is [result] or a fault, got {}", kind(&other));
            Err(RpcError::arose(Origin::Protocol, message))
        }
    }
}
