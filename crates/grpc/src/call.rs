//! One call: known path, token, deadline, encoding; then the service.

use std::future::Future;
use std::time::Duration;

use http::HeaderMap;
use manywire_core::{Drain, ErrorKind, RpcError, UNKNOWN_METHOD};
use tokio::time::Instant;
use tonic::body::Body;
use tonic::{Code, Status};

use crate::answer::{Answer, Ending, Timer};
use crate::known::Known;
use crate::server::Server;
use crate::{deadline, encoding, error};

/// Answers a gRPC request.
pub(crate) async fn answer(server: &Server, mut request: http::Request<Body>) -> http::Response<Answer> {
    let shared = &*server.shared;
    let path = request.uri().path();
    let Some(known) = shared.paths.get(path) else {
        let timer = Timer::start(shared.metrics.call("grpc", UNKNOWN_METHOD).into(), &server.activity);
        return Answer::watch(Status::unimplemented(shared.paths.explain(path)).into_http(), timer, None);
    };
    let timer = Timer::start(known.meter(&shared.metrics), &server.activity);
    let timeout = match admit(server, known, request.headers()) {
        Ok(timeout) => timeout,
        Err(status) => return Answer::watch(status.into_http(), timer, None),
    };
    if !known.is_testing {
        encoding::answer_in_kind(request.headers_mut());
    }
    let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    let response = before(deadline, shared.call(known, request)).await;
    let ending = ending(deadline, known.is_endless.then(|| shared.drain.clone()));
    Answer::watch(response, timer, ending)
}

/// Refuses a call too many, or one without a good token; reads how long the caller will wait.
fn admit(server: &Server, known: &Known, headers: &HeaderMap) -> Result<Option<Duration>, Status> {
    if let Some(rate) = &server.rate {
        rate.admit().map_err(error::to_status)?;
    }
    if let Some(token) = server.shared.token.as_ref().filter(|_| !known.is_open) {
        let shown = |name| headers.get(name).map(http::HeaderValue::as_bytes);
        token.check(shown("appid"), shown("appkey")).map_err(error::to_status)?;
    }
    deadline::timeout(headers).map_err(Status::internal)
}

async fn before(
    deadline: Option<Instant>,
    response: impl Future<Output = http::Response<Body>>,
) -> http::Response<Body> {
    match deadline {
        None => response.await,
        Some(deadline) => match tokio::time::timeout_at(deadline, response).await {
            Ok(response) => response,
            Err(_) => too_late().into_http(),
        },
    }
}

/// What may end an answer before its own end: the caller's deadline, and for one without an end the shutdown.
fn ending(deadline: Option<Instant>, drain: Option<Drain>) -> Option<Ending> {
    if deadline.is_none() && drain.is_none() {
        return None;
    }
    let late = async move {
        match deadline {
            Some(deadline) => tokio::time::sleep_until(deadline).await,
            None => std::future::pending().await,
        }
    };
    let shut_down = async move {
        match drain {
            Some(drain) => drain.started().await,
            None => std::future::pending().await,
        }
    };
    Some(Box::pin(async move {
        tokio::select! {
            () = late => too_late(),
            () = shut_down => error::to_status(RpcError::new(ErrorKind::Unavailable, "the server is shutting down")),
        }
    }))
}

fn too_late() -> Status {
    Status::new(Code::DeadlineExceeded, "the deadline of the call passed before its answer was complete")
}
