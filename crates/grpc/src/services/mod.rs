//! The services: each translates between its messages and the functions in `manywire-service`.

mod chat;
mod files;
mod greeter;
mod health;
mod reflection;
mod types;
mod users;

use std::convert::Infallible;
use std::io;
use std::pin::Pin;

use futures_core::Stream;
use futures_util::StreamExt as _;
use manywire_core::{ErrorKind, RpcError};
use manywire_service::files::Files;
use tonic::body::Body;
use tonic::codec::CompressionEncoding::{Gzip, Zstd};
use tonic::codegen::BoxFuture;
use tonic::{Code, Status, Streaming};
use tonic_reflection::server::v1::ServerReflectionServer as ReflectionServer;
use tonic_reflection::server::v1alpha::ServerReflectionServer as OldReflectionServer;

use crate::interop::{Observed, TestService};
use crate::known::Service;
use crate::pb::chat_service_server::ChatServiceServer;
use crate::pb::file_service_server::FileServiceServer;
use crate::pb::greeter_server::GreeterServer;
use crate::pb::health::health_server::HealthServer;
use crate::pb::testing::test_service_server::TestServiceServer;
use crate::pb::up_file_service_server::UpFileServiceServer;
use crate::pb::user_service_server::UserServiceServer;
use crate::server::Settings;
pub(crate) use crate::services::health::Health;
use crate::services::reflection::Reflection;
use crate::{error, pb};

/// A stream of answers.
pub(crate) type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// The descriptors of everything that is served.
pub(crate) fn descriptors(interop: bool) -> Vec<&'static [u8]> {
    let mut sets = vec![
        pb::NOTES,
        pb::HEALTH,
        tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET,
        tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET,
        // No services, but what the details of errors are made of.
        tonic_types::pb::FILE_DESCRIPTOR_SET,
    ];
    if interop {
        sets.push(pb::TESTING);
    }
    sets
}

/// Prepares the service of this full name.
pub(crate) fn service(
    name: &str,
    settings: &Settings,
    files: &Files,
    health: &Health,
) -> io::Result<Service> {
    /// Every server that tonic generates has these methods, and no trait that says so. Messages come to them decompressed;
    /// what is accepted is for the answer to a client that uses something else.
    macro_rules! limited {
        ($server:expr) => {
            $server
                .accept_compressed(Gzip)
                .accept_compressed(Zstd)
                .max_decoding_message_size(settings.limits.message_bytes)
        };
    }
    Ok(match name {
        "Greeter" => erase(limited!(GreeterServer::new(greeter::Greeter::new(settings.tick)))),
        "UserService" => erase(limited!(UserServiceServer::new(users::Users))),
        "FileService" => erase(limited!(FileServiceServer::new(files::Downloads(files.clone())))),
        "UpFileService" => erase(limited!(UpFileServiceServer::new(files::Uploads(files.clone())))),
        "ChatService" => erase(limited!(ChatServiceServer::new(chat::Chat))),
        "TypesService" => erase(types::Types::new(settings.limits.message_bytes)),
        "grpc.health.v1.Health" => erase(limited!(HealthServer::new(health.clone()))),
        "grpc.reflection.v1.ServerReflection" => {
            erase(limited!(ReflectionServer::new(reflection(settings.interop)?)))
        }
        "grpc.reflection.v1alpha.ServerReflection" => {
            erase(limited!(OldReflectionServer::new(reflection(settings.interop)?)))
        }
        "grpc.testing.TestService" => {
            let test = TestService::new(settings.limits.message_bytes);
            erase(Observed(limited!(TestServiceServer::new(test))))
        }
        other => return Err(io::Error::other(format!("{other} has descriptors and no implementation"))),
    })
}

fn reflection(interop: bool) -> io::Result<Reflection> {
    Reflection::new(descriptors(interop)).map_err(io::Error::other)
}

fn erase<S>(service: S) -> Service
where
    S: tower::Service<
            http::Request<Body>,
            Response = http::Response<Body>,
            Error = Infallible,
            Future = BoxFuture<http::Response<Body>, Infallible>,
        > + Clone
        + Send
        + Sync
        + 'static,
{
    // What tonic generates is always ready.
    Box::new(move |request| service.clone().call(request))
}

/// What a client streams, with errors in our terms.
pub(crate) fn incoming<T: Send + 'static>(
    streaming: Streaming<T>,
) -> impl Stream<Item = Result<T, RpcError>> + Send + Unpin + 'static {
    streaming.map(|message| message.map_err(|status| broken(&status)))
}

fn broken(status: &Status) -> RpcError {
    // Only an error of the connection has a source or is `whole`'s; those that tonic finds in the messages are neither.
    if std::error::Error::source(status).is_some() || status.code() == Code::Aborted {
        return RpcError::new(ErrorKind::Cancelled, "the client broke off the call");
    }
    error::from_status(status)
}

/// What a method streams, with errors in gRPC's terms.
pub(crate) fn outgoing<T, U>(
    stream: impl Stream<Item = Result<T, RpcError>> + Send + 'static,
    message: impl Fn(T) -> U + Send + 'static,
) -> Answers<U> {
    Box::pin(stream.map(move |item| item.map(&message).map_err(error::to_status)))
}
