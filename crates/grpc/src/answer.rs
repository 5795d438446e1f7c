//! An answer on its way out: watched to its end, charged until HTTP takes it over, and ended where a deadline or a shutdown
//! says so.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::Bytes;
use futures_core::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body::{Body as HttpBody, Frame};
use manywire_core::{CallMeter, Charge, ErrorKind, Session, UnderWay};
use tonic::body::Body;
use tonic::{Code, Status};

use crate::caller::{Caller, SMALL};
use crate::packing::Packing;
use crate::source::Source;
use crate::{error, prefix};

pub(crate) const STATUS: HeaderName = HeaderName::from_static("grpc-status");
const ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
/// Frames up to this size are sent however full the budget is: a stream has one of them at a time, such as a file's piece.
const PIECE: usize = 128 << 10;

/// Counts a call when it ends; one that is dropped before counts as cancelled, or as finished where this is how clients
/// end it.
pub(crate) struct Timer {
    /// None where the registry counts the call.
    counted: Option<(Session, Arc<CallMeter>)>,
    started: Instant,
    is_done: bool,
    dropped: Option<ErrorKind>,
    _under_way: UnderWay,
}

impl Timer {
    pub(crate) fn start(caller: &Caller, meter: Arc<CallMeter>, ends_with_client: bool) -> Self {
        let dropped = (!ends_with_client).then_some(ErrorKind::Cancelled);
        Self {
            counted: Some((caller.session.clone(), meter)),
            started: Instant::now(),
            is_done: false,
            dropped,
            _under_way: caller.activity.begin(),
        }
    }

    /// Leaves the counting to the registry.
    pub(crate) fn leave(&mut self) {
        self.counted = None;
    }

    pub(crate) fn finish(&mut self, code: Code) {
        if !std::mem::replace(&mut self.is_done, true) {
            self.count((code != Code::Ok).then(|| error::kind(code)));
        }
    }

    fn count(&self, error: Option<ErrorKind>) {
        if let Some((session, meter)) = &self.counted {
            session.finished(meter, self.started.elapsed(), error);
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if !self.is_done {
            self.count(self.dropped);
        }
    }
}

/// Resolves when an answer must end before its own end.
pub(crate) type Ending = BoxFuture<'static, Status>;

/// An answer's messages, charged from when they exist. Those that are handed on are charged there, until they are written.
pub(crate) struct Sending {
    /// The one message of an answer that is not a stream.
    first: Option<Box<Charged>>,
    rest: Source,
    packing: Option<Box<Packing>>,
    caller: Arc<Caller>,
    /// What the request was charged: the first message of the answer takes it over, and a stream holds it while it lasts.
    charge: Option<Charge>,
}

/// A frame, and what it is charged if it is not small.
type Charged = (Frame<Bytes>, Option<Charge>);

impl Sending {
    pub(crate) fn new(
        mut response: http::Response<Body>,
        caller: &Arc<Caller>,
        packing: Option<Packing>,
        charge: Option<Charge>,
    ) -> http::Response<Self> {
        let headers = response.headers_mut();
        // One that is nothing but a status stays as it is.
        let packing = packing.filter(|_| !headers.contains_key(STATUS)).map(|packing| {
            headers.insert(ENCODING, HeaderValue::from_static(packing.encoding().name()));
            Box::new(packing)
        });
        response.map(|rest| Self {
            first: None,
            rest: Source::Mounted(rest),
            packing,
            caller: caller.clone(),
            charge,
        })
    }

    /// An answer of a method of the registry.
    pub(crate) fn of(
        mut response: http::Response<()>,
        rest: Source,
        caller: &Arc<Caller>,
        packing: Option<Packing>,
        charge: Option<Charge>,
    ) -> http::Response<Self> {
        let packing = packing.map(|packing| {
            response.headers_mut().insert(ENCODING, HeaderValue::from_static(packing.encoding().name()));
            Box::new(packing)
        });
        response.map(|()| Self { first: None, rest, packing, caller: caller.clone(), charge })
    }

    /// Makes the message of an answer that is not a stream, so that it is charged, or refused, whether the peer takes it or
    /// not.
    pub(crate) async fn begun(mut self) -> Result<Self, Status> {
        self.first = poll_fn(|cx| self.poll_next(cx)).await.transpose()?.map(Box::new);
        // The rest of it is a status.
        self.charge = None;
        Ok(self)
    }

    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let next = match self.first.take() {
            Some(first) => Some(*first),
            None => ready!(self.poll_next(cx)).transpose()?,
        };
        Poll::Ready(next.map(|(frame, _)| Ok(frame)))
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Charged, Status>>> {
        loop {
            if let Some(packing) = &mut self.packing
                && let Some((bytes, charge)) = ready!(packing.poll_frame(cx))?
            {
                return Poll::Ready(Some(Ok((Frame::data(bytes), charge))));
            }
            let frame = ready!(self.rest.poll_frame(cx)).transpose()?;
            let bytes = match frame.map(Frame::into_data) {
                Some(Ok(bytes)) => bytes,
                Some(Err(other)) => return Poll::Ready(Some(Ok((other, None)))),
                None => return Poll::Ready(None),
            };
            check_lengths(&bytes, self.caller.message_bytes)?;
            let charge = self.charge_for(bytes.len())?;
            match &mut self.packing {
                Some(packing) => packing.feed(bytes, charge),
                None => return Poll::Ready(Some(Ok((Frame::data(bytes), charge)))),
            }
        }
    }

    /// What a frame is charged, unless it is small.
    fn charge_for(&mut self, length: usize) -> Result<Option<Charge>, Status> {
        if length <= SMALL {
            return Ok(None);
        }
        let mut charge = self.charge.take().unwrap_or_else(|| self.caller.budget.nothing());
        // There is one such piece in each stream, and an answer about as long as its request was let in with it.
        if length <= PIECE.max(charge.bytes() + SMALL) {
            charge.set(length);
        } else {
            charge.resize(length).map_err(|over| error::to_status(over.into()))?;
        }
        Ok(Some(charge))
    }
}

/// The body of an answer.
pub(crate) struct Answer {
    /// None once it was ended.
    sending: Option<Sending>,
    timer: Timer,
    ending: Option<Ending>,
    /// For a stream, while it lasts.
    _open: Option<Charge>,
}

impl Answer {
    /// Watches a response. One that is an error already carries its status in the headers.
    pub(crate) fn watch(
        response: http::Response<Sending>,
        mut timer: Timer,
        ending: Option<Ending>,
        open: Option<Charge>,
    ) -> http::Response<Self> {
        if let Some(code) = code_in(response.headers()) {
            timer.finish(code);
        }
        response.map(|sending| Self { sending: Some(sending), timer, ending, _open: open })
    }

    /// An answer that is a status and no more.
    pub(crate) fn refuse(status: Status, mut timer: Timer) -> http::Response<Self> {
        timer.finish(status.code());
        status.into_http::<()>().map(|()| Self { sending: None, timer, ending: None, _open: None })
    }

    fn end(&mut self, status: &Status) -> Frame<Bytes> {
        // Dropping the messages drops the method that makes them.
        self.sending = None;
        self.ending = None;
        self.timer.finish(status.code());
        let mut trailers = HeaderMap::new();
        // Our own texts are valid header values once tonic has escaped them.
        let _ = status.add_header(&mut trailers);
        Frame::trailers(trailers)
    }
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if let Some(ending) = &mut self.ending
            && let Poll::Ready(status) = ending.as_mut().poll(cx)
        {
            return Poll::Ready(Some(Ok(self.end(&status))));
        }
        let Some(sending) = &mut self.sending else { return Poll::Ready(None) };
        Poll::Ready(match ready!(sending.poll_frame(cx)) {
            Some(Ok(frame)) => {
                if let Some(code) = frame.trailers_ref().and_then(code_in) {
                    self.timer.finish(code);
                }
                Some(Ok(frame))
            }
            Some(Err(status)) => Some(Ok(self.end(&status))),
            None => None,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.sending.as_ref().is_none_or(|sending| sending.first.is_none() && sending.rest.is_end_stream())
    }
}

/// The status in headers or trailers, if there is one.
fn code_in(headers: &HeaderMap) -> Option<Code> {
    Some(Code::from_bytes(headers.get(STATUS)?.as_bytes()))
}

/// Refuses a message over the limit among those of a frame.
fn check_lengths(frame: &[u8], limit: usize) -> Result<(), Status> {
    let mut rest = frame;
    while rest.len() > prefix::LENGTH + limit
        && let Some((_, length)) = prefix::read(rest)
    {
        if length > limit {
            let message = format!("the answer has {length} bytes, more than the limit of {limit} bytes");
            return Err(Status::resource_exhausted(message));
        }
        rest = &rest[prefix::LENGTH + length.min(rest.len() - prefix::LENGTH)..];
    }
    Ok(())
}
