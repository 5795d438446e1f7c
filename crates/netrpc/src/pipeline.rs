//! How calls travel through one connection: read what the socket has, decode every complete request in it, poll each
//! method once in place, make a task only of one that is not ready, and write all replies at once.

use std::future::{Future as _, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use bytes::BytesMut;
use manywire_core::{Call, Charge, Connection, OverBudget, Reply, RpcError, Session};
use manywire_stream::{Inbox, Outbox, Patience};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;

/// One wire format, as a server speaks it.
pub(crate) trait Codec {
    /// What is kept of a request until its reply is written.
    type Call: Send + 'static;

    /// Takes the next complete request from `input`.
    fn next(
        &mut self,
        session: &Session,
        input: &mut BytesMut,
    ) -> Result<Option<Incoming<Self::Call>>, Unreadable>;

    /// Appends a reply to `out`, of no more bytes than a message may have.
    fn reply(&mut self, call: Self::Call, result: Result<Box<dyn Reply>, RpcError>, out: &mut Vec<u8>);

    /// Bytes that it keeps itself between two calls of `next`: a message in pieces, definitions.
    fn held(&self) -> usize {
        0
    }

    /// Bytes in memory of what was taken last, its id and its arguments, of which `length` were sent.
    fn weight(&self, length: usize) -> usize {
        length
    }
}

/// A request whose method has been started, or could not be.
pub(crate) struct Incoming<C> {
    pub(crate) call: C,
    pub(crate) started: Result<Call, RpcError>,
}

impl<C> Incoming<C> {
    pub(crate) fn failed(call: C, error: RpcError) -> Self {
        Self { call, started: Err(error) }
    }
}

/// The stream cannot be read any further; the connection has to end.
#[derive(Debug)]
pub(crate) struct Unreadable(String);

impl Unreadable {
    pub(crate) fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

/// A call that holds no more than this is not charged before its method has been polled once, and most are done then.
const LIGHT: usize = 4 << 10;

/// Serves a connection until the peer leaves or the server winds down. `input` holds what was read of it before; the first
/// request has to be complete while there is patience.
pub(crate) async fn serve<IO, C>(
    io: IO,
    input: BytesMut,
    codec: C,
    connection: &Connection,
    mut patience: Patience,
) -> io::Result<()>
where
    IO: AsyncRead + AsyncWrite + Unpin,
    C: Codec,
{
    let mut pipeline = Pipeline::new(io, input, codec, connection);
    let mut draining = pin!(connection.drain.started());
    poll_fn(|cx| {
        if pipeline.phase == Phase::Open && draining.as_mut().poll(cx).is_ready() {
            pipeline.phase = Phase::Ending;
        }
        let driven = pipeline.poll_drive(cx);
        if pipeline.calls == 0 && driven.is_pending() {
            if pipeline.has_begun() {
                patience.begin();
            }
            if patience.poll_over(cx).is_ready() {
                tracing::debug!("no complete request within the handshake limit");
                return Poll::Ready(Ok(()));
            }
        }
        driven
    })
    .await?;
    let (mut io, is_broken) = (pipeline.io, pipeline.phase == Phase::Broken);
    manywire_stream::close(&mut io, &connection.limits).await?;
    if is_broken {
        Box::pin(manywire_stream::linger(&mut io)).await;
    }
    Ok(())
}

/// A call, what it held, and its outcome.
type Finished<C> = (C, usize, Result<Box<dyn Reply>, RpcError>);

struct Pipeline<'c, IO, C: Codec> {
    io: IO,
    codec: C,
    session: &'c Session,
    inbox: Inbox,
    outbox: Outbox,
    /// Replies that are in the outbox.
    unsent: usize,
    running: JoinSet<Finished<C::Call>>,
    in_flight: usize,
    /// What running calls hold.
    arguments: Charge,
    /// What the codec holds.
    pieces: Charge,
    /// Bytes that were taken off the input for the request that is being read.
    taken: usize,
    /// Requests taken so far.
    calls: u64,
    phase: Phase,
    /// The peer sends no more; what it has sent is still served.
    is_eof: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    /// No more requests are taken; what is under way is finished.
    Ending,
    /// The same, after a request that could not be read.
    Broken,
}

impl<'c, IO: AsyncRead + AsyncWrite + Unpin, C: Codec> Pipeline<'c, IO, C> {
    fn new(io: IO, input: BytesMut, codec: C, connection: &'c Connection) -> Self {
        let Connection { session, limits, budget, .. } = connection;
        Self {
            io,
            codec,
            session,
            inbox: Inbox::new(input, budget, limits),
            outbox: Outbox::new(budget, limits),
            unsent: 0,
            running: JoinSet::new(),
            in_flight: limits.in_flight,
            arguments: budget.nothing(),
            pieces: budget.nothing(),
            taken: 0,
            calls: 0,
            phase: Phase::Open,
            is_eof: false,
        }
    }

    /// Moves whatever can be moved, until nothing can; ready when the connection has nothing left to do.
    fn poll_drive(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            while self.can_take() && self.take_request(cx) {}
            self.inbox.trim();
            // After the calls above have begun, so that their end wakes this task.
            self.collect_finished(cx);
            if self.send(cx)? {
                continue;
            }
            let is_over = self.phase != Phase::Open || self.is_eof;
            if is_over && self.running.is_empty() && self.outbox.is_empty() {
                return Poll::Ready(Ok(()));
            }
            if is_over || !self.can_take() {
                return Poll::Pending;
            }
            ready!(self.poll_receive(cx))?;
        }
    }

    /// Whether a request has begun to come.
    fn has_begun(&self) -> bool {
        self.taken > 0 || !self.inbox.bytes().is_empty()
    }

    /// Whether another call may begin; a call counts until its reply is sent.
    fn can_take(&self) -> bool {
        self.phase == Phase::Open
            && self.running.len() + self.unsent < self.in_flight
            && !self.outbox.is_full()
    }

    /// Takes one request from the input and polls its method once; false when no complete request is there.
    fn take_request(&mut self, cx: &mut Context<'_>) -> bool {
        let before = self.inbox.bytes().len();
        let next = self.codec.next(self.session, self.inbox.buffer());
        self.taken += before - self.inbox.bytes().len();
        match next {
            Ok(Some(incoming)) => self.start(incoming, cx),
            Ok(None) => return false,
            Err(Unreadable(why)) => {
                tracing::debug!(why, "a request that cannot be read");
                self.phase = Phase::Broken;
                self.inbox.buffer().clear();
                return false;
            }
        }
        true
    }

    fn start(&mut self, Incoming { call, started }: Incoming<C::Call>, cx: &mut Context<'_>) {
        self.calls += 1;
        let weight = self.codec.weight(std::mem::take(&mut self.taken));
        let admitted = started.and_then(|method| Ok(self.admit(weight).map(|()| method)?));
        match admitted {
            Err(error) => self.write_reply(call, Err(error)),
            Ok(mut method) => match Pin::new(&mut method).poll(cx) {
                Poll::Ready(result) => {
                    self.release_arguments(weight);
                    self.write_reply(call, result);
                }
                Poll::Pending => {
                    if weight <= LIGHT {
                        self.arguments.set(self.arguments.bytes() + weight);
                    }
                    self.running.spawn(async move { (call, weight, method.await) });
                }
            },
        }
    }

    /// Charges a call whose arguments are long, before anything of its method has run.
    fn admit(&mut self, weight: usize) -> Result<(), OverBudget> {
        if weight <= LIGHT { Ok(()) } else { self.arguments.resize(self.arguments.bytes() + weight) }
    }

    /// Gives back what [`admit`](Self::admit) charged, for a call that was done at once.
    fn release_arguments(&mut self, weight: usize) {
        if weight > LIGHT {
            self.arguments.set(self.arguments.bytes() - weight);
        }
    }

    fn write_reply(&mut self, call: C::Call, result: Result<Box<dyn Reply>, RpcError>) {
        self.codec.reply(call, result, self.outbox.buffer());
        self.unsent += 1;
    }

    fn collect_finished(&mut self, cx: &mut Context<'_>) {
        let mut released = 0;
        while !self.outbox.is_full()
            && let Poll::Ready(Some(finished)) = self.running.poll_join_next(cx)
        {
            // A task has no result only when it was aborted, and none is: panics are caught inside the call.
            if let Ok((call, weight, result)) = finished {
                released += weight;
                self.write_reply(call, result);
            }
        }
        if released > 0 {
            self.arguments.set(self.arguments.bytes() - released);
        }
    }

    /// Sends replies as far as the peer takes them; true when all are gone that were there.
    fn send(&mut self, cx: &mut Context<'_>) -> io::Result<bool> {
        if self.outbox.is_empty() || self.outbox.poll_send(&mut self.io, cx)?.is_pending() {
            return Ok(false);
        }
        self.unsent = 0;
        Ok(true)
    }

    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.pieces.bytes() != self.codec.held() {
            self.pieces.set(self.codec.held());
        }
        let count = ready!(self.inbox.poll_read(&mut self.io, cx))?;
        self.is_eof = count == 0;
        Poll::Ready(Ok(()))
    }
}
