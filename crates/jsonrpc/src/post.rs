//! How jsonrpsee's client is given a way to connect that is not its own.
//!
//! jsonrpsee-http-client 0.26 makes its connector itself, and takes TLS only as the whole rustls configuration of its own
//! feature. Its middleware may answer in the place of the transport, though, and that is what is done here.

use std::error::Error;
use std::fmt;

use http::HeaderMap;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::Connect;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use jsonrpsee_core::client::Error as ClientError;
use jsonrpsee_core::http_helpers;
use jsonrpsee_http_client::transport::{Error as TransportError, HttpBackend};
use jsonrpsee_http_client::{HttpBody, HttpClientBuilder, HttpRequest, HttpResponse, RpcLogger, RpcService};
use manywire_core::Limits;
use tower::util::BoxCloneSyncService;
use tower::{ServiceBuilder, ServiceExt as _};

use crate::client::{NO_TIMEOUT, message_bytes};

/// What sends a request and brings its answer.
type Http = BoxCloneSyncService<HttpRequest, HttpResponse<hyper::body::Incoming>, TransportError>;

/// jsonrpsee's client over it.
pub(crate) type HttpClient = jsonrpsee_http_client::HttpClient<RpcLogger<RpcService<Http>>>;

/// A client that connects through `connector`.
pub(crate) fn client(
    connector: impl Connect + Clone + Send + Sync + 'static,
    url: &str,
    headers: HeaderMap,
    limits: &Limits,
) -> Result<HttpClient, ClientError> {
    let http = legacy::Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(manywire_http::IDLE)
        .build::<_, HttpBody>(connector);
    let http = http.map_request(|mut request: HttpRequest| {
        // jsonrpsee calls it in the task of its own caller.
        manywire_http::hand_on_terms(request.headers_mut());
        request
    });
    let http = Http::new(http.map_err(failure));
    let bytes = message_bytes(limits);
    HttpClientBuilder::new()
        .set_headers(headers)
        .max_request_size(bytes)
        .max_response_size(bytes)
        .request_timeout(NO_TIMEOUT)
        .set_http_middleware(ServiceBuilder::new().layer_fn(move |_: HttpBackend| http.clone()))
        .build(url)
}

fn failure(error: legacy::Error) -> TransportError {
    let error: Box<dyn Error + Send + Sync> =
        if error.is_connect() { Box::new(Unreached(error)) } else { Box::new(error) };
    TransportError::Http(http_helpers::HttpError::Stream(error))
}

/// No connection could be made, so that nothing was sent.
#[derive(Debug)]
pub(crate) struct Unreached(legacy::Error);

impl Unreached {
    /// Looks for it in an error of the transport.
    pub(crate) fn find<'e>(error: &'e (dyn Error + Send + Sync + 'static)) -> Option<&'e Self> {
        match error.downcast_ref() {
            Some(TransportError::Http(http_helpers::HttpError::Stream(cause))) => cause.downcast_ref(),
            _ => None,
        }
    }
}

impl fmt::Display for Unreached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Unreached {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}
