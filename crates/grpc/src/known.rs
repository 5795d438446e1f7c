//! The paths that the server answers, read from the descriptors that reflection shows.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, OnceLock};

use manywire_core::{CallMeter, Metrics};
use prost::Message as _;
use prost_types::{FileDescriptorSet, MethodDescriptorProto};
use tonic::body::Body;
use tonic::codegen::BoxFuture;

/// A service, whatever its type.
pub(crate) type Service =
    Box<dyn Fn(http::Request<Body>) -> BoxFuture<http::Response<Body>, Infallible> + Send + Sync>;

/// Services whose calls need no token: a balancer asks for health, a tool for the schema.
const OPEN: &[&str] = &[
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
];

/// Services that read and write files.
const TRANSFERS: &[&str] = &["FileService", "UpFileService"];

/// What is known of a method before it is called.
pub(crate) struct Known {
    /// `Greeter/SayHello`, as metrics show it.
    name: String,
    /// Which of the services answers it.
    pub(crate) service: usize,
    /// Whether it needs no token.
    pub(crate) is_open: bool,
    /// Whether it goes on for as long as the client likes, so that a shutdown has to end it.
    pub(crate) is_endless: bool,
    /// Whether its clients end it when they have heard enough: a conversation about the schema, a watch of health.
    pub(crate) ends_with_client: bool,
    /// Whether the request is a stream.
    pub(crate) takes_stream: bool,
    /// Whether the answer is a stream.
    pub(crate) answers_stream: bool,
    /// Whether it moves files, whose pieces are charged where they are read and written.
    pub(crate) is_transfer: bool,
    /// Whether the client decides message by message what is compressed.
    pub(crate) is_testing: bool,
    meter: OnceLock<Arc<CallMeter>>,
}

impl Known {
    /// The method's counters, made when it is first called.
    pub(crate) fn meter(&self, metrics: &Metrics) -> Arc<CallMeter> {
        self.meter.get_or_init(|| Arc::new(metrics.call("grpc", &self.name))).clone()
    }
}

/// The methods by their paths.
#[derive(Default)]
pub(crate) struct Paths {
    known: HashMap<String, Known>,
    services: Vec<String>,
}

impl Paths {
    /// Adds the services of a descriptor set.
    pub(crate) fn add(&mut self, descriptors: &[u8]) -> Result<(), prost::DecodeError> {
        let set = FileDescriptorSet::decode(descriptors)?;
        for file in &set.file {
            for service in &file.service {
                let full_name = match file.package() {
                    "" => service.name().to_owned(),
                    package => format!("{package}.{}", service.name()),
                };
                service.method.iter().for_each(|method| self.add_method(&full_name, method));
                self.services.push(full_name);
            }
        }
        Ok(())
    }

    fn add_method(&mut self, service: &str, method: &MethodDescriptorProto) {
        let name = format!("{service}/{}", method.name());
        // A conversation has no end of its own, and neither has health's Watch.
        let is_endless = method.server_streaming() && (method.client_streaming() || method.name() == "Watch");
        let known = Known {
            service: self.services.len(),
            is_open: OPEN.contains(&service),
            is_endless,
            ends_with_client: is_endless && OPEN.contains(&service),
            takes_stream: method.client_streaming(),
            answers_stream: method.server_streaming(),
            is_transfer: TRANSFERS.contains(&service),
            is_testing: service.starts_with("grpc.testing."),
            meter: OnceLock::new(),
            name,
        };
        self.known.insert(format!("/{}", known.name), known);
    }

    /// The method at a path.
    pub(crate) fn get(&self, path: &str) -> Option<&Known> {
        self.known.get(path)
    }

    /// The services' full names, in the order of [`Known::service`].
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
