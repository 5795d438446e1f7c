//! One call: known path, deadline, guards; then the method of the registry, or a mounted service.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http_body::Body as HttpBody;
use manywire_core::{Admitted, CallMeter, Charge, Drain, ErrorKind, RpcError, Terms, UNKNOWN_METHOD};
use manywire_http::{BoxError, Endless, Headers};
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};
use tonic::body::Body;
use tonic::{Code, Status};

use crate::answer::{Answer, Ending, Sending, Timer};
use crate::caller::OPEN;
use crate::interop::Flags;
use crate::known::{Known, Target};
use crate::packing::Packing;
use crate::received::{Expected, Received};
use crate::registered::Asked;
use crate::server::{Server, Shared};
use crate::{deadline, encoding, error};

/// Bytes of a call's metadata, counted as HTTP/2 does: names, values, and 32 for each pair.
const METADATA: usize = 16 << 10;

/// Answers a gRPC request.
pub(crate) fn answer<B>(
    server: &Server,
    request: http::Request<B>,
) -> impl Future<Output = http::Response<Answer>> + Send
where
    B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<BoxError>,
{
    // Taken apart before the future begins, which then holds each part once.
    let (mut head, body) = request.into_parts();
    async move {
        let (shared, caller) = (server.shared.latest(), &server.caller);
        let path = head.uri.path();
        let opened;
        let known = match shared.paths.get(path) {
            Some(known) => known,
            None => {
                let meter: Arc<CallMeter> = caller.session.meter(UNKNOWN_METHOD).into();
                let Some(taken) = shared.paths.open(path, meter.clone()) else {
                    let timer = Timer::start(caller, meter, false);
                    return Answer::refuse(Status::unimplemented(shared.paths.explain(path)), timer);
                };
                opened = taken;
                &opened
            }
        };
        let mut timer = Timer::start(caller, known.meter(&caller.session), known.ends_with_client);
        let timeout = match deadline::timeout(&head.headers) {
            Ok(timeout) => timeout,
            Err(malformed) => return Answer::refuse(Status::internal(malformed), timer),
        };
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let (admitted, open) = match admit(server, known, &head.headers, deadline) {
            Ok(admitted) => admitted,
            Err(status) => return Answer::refuse(status, timer),
        };
        let response = match &known.target {
            Target::Registered(method) => {
                let asked = Asked { caller, admitted, method, deadline };
                asked.respond(&mut head.headers, body, &mut timer).await
            }
            // Boxed, so that a call of the registry does not take the memory of this.
            Target::Mounted(service) => {
                let request = http::Request::from_parts(head, body);
                before(deadline, Box::pin(respond(server, shared, known, *service, request))).await
            }
        };
        match response {
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
}

/// Reads the request, or begins to, and has a mounted service answer it.
async fn respond<B>(
    server: &Server,
    shared: &Shared,
    known: &Known,
    service: usize,
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
    let expected =
        Expected { encoding: encodings.request, is_single: !known.takes_stream, flags: flags.clone() };
    let (head, body) = request.into_parts();
    let mut received = Received::new(body, caller.clone(), expected);
    let (body, charge) = if known.takes_stream {
        (Body::new(received), None)
    } else {
        (Body::new(received.whole().await?), received.take_charge())
    };
    let response = shared.call(service, http::Request::from_parts(head, body)).await;
    let packing = encodings.answer.map(|encoding| Packing::new(encoding, flags, caller.clone()));
    let response = Sending::new(response, caller, packing, charge);
    if known.answers_stream {
        return Ok(response);
    }
    let (head, sending) = response.into_parts();
    Ok(http::Response::from_parts(head, sending.begun().await?))
}

/// Refuses a call too many or too large, or one that a guard stops. An answer that is a stream is charged while it lasts.
fn admit<'s>(
    server: &'s Server,
    known: &Known,
    headers: &HeaderMap,
    deadline: Option<Instant>,
) -> Result<(Admitted<'s>, Option<Charge>), Status> {
    check_metadata(headers)?;
    let terms = Terms { metadata: &Headers(headers), deadline: deadline.map(Instant::into_std) };
    let admitted = server.caller.session.admit(terms, &known.name).map_err(error::to_status)?;
    let open = known.answers_stream.then(|| server.caller.budget.charge(OPEN)).transpose();
    Ok((admitted, open.map_err(|over| error::to_status(over.into()))?))
}

fn check_metadata(headers: &HeaderMap) -> Result<(), Status> {
    let size: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 32).sum();
    if size > METADATA {
        let message = format!("the metadata has {size} bytes, more than the limit of {METADATA} bytes");
        return Err(Status::resource_exhausted(message));
    }
    Ok(())
}

/// Runs the work until the deadline of its call.
pub(crate) fn before<T, F>(deadline: Option<Instant>, work: F) -> Before<F>
where
    F: Future<Output = Result<T, Status>>,
{
    Before { work, late: deadline.map(|deadline| Box::pin(sleep_until(deadline))) }
}

pin_project! {
    /// As small as its work where there is no deadline.
    pub(crate) struct Before<F> {
        #[pin]
        work: F,
        late: Option<Pin<Box<Sleep>>>,
    }
}

impl<T, F: Future<Output = Result<T, Status>>> Future for Before<F> {
    type Output = Result<T, Status>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        match (this.work.poll(cx), this.late) {
            (Poll::Pending, Some(late)) => late.as_mut().poll(cx).map(|()| Err(too_late())),
            (polled, _) => polled,
        }
    }
}

/// What may end an answer before its own end: the caller's deadline, and for one without an end the shutdown.
fn ending(deadline: Option<Instant>, drain: Option<Drain>) -> Option<Ending> {
    if deadline.is_none() && drain.is_none() {
        return None;
    }
    let late = async move {
        match deadline {
            Some(deadline) => sleep_until(deadline).await,
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
