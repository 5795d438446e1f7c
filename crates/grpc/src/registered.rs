//! A call of a method of the registry: its request read, the method begun, its answer on the way.

use std::sync::Arc;

use bytes::{Buf as _, Bytes};
use http::{HeaderValue, header};
use http_body::Body as HttpBody;
use manywire_core::{Admitted, Call, Charge, Metadata, Params, Started, Terms};
use manywire_http::{BoxError, Headers};
use manywire_protobuf::{Limits, Reader, weigh};
use tokio::time::Instant;
use tonic::Status;

use crate::answer::{Sending, Timer};
use crate::caller::{Caller, SMALL};
use crate::messages::Messages;
use crate::packing::Packing;
use crate::received::{Expected, Received, Whole};
use crate::registry::Registered;
use crate::source::{Source, append};
use crate::{call, encoding, error, metadata, prefix};

/// Reads the request, or begins to, and has the method answer it.
pub(crate) async fn respond<B>(
    caller: &Arc<Caller>,
    admitted: Admitted<'_>,
    method: &Arc<Registered>,
    mut request: http::Request<B>,
    timer: &mut Timer,
    deadline: Option<Instant>,
) -> Result<http::Response<Sending>, Status>
where
    B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<BoxError>,
{
    encoding::check(request.headers())?;
    let encodings = encoding::take(request.headers_mut(), false);
    let (head, body) = request.into_parts();
    let takes_stream = method.kind.takes_stream();
    let expected = Expected { encoding: encodings.request, is_single: !takes_stream, flags: None };
    let received = Received::new(body, caller.clone(), expected);
    let terms = || {
        let metadata = Headers(&head.headers);
        (metadata, deadline.map(Instant::into_std))
    };
    let (started, charge) = if takes_stream {
        let (metadata, deadline) = terms();
        let messages = Box::new(Messages::new(received, method.clone(), caller.limits));
        // From here on the registry counts the call.
        timer.leave();
        let terms = Terms { metadata: &metadata, deadline };
        let started = admitted.open(terms, &method.name, messages);
        (started.map_err(error::to_status)?, None)
    } else {
        let (message, charge) = call::before(deadline, one(received)).await?;
        timer.leave();
        let (metadata, deadline) = terms();
        start(caller, admitted, method, Terms { metadata: &metadata, deadline }, &message, charge)?
    };
    let packing = encodings.answer.map(|encoding| Packing::new(encoding, None, caller.clone()));
    match started {
        Started::Call(call) => once(caller, method, call, packing, charge).await,
        Started::Stream(mut items) => {
            items.opened().await.map_err(error::to_status)?;
            let source = Source::items(method.clone(), items, caller.message_bytes);
            Ok(Sending::of(response(&Metadata::default()), source, caller, packing, charge))
        }
    }
}

/// The request's one message, and what it is charged.
async fn one<B>(received: Received<B>) -> Result<(Bytes, Option<Charge>), Status>
where
    B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<BoxError>,
{
    let (Whole { first, rest }, charge) = received.whole().await?;
    let mut message = first.unwrap_or_default();
    if rest.len() > 0 {
        let mut joined = Vec::from(message);
        rest.for_each(|piece| joined.extend_from_slice(&piece));
        message = joined.into();
    }
    if message.len() < prefix::LENGTH {
        return Err(Status::internal("the request has no message"));
    }
    message.advance(prefix::LENGTH);
    Ok((message, charge))
}

/// Reads the arguments out of the message, and begins the call.
fn start(
    caller: &Caller,
    admitted: Admitted<'_>,
    method: &Registered,
    terms: Terms<'_>,
    message: &[u8],
    charge: Option<Charge>,
) -> Result<(Started, Option<Charge>), Status> {
    let charge = charge_values(caller, method, message, charge)?;
    let mut reader = Reader::new(&method.request, message, caller.limits);
    let params = &mut <dyn erased_serde::Deserializer<'_>>::erase(&mut reader);
    let started = admitted.start(terms, &method.name, Params::One(params));
    let started = started.map_err(|error| error::to_status(error::unreadable(error, reader.failure())))?;
    Ok((started, charge))
}

/// Charges what reading makes of a message that is not small, before it is read.
fn charge_values(
    caller: &Caller,
    method: &Registered,
    message: &[u8],
    charge: Option<Charge>,
) -> Result<Option<Charge>, Status> {
    if message.len() <= SMALL {
        return Ok(charge);
    }
    // The message itself is gone as soon as it was read.
    let weight = weigh(&method.request, message, caller.most);
    let mut charge = charge.unwrap_or_else(|| caller.budget.nothing());
    if weight > charge.bytes() + SMALL {
        charge.resize(weight).map_err(|over| error::to_status(over.into()))?;
    }
    Ok(Some(charge))
}

/// Waits for the one answer.
async fn once(
    caller: &Arc<Caller>,
    method: &Registered,
    mut call: Call,
    packing: Option<Packing>,
    charge: Option<Charge>,
) -> Result<http::Response<Sending>, Status> {
    let reply = (&mut call).await.map_err(error::to_status)?;
    let mut message = Vec::new();
    append(method, &*reply, caller.message_bytes, &mut message)?;
    let response = response(&call.take_metadata());
    Ok(Sending::of(response, Source::once(message.into()), caller, packing, charge))
}

/// The head of an answer.
fn response(said: &Metadata) -> http::Response<()> {
    let mut response = http::Response::new(());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    metadata::append(said, headers);
    response
}

/// The limits of the codec.
pub(crate) fn limits(limits: &manywire_core::Limits) -> Limits {
    Limits { nesting: limits.nesting, values: limits.values() }
}
