//! The server: settings, services, and the way in for requests.

use std::future::Future;
use std::sync::{Arc, OnceLock};

use futures_util::FutureExt as _;
use futures_util::future::Either;
use http::{HeaderValue, Method, StatusCode, Version};
use manywire_core::{Activity, Budget, Dispatch, Drain, Limits, Methods, Metrics, Peer};
use manywire_http::{Handler, Origins, Request, Response, reply};
use manywire_protobuf::Files;
use prost_types::FileDescriptorProto;
use tokio::sync::watch;
use tonic::body::Body;

use crate::caller::Caller;
use crate::intact::Intact;
use crate::known::{Paths, Service};
use crate::protocol::Protocol;
use crate::registry::{self, Catalogue, Naming, Undescribable};
use crate::services::{Health, Mounted, Reflection};
use crate::{call, pb, services, web};

/// What an operator decides.
#[derive(Clone)]
pub struct Settings {
    /// The methods.
    pub methods: Arc<Methods>,
    /// Where those are that no `.proto` names.
    pub naming: Naming,
    /// Services beside the registry.
    pub mounted: Vec<Mounted>,
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
    /// The defaults, with these methods.
    pub fn new(methods: impl Into<Arc<Methods>>) -> Self {
        Self {
            methods: methods.into(),
            naming: Naming::default(),
            mounted: Vec::new(),
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
    dispatch: Arc<Dispatch>,
    mounted: Vec<Service>,
    pub(crate) web_origins: Origins,
    pub(crate) drain: Drain,
    /// Whether the server takes calls, for its health service.
    ready: Arc<watch::Sender<bool>>,
    settings: Settings,
    /// What took its place.
    next: OnceLock<Arc<Shared>>,
}

impl Shared {
    /// Describes the methods, for a new server or in the place of one.
    fn new(settings: Settings, instead_of: Option<&Shared>) -> Result<Self, Undescribable> {
        let Settings { methods, naming, mut mounted, interop, web_origins, limits, metrics, drain } =
            settings.clone();
        let Catalogue { methods: registered, mut files } = registry::describe(&methods, &naming)?;
        let mut paths = Paths::default();
        registered.iter().for_each(|method| paths.add_registered(method));
        if methods.has_fallback() {
            paths.set_open(registry::open(&naming)?);
        }
        if interop {
            mounted.push(services::testing(limits.message_bytes));
        }
        for mounted in &mounted {
            add_files(&mut files, mounted.descriptors, mounted.name)?;
        }
        let ready = instead_of.map_or_else(|| Arc::new(watch::Sender::new(false)), |old| old.ready.clone());
        mounted.extend(own_services(&mut files, &paths, &mounted, &ready, limits.message_bytes)?);
        let known: Files = files.iter().collect();
        for (place, mounted) in mounted.iter().enumerate() {
            let described = known.services().find(|(name, _)| *name == mounted.name);
            let (name, methods) = described.ok_or_else(|| {
                Undescribable::new(format!("{} is mounted, and not in its descriptors", mounted.name))
            })?;
            if paths.services().iter().any(|known| known == name) {
                return Err(Undescribable::new(format!("there are two services called {name}: rename one")));
            }
            paths.add_mounted(place, name, methods);
        }
        let dispatch = match instead_of {
            None => Dispatch::new("grpc", methods, &metrics),
            Some(old) => {
                old.dispatch.replace(methods);
                old.dispatch.clone()
            }
        };
        let mounted = mounted.into_iter().map(|mounted| mounted.service).collect();
        let next = OnceLock::new();
        Ok(Self { paths, dispatch, mounted, web_origins, drain, ready, settings, next })
    }

    /// What answers calls now.
    pub(crate) fn latest(&self) -> &Shared {
        let mut latest = self;
        while let Some(next) = latest.next.get() {
            latest = next;
        }
        latest
    }

    /// Hands a request to a mounted service.
    pub(crate) async fn call(&self, service: usize, request: http::Request<Body>) -> http::Response<Body> {
        let Some(service) = self.mounted.get(service) else {
            return tonic::Status::unimplemented("the service is not served").into_http();
        };
        match service(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

impl Server {
    /// Describes the methods. The services are not ready until [`Server::set_ready`] says so.
    pub fn new(settings: Settings) -> Result<Self, Undescribable> {
        let limits = settings.limits.clone();
        let shared = Shared::new(settings, None)?;
        let budget = Budget::alone(&limits);
        let caller = Caller::new(&shared.dispatch, &limits, &budget, &Activity::new(), Peer::default());
        Ok(Self { shared: Arc::new(shared), caller })
    }

    /// Has all calls from now on go to these methods, those of open connections too. Calls under way go on as they began.
    pub fn replace(&self, methods: Arc<Methods>) -> Result<(), Undescribable> {
        let mut last = self.shared.latest();
        let settings = Settings { methods, ..last.settings.clone() };
        let next = Arc::new(Shared::new(settings, Some(last))?);
        // Whoever else replaces at the same time may have been first.
        while last.next.set(next.clone()).is_err() {
            last = last.latest();
        }
        Ok(())
    }

    /// The same server as the connection of this peer calls it, under these limits and with a budget of its own.
    #[must_use]
    pub fn for_connection(&self, limits: &Limits, budget: &Budget, activity: &Activity, peer: Peer) -> Self {
        let caller = Caller::new(&self.shared.dispatch, limits, budget, activity, peer);
        Self { shared: self.shared.clone(), caller }
    }

    /// What the health service says from now on, of the server and of each service.
    pub fn set_ready(&self, is_ready: bool) {
        self.shared.ready.send_if_modified(|ready| std::mem::replace(ready, is_ready) != is_ready);
    }
}

impl Drop for Shared {
    /// One after the other, however many there were.
    fn drop(&mut self) {
        let mut next = self.next.take();
        while let Some(mut shared) = next.and_then(Arc::into_inner) {
            next = shared.next.take();
        }
    }
}

/// Health and reflection, which tell of all services, themselves included.
fn own_services(
    files: &mut Vec<FileDescriptorProto>,
    paths: &Paths,
    mounted: &[Mounted],
    ready: &watch::Sender<bool>,
    message_bytes: usize,
) -> Result<Vec<Mounted>, Undescribable> {
    let health = "grpc.health.v1.Health";
    add_files(files, pb::HEALTH, health)?;
    let reflections = ["grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"];
    for (set, name) in services::REFLECTION.into_iter().zip(reflections) {
        add_files(files, set, name)?;
    }
    // No services, but what the details of errors are made of.
    add_files(files, tonic_types::pb::FILE_DESCRIPTOR_SET, "")?;
    let names = paths.services().iter().cloned().chain(mounted.iter().map(|mounted| mounted.name.to_owned()));
    let names: Vec<String> = names.chain([health.to_owned()]).chain(reflections.map(str::to_owned)).collect();
    let reflection = Reflection::new(files.clone()).map_err(|error| {
        Undescribable::new(format!("the descriptors of the services do not go together: {error}"))
    })?;
    let mut own = vec![services::health(Health::new(ready.subscribe(), &names), message_bytes)];
    own.extend(services::reflection(&reflection, message_bytes));
    Ok(own)
}

/// Adds the files of a set, with no other service than this one.
fn add_files(files: &mut Vec<FileDescriptorProto>, set: &[u8], service: &str) -> Result<(), Undescribable> {
    let mut more = services::files(set)?;
    for file in &mut more {
        let package = file.package().to_owned();
        file.service.retain(|known| registry::full(&package, known.name()) == service);
    }
    registry::add_new(files, more);
    Ok(())
}

impl Handler for Server {
    fn handle(&self, request: Request) -> impl Future<Output = Response> + Send {
        match Protocol::of(&request) {
            Some(Protocol::Grpc)
                if request.version() == Version::HTTP_2 && request.method() == Method::POST =>
            {
                let answer = call::answer(self, request.map(Intact));
                Either::Left(answer.map(|answer| answer.map(manywire_http::Body::stream)))
            }
            // Boxed, so that a call of gRPC does not take the memory of this.
            other => Either::Right(Box::pin(self.handle_other(other, request))),
        }
    }
}

impl Server {
    /// Answers what is no call of gRPC.
    async fn handle_other(&self, protocol: Option<Protocol>, request: Request) -> Response {
        match protocol {
            None => not_grpc(),
            Some(Protocol::Connect) => not_connect(),
            Some(Protocol::WebSocket) => not_in_websockets(),
            Some(Protocol::Preflight) => web::preflight(&self.shared.web_origins, request.headers()),
            Some(Protocol::Web(kind)) => {
                web::answer(self, request, kind).await.map(manywire_http::Body::stream)
            }
            Some(Protocol::Grpc) if request.version() != Version::HTTP_2 => not_http2(),
            Some(Protocol::Grpc) => manywire_http::method_not_allowed("POST"),
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
