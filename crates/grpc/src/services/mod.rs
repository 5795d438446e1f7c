//! Services beside the registry: health, reflection, the interop service, and what a program mounts.

mod health;
mod reflection;

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;

use futures_core::Stream;
use prost::Message as _;
use prost_types::{FileDescriptorProto, FileDescriptorSet};
use tonic::Status;
use tonic::body::Body;
use tonic::codec::CompressionEncoding::{Gzip, Zstd};
use tonic::codegen::BoxFuture;
use tonic::server::NamedService;
use tonic_reflection::server::v1::ServerReflectionServer as ReflectionServer;
use tonic_reflection::server::v1alpha::ServerReflectionServer as OldReflectionServer;

use crate::interop::{Observed, TestService};
use crate::known::Service;
use crate::pb;
use crate::pb::health::health_server::HealthServer;
use crate::pb::testing::test_service_server::TestServiceServer;
use crate::registry::Undescribable;
pub(crate) use crate::services::health::Health;
pub(crate) use crate::services::reflection::Reflection;

/// A stream of answers.
pub(crate) type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// A service that is no method of the registry: one that tonic has generated, say.
#[derive(Clone)]
pub struct Mounted {
    pub(crate) name: &'static str,
    pub(crate) descriptors: &'static [u8],
    pub(crate) service: Service,
}

impl Mounted {
    /// A service with the set of file descriptors that describes it, for reflection.
    pub fn new<S>(service: S, descriptors: &'static [u8]) -> Self
    where
        S: tower::Service<
                http::Request<Body>,
                Response = http::Response<Body>,
                Error = Infallible,
                Future = BoxFuture<http::Response<Body>, Infallible>,
            > + NamedService
            + Clone
            + Send
            + Sync
            + 'static,
    {
        // What tonic generates is always ready.
        let service = Arc::new(move |request| service.clone().call(request));
        Self { name: S::NAME, descriptors, service }
    }
}

/// Every server that tonic generates has these methods, and no trait that says so. Messages come to them decompressed; what
/// is accepted is for the answer to a client that uses something else.
macro_rules! limited {
    ($server:expr, $limit:expr) => {
        $server.accept_compressed(Gzip).accept_compressed(Zstd).max_decoding_message_size($limit)
    };
}

/// `grpc.testing.TestService`, for gRPC's own interop clients.
pub(crate) fn testing(message_bytes: usize) -> Mounted {
    let test = TestService::new(message_bytes);
    Mounted::new(Observed(limited!(TestServiceServer::new(test), message_bytes)), pb::TESTING)
}

pub(crate) fn health(health: Health, message_bytes: usize) -> Mounted {
    Mounted::new(limited!(HealthServer::new(health), message_bytes), pb::HEALTH)
}

/// Reflection in both its versions.
pub(crate) fn reflection(reflection: &Reflection, message_bytes: usize) -> [Mounted; 2] {
    use tonic_reflection::pb::{v1, v1alpha};
    let new = ReflectionServer::new(reflection.clone());
    let old = OldReflectionServer::new(reflection.clone());
    [
        Mounted::new(limited!(new, message_bytes), v1::FILE_DESCRIPTOR_SET),
        Mounted::new(limited!(old, message_bytes), v1alpha::FILE_DESCRIPTOR_SET),
    ]
}

/// The files of reflection's own services, which it shows too.
pub(crate) const REFLECTION: [&[u8]; 2] =
    [tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET, tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET];

/// The files in a set of descriptors.
pub(crate) fn files(set: &[u8]) -> Result<Vec<FileDescriptorProto>, Undescribable> {
    let set = FileDescriptorSet::decode(set);
    Ok(set.map_err(|error| Undescribable::new(format!("descriptors cannot be read: {error}")))?.file)
}
