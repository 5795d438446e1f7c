//! The body of a request: its messages under the limits of size, number, time and memory, and decompressed.
//!
//! tonic's decoder takes whatever it is given, allocates what a prefix announces, and decompresses in one go. It is given
//! only what this lets through: messages that are not compressed, within the limit, whose bytes are charged to the
//! connection before they are there. A request that is one message is taken whole ([`Received::whole`]) before tonic sees it,
//! so that it is decoded when nothing can go wrong with it any more, and stays charged until it is answered.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::vec::IntoIter;

use bytes::{Buf as _, Bytes};
use futures_core::future::BoxFuture;
use futures_util::future::poll_immediate;
use http_body::{Body, Frame};
use manywire_core::{Charge, OverBudget};
use manywire_http::BoxError;
use tonic::Status;

use crate::caller::{Caller, OPEN, SMALL};
use crate::compression::Encoding;
use crate::interop::Flags;
use crate::prefix;
use crate::unpacking::{Turn, Unpacking};
use crate::{error, intact};

/// What is known of the messages before they come.
pub(crate) struct Expected {
    /// How those are compressed that say that they are.
    pub(crate) encoding: Option<Encoding>,
    /// Whether there is to be just one.
    pub(crate) is_single: bool,
    /// Told which were compressed, where the interop service asks.
    pub(crate) flags: Option<Flags>,
}

/// A request's body as tonic reads it.
pub(crate) struct Received<B> {
    body: B,
    has_ended: bool,
    caller: Arc<Caller>,
    expected: Expected,
    /// Bytes that came and were not looked at, at most one frame.
    chunk: Bytes,
    has_begun: bool,
    /// Bytes of the message under way that have not come, where it is not compressed.
    left: usize,
    unpacking: Option<Box<Unpacking>>,
    unpacked: IntoIter<Vec<u8>>,
    /// Resolves when there is room for the message that waits in the chunk.
    room: Option<BoxFuture<'static, Result<(), Status>>>,
    held: Held,
}

/// What is charged for a request. Requests that are small and come at once are charged nothing.
struct Held {
    caller: Arc<Caller>,
    charge: Option<Charge>,
    /// For a request that is waited for.
    open: usize,
    /// For the message that was begun last.
    message: usize,
}

impl Held {
    /// The request is waited for. A connection that has used up its own budget is not charged for it: it has only so many
    /// requests at one time.
    fn wait(&mut self) -> Result<(), OverBudget> {
        match self.set(OPEN, self.message) {
            Err(OverBudget::Connection(_)) => Ok(()),
            other => other,
        }
    }

    /// Holds so many bytes of a message, or says that it has to wait for room.
    fn hold(&mut self, message: usize) -> Result<bool, Status> {
        match self.set(self.open, message) {
            Ok(()) => Ok(true),
            Err(_) if self.open + message <= self.caller.most => Ok(false),
            Err(over) => Err(error::to_status(over.into())),
        }
    }

    /// The message exists, and has this length, which is little more than what was held for it, or less.
    fn settle(&mut self, message: usize) {
        self.message = if message > SMALL { message } else { 0 };
        if self.message > 0 || self.charge.is_some() {
            let charge = self.charge.get_or_insert_with(|| self.caller.budget.nothing());
            charge.set(self.open + self.message);
        }
    }

    fn set(&mut self, open: usize, message: usize) -> Result<(), OverBudget> {
        if (open, message) != (self.open, self.message) {
            let charge = self.charge.get_or_insert_with(|| self.caller.budget.nothing());
            charge.resize(open + message)?;
            (self.open, self.message) = (open, message);
        }
        Ok(())
    }
}

/// What is to be done next.
enum Step {
    /// Hand this on.
    Pass(Bytes),
    /// Let others work, then go on.
    Rest,
    /// Wait for room for so many bytes.
    Full(usize),
    /// Read more from the peer.
    Read,
}

impl<B: Body<Data = Bytes> + Unpin> Received<B>
where
    B::Error: Into<BoxError>,
{
    pub(crate) fn new(body: B, caller: Arc<Caller>, expected: Expected) -> Self {
        Self {
            body,
            has_ended: false,
            held: Held { caller: caller.clone(), charge: None, open: 0, message: 0 },
            caller,
            expected,
            chunk: Bytes::new(),
            has_begun: false,
            left: 0,
            unpacking: None,
            unpacked: Vec::new().into_iter(),
            room: None,
        }
    }

    /// All of a request that is one message.
    pub(crate) async fn whole(&mut self) -> Result<Whole, Status> {
        let first = self.next().await?;
        let mut rest = Vec::new();
        while let Some(piece) = self.next().await? {
            rest.push(piece);
        }
        Ok(Whole { first, rest: rest.into_iter() })
    }

    /// What a request that is whole is charged.
    pub(crate) fn take_charge(&mut self) -> Option<Charge> {
        self.held.charge.take()
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Status> {
        let is_complete = self.has_begun && !self.is_amid() && self.unpacked.len() == 0;
        let patience = self.caller.handshake;
        let mut next = poll_fn(|cx| self.poll_piece(cx));
        let next = match poll_immediate(&mut next).await {
            Some(next) => next,
            // Its end is all that is missing. While a message comes, the body itself sees to its pace.
            None if is_complete => {
                let end = Box::pin(tokio::time::timeout(patience, next));
                end.await.map_err(|_| intact::late())?
            }
            None => next.await,
        };
        next.transpose().map_err(Status::from_error)
    }

    pub(crate) fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BoxError>>> {
        loop {
            if let Some(room) = &mut self.room {
                ready!(room.as_mut().poll(cx))?;
                self.room = None;
            }
            match self.step()? {
                Step::Pass(piece) => return Poll::Ready(Some(Ok(piece))),
                Step::Full(bytes) => self.room = Some(self.caller.clone().room(bytes)),
                Step::Rest => {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Step::Read if self.has_ended => return Poll::Ready(None),
                Step::Read => ready!(self.poll_peer(cx))?,
            }
        }
    }

    fn step(&mut self) -> Result<Step, Status> {
        if let Some(piece) = self.unpacked.next() {
            return Ok(Step::Pass(piece.into()));
        }
        match self.unpacking.take() {
            Some(unpacking) => self.unpack(unpacking),
            None => self.pass(),
        }
    }

    /// Finds out how much of the chunk can be handed on.
    fn pass(&mut self) -> Result<Step, Status> {
        let mut end = 0;
        loop {
            let passed = self.left.min(self.chunk.len() - end);
            self.left -= passed;
            end += passed;
            let rest = &self.chunk[end..];
            if rest.is_empty() {
                break;
            }
            if self.has_begun && self.expected.is_single {
                return Err(Status::internal("the method takes one message, and the request has more"));
            }
            let Some((flag, length)) = prefix::read(rest) else { break };
            if length > self.caller.message_bytes {
                return Err(too_large(length, self.caller.message_bytes));
            }
            let encoding = self.expected.encoding.filter(|_| flag == 1);
            if encoding.is_some() || length > SMALL || self.held.message > 0 {
                if end > 0 {
                    break;
                }
                // The message before it is done with, or no more would be asked for.
                self.held.settle(0);
                if length > SMALL && !self.has_room(length, encoding)? {
                    return Ok(Step::Full(length));
                }
            }
            self.begin(flag);
            if let Some(encoding) = encoding {
                self.chunk.advance(prefix::LENGTH);
                let unpacking = Unpacking::begin(encoding, length, self.caller.message_bytes)?;
                return self.unpack(Box::new(unpacking));
            }
            self.left = length;
            end += prefix::LENGTH;
        }
        Ok(if end == 0 { Step::Read } else { Step::Pass(self.chunk.split_to(end)) })
    }

    /// Whether a large message may be read now. What is compressed is charged when it is known what it becomes.
    fn has_room(&mut self, length: usize, encoding: Option<Encoding>) -> Result<bool, Status> {
        Ok(!self.caller.budget.is_full() && (encoding.is_some() || self.held.hold(length)?))
    }

    fn begin(&mut self, flag: u8) {
        self.has_begun = true;
        if let Some(flags) = &self.expected.flags {
            flags.received(flag == 1);
        }
    }

    fn unpack(&mut self, mut unpacking: Box<Unpacking>) -> Result<Step, Status> {
        let turn = unpacking.run(&mut self.chunk)?;
        if turn == Turn::Done {
            self.unpacked = unpacking.finish()?;
            let length: usize = self.unpacked.as_slice().iter().map(Vec::len).sum();
            self.held.settle(length);
            return self.step();
        }
        let memory = unpacking.memory();
        self.unpacking = Some(unpacking);
        // One that turns out to be large is given room for all that it may become, or several would stop half-way.
        let reserve = self.caller.reserve;
        let wanted = if memory < reserve / 16 { memory } else { memory.max(reserve) };
        if wanted > self.held.message && !self.held.hold(wanted)? {
            return Ok(Step::Full(wanted - self.held.message));
        }
        Ok(if turn == Turn::Hungry { Step::Read } else { Step::Rest })
    }

    fn poll_peer(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) else {
            self.held.wait().map_err(|over| error::to_status(over.into()))?;
            return Poll::Pending;
        };
        match frame.transpose().map_err(Into::into)?.map(Frame::into_data) {
            Some(Ok(data)) => {
                self.chunk = match self.chunk.len() {
                    0 => data,
                    // A prefix that was cut in two.
                    _ => [&self.chunk[..], &data].concat().into(),
                };
            }
            // A request has no trailers that would mean anything.
            Some(Err(_)) | None => self.end()?,
        }
        Poll::Ready(Ok(()))
    }

    fn end(&mut self) -> Result<(), Status> {
        self.has_ended = true;
        if self.is_amid() {
            return Err(Status::internal("the request ends within a message"));
        }
        Ok(())
    }

    fn is_amid(&self) -> bool {
        self.left > 0 || self.unpacking.is_some() || !self.chunk.is_empty()
    }
}

fn too_large(length: usize, limit: usize) -> Status {
    let message = format!("a message of {length} bytes is longer than the limit of {limit} bytes");
    Status::resource_exhausted(message)
}

/// A request that is all there; its usual form is one piece.
pub(crate) struct Whole {
    pub(crate) first: Option<Bytes>,
    pub(crate) rest: IntoIter<Bytes>,
}

impl Body for Whole {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = self.first.take().or_else(|| self.rest.next());
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Received<B>
where
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.poll_piece(cx).map_ok(Frame::data)
    }
}
