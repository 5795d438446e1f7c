//! The server: settings, services, and the way in for requests.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, Method, StatusCode, Version};
use manywire_core::{Activity, Budget, Drain, Limits, Metrics};
use manywire_http::{Handler, Origins, Request, Response, reply};
use manywire_service::auth::Token;
use manywire_service::files::Files;
use tokio::sync::watch;
use tonic::body::Body;

use crate::caller::Caller;
use crate::intact::Intact;
use crate::known::{Known, Paths, Service};
use crate::protocol::Protocol;
use crate::services::Health;
use crate::{call, services, web};

/// What an operator decides.
pub struct Settings {
    /// Where files are stored; made if it is not there.
    pub data_dir: PathBuf,
    /// The time between two messages of a ticking stream.
    pub tick: Duration,
    /// What callers must show, if anything.
    pub token: Option<Token>,
    /// Whether to serve `grpc.testing.TestService` too.
    pub interop: bool,
    /// Web pages from these origins are told that they may call by gRPC-Web. Those of the same origin always may.
    pub web_origins: Origins,
    /// How much a caller may ask for.
    pub limits: Arc<Limits>,
    /// What counts the calls.
    pub metrics: Metrics,
    /// When to wind down.
    pub drain: Drain,
}

impl Settings {
    /// The defaults, with files in this directory.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            tick: Duration::from_secs(1),
            token: None,
            interop: false,
            web_origins: Origins::default(),
            limits: Arc::default(),
            metrics: Metrics::new(),
            drain: Drain::default(),
        }
    }
}

/// Answers gRPC and gRPC-Web requests. Clones are one server.
#[derive(Clone)]
pub struct Server {
    pub(crate) shared: Arc<Shared>,
    pub(crate) caller: Arc<Caller>,
}

/// What all calls need.
pub(crate) struct Shared {
    pub(crate) paths: Paths,
    services: Vec<Service>,
    pub(crate) token: Option<Token>,
    pub(crate) web_origins: Origins,
    pub(crate) metrics: Metrics,
    pub(crate) drain: Drain,
    /// Whether the server takes calls, for its health service.
    ready: watch::Sender<bool>,
}

impl Shared {
    /// Hands a request to its service.
    pub(crate) async fn call(&self, known: &Known, request: http::Request<Body>) -> http::Response<Body> {
        let Some(service) = self.services.get(known.service) else {
            return tonic::Status::unimplemented("the service is not served").into_http();
        };
        match service(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

impl Server {
    /// Opens the data directory and prepares the services. They are not ready until [`Server::set_ready`] says so.
    pub fn new(settings: Settings) -> io::Result<Self> {
        let files = Files::open(&settings.data_dir, &settings.limits).map_err(|error| {
            io::Error::new(
                error.kind(),
                format!("cannot use {} for files: {error}", settings.data_dir.display()),
            )
        })?;
        let mut paths = Paths::default();
        for descriptors in services::descriptors(settings.interop) {
            paths.add(descriptors).map_err(io::Error::other)?;
        }
        let ready = watch::Sender::new(false);
        let health = Health::new(ready.subscribe(), paths.services());
        let services = paths
            .services()
            .iter()
            .map(|name| services::service(name, &settings, &files, &health))
            .collect::<io::Result<Vec<_>>>()?;
        let shared = Shared {
            paths,
            services,
            token: settings.token,
            web_origins: settings.web_origins,
            metrics: settings.metrics,
            drain: settings.drain,
            ready,
        };
        let caller = Caller::new(&settings.limits, &Budget::alone(&settings.limits), &Activity::new());
        Ok(Self { shared: Arc::new(shared), caller })
    }

    /// The same server as one connection calls it, under these limits and with a budget of its own.
    #[must_use]
    pub fn for_connection(&self, limits: &Limits, budget: &Budget, activity: &Activity) -> Self {
        Self { shared: self.shared.clone(), caller: Caller::new(limits, budget, activity) }
    }

    /// What the health service says from now on, of the server and of each service.
    pub fn set_ready(&self, is_ready: bool) {
        self.shared.ready.send_if_modified(|ready| std::mem::replace(ready, is_ready) != is_ready);
    }
}

impl Handler for Server {
    async fn handle(&self, request: Request) -> Response {
        match Protocol::of(&request) {
            None => not_grpc(),
            Some(Protocol::Connect) => not_connect(),
            Some(Protocol::WebSocket) => not_in_websockets(),
            Some(Protocol::Preflight) => web::preflight(&self.shared.web_origins, request.headers()),
            Some(Protocol::Web(kind)) => {
                web::answer(self, request, kind).await.map(manywire_http::Body::stream)
            }
            Some(Protocol::Grpc) if request.version() != Version::HTTP_2 => not_http2(),
            Some(Protocol::Grpc) if request.method() != Method::POST => {
                manywire_http::method_not_allowed("POST")
            }
            Some(Protocol::Grpc) => {
                call::answer(self, request.map(Intact)).await.map(manywire_http::Body::stream)
            }
        }
    }
}

const TEXT: &str = "text/plain; charset=utf-8";

fn not_grpc() -> Response {
    not_taken("this port answers gRPC (content-type application/grpc) and gRPC-Web (application/grpc-web)\n")
}

fn not_connect() -> Response {
    not_taken("Connect is not served here; use gRPC (application/grpc) or gRPC-Web (application/grpc-web)\n")
}

fn not_taken(text: &'static str) -> Response {
    let mut response = reply(StatusCode::UNSUPPORTED_MEDIA_TYPE, TEXT, text);
    // For programs, which can tell from it what is spoken here.
    let taken = HeaderValue::from_static("application/grpc, application/grpc-web, application/grpc-web-text");
    response.headers_mut().insert(http::header::ACCEPT, taken);
    response
}

fn not_in_websockets() -> Response {
    let text = "gRPC-Web is not served in WebSockets; send it by POST, or use gRPC over HTTP/2\n";
    reply(StatusCode::NOT_IMPLEMENTED, TEXT, text)
}

fn not_http2() -> Response {
    reply(StatusCode::HTTP_VERSION_NOT_SUPPORTED, TEXT, "gRPC needs HTTP/2; over HTTP/1.1 send gRPC-Web\n")
}
