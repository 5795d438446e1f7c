//! The paths that the server answers.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, OnceLock};

use manywire_core::{CallMeter, Kind, Session};
use manywire_protobuf::Schema;
use prost_types::MethodDescriptorProto;
use tonic::body::Body;
use tonic::codegen::BoxFuture;

use crate::registry::Registered;

/// A service, whatever its type.
pub(crate) type Service =
    Arc<dyn Fn(http::Request<Body>) -> BoxFuture<http::Response<Body>, Infallible> + Send + Sync>;

/// Services whose streams go on until their clients have heard enough: a conversation about the schema, a watch of health.
const HEARD: &[&str] = &[
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
];

/// What answers a method.
pub(crate) enum Target {
    /// The registry.
    Registered(Arc<Registered>),
    /// The mounted service at this place.
    Mounted(usize),
}

/// What is known of a method before it is called.
pub(crate) struct Known {
    /// As guards and metrics know it: `Greeter.SayHello` in the registry, `grpc.health.v1.Health/Check` of a mounted service.
    pub(crate) name: String,
    pub(crate) target: Target,
    /// Whether it goes on for as long as the client likes, so that a shutdown has to end it.
    pub(crate) is_endless: bool,
    /// Whether its clients end it when they have heard enough: a conversation about the schema, a watch of health.
    pub(crate) ends_with_client: bool,
    /// Whether the request is a stream.
    pub(crate) takes_stream: bool,
    /// Whether the answer is a stream.
    pub(crate) answers_stream: bool,
    /// Whether the client decides message by message what is compressed.
    pub(crate) is_testing: bool,
    meter: OnceLock<Arc<CallMeter>>,
}

impl Known {
    /// The method's counters, made when it is first called.
    pub(crate) fn meter(&self, session: &Session) -> Arc<CallMeter> {
        self.meter.get_or_init(|| Arc::new(session.meter(&self.name))).clone()
    }
}

/// The methods by their paths.
#[derive(Default)]
pub(crate) struct Paths {
    known: HashMap<String, Known>,
    services: Vec<String>,
    open: Option<Open>,
}

/// Takes calls of paths that are not known: of methods with one request and one answer, both of any type.
pub(crate) struct Open {
    pub(crate) request: Schema,
    pub(crate) answer: Schema,
    /// The service of methods that have no dot in their names.
    pub(crate) service: String,
}

impl Paths {
    /// Adds a method of the registry.
    pub(crate) fn add_registered(&mut self, method: &Arc<Registered>) {
        let service = method.path.rsplit_once('/').map_or("", |(service, _)| service);
        if self.services.iter().all(|known| known != service) {
            self.services.push(service.to_owned());
        }
        let known = Known {
            name: method.name.clone(),
            target: Target::Registered(method.clone()),
            // A conversation has no end of its own.
            is_endless: method.kind == Kind::TwoWay,
            ends_with_client: false,
            takes_stream: method.kind.takes_stream(),
            answers_stream: method.kind.answers_stream(),
            is_testing: false,
            meter: OnceLock::new(),
        };
        self.known.insert(format!("/{}", method.path), known);
    }

    /// Adds the mounted service at this place.
    pub(crate) fn add_mounted(&mut self, place: usize, service: &str, methods: &[MethodDescriptorProto]) {
        self.services.push(service.to_owned());
        for method in methods {
            let name = format!("{service}/{}", method.name());
            // Neither has an end of its own.
            let is_endless =
                method.server_streaming() && (method.client_streaming() || method.name() == "Watch");
            let known = Known {
                target: Target::Mounted(place),
                is_endless,
                ends_with_client: is_endless && HEARD.contains(&service),
                takes_stream: method.client_streaming(),
                answers_stream: method.server_streaming(),
                is_testing: service.starts_with("grpc.testing."),
                meter: OnceLock::new(),
                name,
            };
            self.known.insert(format!("/{}", known.name), known);
        }
    }

    /// The method at a path.
    pub(crate) fn get(&self, path: &str) -> Option<&Known> {
        self.known.get(path)
    }

    /// Has paths that are not known taken all the same.
    pub(crate) fn set_open(&mut self, open: Open) {
        self.open = Some(open);
    }

    /// The method of a path that is not known. Whoever makes up paths makes up no counters: all have this one.
    pub(crate) fn open(&self, path: &str, meter: Arc<CallMeter>) -> Option<Known> {
        let Open { request, answer, service: usual } = self.open.as_ref()?;
        let (service, method) = path.strip_prefix('/')?.split_once('/')?;
        let name = if service == usual { method.to_owned() } else { format!("{service}.{method}") };
        let method = Registered {
            name: name.clone(),
            path: path.to_owned(),
            kind: Kind::Unary,
            request: request.clone(),
            answer: answer.clone(),
        };
        Some(Known {
            name,
            target: Target::Registered(Arc::new(method)),
            is_endless: false,
            ends_with_client: false,
            takes_stream: false,
            answers_stream: false,
            is_testing: false,
            meter: OnceLock::from(meter),
        })
    }

    /// The services' full names.
    pub(crate) fn services(&self) -> &[String] {
        &self.services
    }

    /// What is wrong with a path that is not known.
    pub(crate) fn explain(&self, path: &str) -> String {
        let (service, method) = path.trim_start_matches('/').rsplit_once('/').unwrap_or((path, ""));
        if self.services.iter().any(|known| known == service) {
            return format!("unknown method {method} for service {service}");
        }
        format!("unknown service {service}; reflection or `manywire list` shows those that there are")
    }
}
