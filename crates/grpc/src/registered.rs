//! A call of a method of the registry: its request read, the method begun, its answer on the way.

use std::future::Future;
use std::sync::Arc;

use bytes::{Buf as _, Bytes};
use http::{HeaderMap, HeaderValue, header};
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

/// A call of a method of the registry, whose guards have let it through.
pub(crate) struct Asked<'s> {
    pub(crate) caller: &'s Arc<Caller>,
    pub(crate) admitted: Admitted<'s>,
    pub(crate) method: &'s Arc<Registered>,
    pub(crate) deadline: Option<Instant>,
}

impl Asked<'_> {
    /// Reads the request, or begins to, and has the method answer it.
    pub(crate) async fn respond<B>(
        self,
        headers: &mut HeaderMap,
        body: B,
        timer: &mut Timer,
    ) -> Result<http::Response<Sending>, Status>
    where
        B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<BoxError>,
    {
        let (caller, method) = (self.caller, self.method);
        encoding::check(headers)?;
        let encodings = encoding::take(headers, false);
        let expected =
            Expected { encoding: encodings.request, is_single: !method.kind.takes_stream(), flags: None };
        let received = Received::new(body, caller.clone(), expected);
        let (started, charge) = if method.kind.takes_stream() {
            let messages = Box::new(Messages::new(received, method.clone(), caller.limits));
            // From here on the registry counts the call.
            timer.leave();
            let started = self.admitted.open(self.terms(&Headers(headers)), &method.name, messages);
            (started.map_err(error::to_status)?, None)
        } else {
            let (message, charge) = call::before(self.deadline, one(received)).await?;
            timer.leave();
            self.start(headers, &message, charge)?
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

    /// Reads the arguments out of the message, and begins the call.
    fn start(
        &self,
        headers: &HeaderMap,
        message: &[u8],
        charge: Option<Charge>,
    ) -> Result<(Started, Option<Charge>), Status> {
        let (caller, method) = (self.caller, self.method);
        let charge = charge_values(caller, method, message, charge)?;
        let mut reader = Reader::new(&method.request, message, caller.limits);
        let params = &mut <dyn erased_serde::Deserializer<'_>>::erase(&mut reader);
        let started = self.admitted.start(self.terms(&Headers(headers)), &method.name, Params::One(params));
        let started =
            started.map_err(|error| error::to_status(error::unreadable(error, reader.failure())))?;
        Ok((started, charge))
    }

    fn terms<'a>(&self, metadata: &'a Headers<'a>) -> Terms<'a> {
        Terms { metadata, deadline: self.deadline.map(Instant::into_std) }
    }
}

/// The request's one message, and what it is charged.
#[expect(clippy::manual_async_fn, reason = "the future of an async fn keeps its argument twice")]
fn one<B>(mut received: Received<B>) -> impl Future<Output = Result<(Bytes, Option<Charge>), Status>>
where
    B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<BoxError>,
{
    async move {
        let Whole { first, rest } = received.whole().await?;
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
        Ok((message, received.take_charge()))
    }
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

/// Bytes that an answer usually has at most.
const USUAL: usize = 64;

/// Waits for the one answer.
async fn once(
    caller: &Arc<Caller>,
    method: &Registered,
    mut call: Call,
    packing: Option<Packing>,
    charge: Option<Charge>,
) -> Result<http::Response<Sending>, Status> {
    let reply = (&mut call).await.map_err(error::to_status)?;
    let mut message = Vec::with_capacity(USUAL);
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
