//! One call: known path, token, deadline, encoding; then the service.

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http_body::Body as HttpBody;
use manywire_core::{Charge, Drain, ErrorKind, RpcError, UNKNOWN_METHOD};
use manywire_http::{BoxError, Endless};
use tokio::time::Instant;
use tonic::body::Body;
use tonic::{Code, Status};

use crate::answer::{Answer, Ending, Sending, Timer};
use crate::caller::OPEN;
use crate::interop::Flags;
use crate::known::Known;
use crate::packing::Packing;
use crate::received::{Expected, Received};
use crate::server::Server;
use crate::{deadline, encoding, error};

/// Bytes of a call's metadata, counted as HTTP/2 does: names, values, and 32 for each pair.
const METADATA: usize = 16 << 10;

/// Answers a gRPC request.
pub(crate) async fn answer<B>(server: &Server, request: http::Request<B>) -> http::Response<Answer>
where
    B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<BoxError>,
{
    let (shared, activity) = (&*server.shared, &server.caller.activity);
    let path = request.uri().path();
    let Some(known) = shared.paths.get(path) else {
        let timer = Timer::start(shared.metrics.call("grpc", UNKNOWN_METHOD).into(), activity, false);
        return Answer::refuse(Status::unimplemented(shared.paths.explain(path)), timer);
    };
    let timer = Timer::start(known.meter(&shared.metrics), activity, known.ends_with_client);
    let Terms { timeout, open } = match admit(server, known, request.headers()) {
        Ok(terms) => terms,
        Err(status) => return Answer::refuse(status, timer),
    };
    let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    match before(deadline, respond(server, known, request)).await {
        Ok(response) => {
            let ending = ending(deadline, known.is_endless.then(|| shared.drain.clone()));
            let mut response = Answer::watch(response, timer, ending, open);
            if known.is_endless {
                response.extensions_mut().insert(Endless);
            }
            response
        }
        Err(status) => Answer::refuse(status, timer),
    }
}

/// Reads the request, or begins to, and has its service answer it.
async fn respond<B>(
    server: &Server,
    known: &Known,
    mut request: http::Request<B>,
) -> Result<http::Response<Sending>, Status>
where
    B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<BoxError>,
{
    let caller = &server.caller;
    let encodings = encoding::take(request.headers_mut(), known.is_testing);
    let flags = known.is_testing.then(Flags::default);
    if let Some(flags) = &flags {
        request.extensions_mut().insert(flags.clone());
    }
    if known.is_transfer {
        request.extensions_mut().insert(caller.clone());
    }
    let expected =
        Expected { encoding: encodings.request, is_single: !known.takes_stream, flags: flags.clone() };
    let (head, body) = request.into_parts();
    let received = Received::new(body, caller.clone(), expected);
    let (body, charge) = if known.takes_stream {
        (Body::new(received), None)
    } else {
        let (whole, charge) = received.whole().await?;
        (Body::new(whole), charge)
    };
    let response = server.shared.call(known, http::Request::from_parts(head, body)).await;
    let packing = encodings.answer.map(|encoding| Packing::new(encoding, flags, caller.clone()));
    let response = Sending::new(response, caller, packing, charge);
    if known.answers_stream {
        return Ok(response);
    }
    let (head, sending) = response.into_parts();
    Ok(http::Response::from_parts(head, sending.begun().await?))
}

/// On what terms a call is taken.
struct Terms {
    /// How long the caller will wait.
    timeout: Option<Duration>,
    /// What an answer that is a stream is charged while it lasts.
    open: Option<Charge>,
}

/// Refuses a call too many or too large, or one without a good token.
fn admit(server: &Server, known: &Known, headers: &HeaderMap) -> Result<Terms, Status> {
    if let Some(rate) = &server.caller.rate {
        rate.admit().map_err(error::to_status)?;
    }
    check_metadata(headers)?;
    if let Some(token) = server.shared.token.as_ref().filter(|_| !known.is_open) {
        let shown = |name| headers.get(name).map(http::HeaderValue::as_bytes);
        token.check(shown("appid"), shown("appkey")).map_err(error::to_status)?;
    }
    let timeout = deadline::timeout(headers).map_err(Status::internal)?;
    let open = known.answers_stream.then(|| server.caller.budget.charge(OPEN)).transpose();
    Ok(Terms { timeout, open: open.map_err(|over| error::to_status(over.into()))? })
}

fn check_metadata(headers: &HeaderMap) -> Result<(), Status> {
    let size: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 32).sum();
    if size > METADATA {
        let message = format!("the metadata has {size} bytes, more than the limit of {METADATA} bytes");
        return Err(Status::resource_exhausted(message));
    }
    Ok(())
}

async fn before<T>(
    deadline: Option<Instant>,
    work: impl Future<Output = Result<T, Status>>,
) -> Result<T, Status> {
    match deadline {
        None => work.await,
        Some(deadline) => tokio::time::timeout_at(deadline, work).await.unwrap_or_else(|_| Err(too_late())),
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
