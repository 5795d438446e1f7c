//! A client that posts each call, for servers whose JSON form is behind HTTP.

use std::fmt::Display;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Request, Uri};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper_util::client::legacy::connect::{Connect, HttpConnector};
use hyper_util::client::legacy::{self, Error as HttpError};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use manywire_core::{Arguments, Limits, Origin, Returns, RpcError};

use crate::json::{read_reply, write_request};

/// Posts each call to a server's `/jsonrpc`; connections are kept and reused. Clones share them.
#[derive(Clone)]
pub struct PostClient<C = HttpConnector> {
    http: legacy::Client<C, Full<Bytes>>,
    uri: Uri,
    headers: HeaderMap,
    limit: usize,
}

impl PostClient {
    /// A client of the server at `uri`, such as `http://127.0.0.1:1234/jsonrpc`. Connects when it is first used.
    pub fn new(uri: Uri, limits: &Limits) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        PostClient::over(connector, uri, limits)
    }
}

impl<C: Connect + Clone + Send + Sync + 'static> PostClient<C> {
    /// A client that connects in a way of the caller's, with TLS for example.
    pub fn over(connector: C, uri: Uri, limits: &Limits) -> Self {
        let http = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(manywire_http::IDLE)
            .build(connector);
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        Self { http, uri, headers, limit: limits.message_bytes }
    }

    /// The same client, which sends these headers with every call.
    #[must_use]
    pub fn with_headers(mut self, headers: HeaderMap) -> Self {
        self.headers.extend(headers);
        self
    }

    /// Calls a method and waits for its answer.
    pub async fn call<A: Returns, R: Arguments>(&self, method: &str, argument: A) -> Result<R, RpcError> {
        let mut body = Vec::new();
        write_request(0, method, &argument, &mut body)?;
        let answer = self.post(body).await?;
        let json = String::from_utf8_lossy(&answer);
        read_reply(&json)?.1.read()
    }

    async fn post(&self, body: Vec<u8>) -> Result<Bytes, RpcError> {
        let mut request = Request::post(self.uri.clone())
            .body(Full::from(body))
            .map_err(|e| self.failed(Origin::Usage, &e))?;
        *request.headers_mut() = self.headers.clone();
        manywire_http::hand_on_terms(request.headers_mut());
        let response = self.http.request(request).await.map_err(|e| self.unreachable(&e))?;
        let status = response.status();
        let body = Limited::new(response.into_body(), self.limit).collect().await;
        let body = body.map_err(|error| {
            let origin = if error.is::<LengthLimitError>() { Origin::Protocol } else { Origin::Lost };
            self.failed(origin, &error)
        });
        let body = body?.to_bytes();
        // A refusal that is a JSON-RPC reply explains itself.
        if status.is_success() || body.starts_with(b"{") {
            return Ok(body);
        }
        Err(self.failed(Origin::Lost, &format_args!("the server answered {status}")))
    }

    fn unreachable(&self, error: &HttpError) -> RpcError {
        let cause = manywire_http::deepest_cause(error);
        if !error.is_connect() {
            return self.failed(Origin::Lost, &cause);
        }
        RpcError::arose(Origin::Connect, format!("cannot connect to {}: {cause}", self.uri))
    }

    fn failed(&self, origin: Origin, why: &dyn Display) -> RpcError {
        RpcError::arose(origin, format!("{}: {why}", self.uri))
    }
}
