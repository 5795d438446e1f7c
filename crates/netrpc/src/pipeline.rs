//! How calls travel through one connection: read what the socket has, decode every complete request in it, poll each
//! method once in place, make a task only of one that is not ready, and write all replies at once.

use std::future::{Future as _, poll_fn};
use std::io;
use std::mem::MaybeUninit;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::BytesMut;
use manywire_core::{Call, Connection, Reply, RpcError, Session};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
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

    /// Appends a reply to `out`.
    fn reply(&mut self, call: Self::Call, result: Result<Box<dyn Reply>, RpcError>, out: &mut Vec<u8>);
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

/// A call and its outcome.
type Finished<C> = (C, Result<Box<dyn Reply>, RpcError>);

/// The stream cannot be read any further; the connection has to end.
#[derive(Debug)]
pub(crate) struct Unreadable(String);

impl Unreadable {
    pub(crate) fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

/// Replies beyond this many bytes are sent before more requests are looked at.
const ENOUGH_OUTPUT: usize = 256 << 10;

/// What a read is offered. It lies on the stack, so that an idle connection holds no buffer.
const READ_CHUNK: usize = 16 << 10;

/// How long that is read which a peer sends after a request that could not be.
const LINGER: Duration = Duration::from_millis(500);

/// Serves a connection until the peer leaves or the server winds down. `input` holds what was read of it before.
///
/// With `patience`, the first request has to be complete within that time.
pub(crate) async fn serve<IO, C>(
    io: IO,
    input: BytesMut,
    codec: C,
    connection: &Connection,
    patience: Option<Duration>,
) -> io::Result<()>
where
    IO: AsyncRead + AsyncWrite + Unpin,
    C: Codec,
{
    let mut pipeline = Pipeline {
        io,
        codec,
        session: &connection.session,
        input,
        out: Vec::new(),
        sent: 0,
        unsent: 0,
        running: JoinSet::new(),
        in_flight: connection.limits.in_flight,
        calls: 0,
        phase: Phase::Open,
        is_eof: false,
    };
    let mut draining = pin!(connection.drain.started());
    let mut overdue = pin!(async {
        match patience {
            Some(patience) => tokio::time::sleep(patience).await,
            None => std::future::pending().await,
        }
    });
    poll_fn(|cx| {
        if pipeline.phase == Phase::Open && draining.as_mut().poll(cx).is_ready() {
            pipeline.phase = Phase::Ending;
        }
        let driven = pipeline.poll_drive(cx);
        if pipeline.calls == 0 && driven.is_pending() && overdue.as_mut().poll(cx).is_ready() {
            tracing::debug!("no complete request within the handshake limit");
            return Poll::Ready(Ok(()));
        }
        driven
    })
    .await?;
    let (mut io, is_broken) = (pipeline.io, pipeline.phase == Phase::Broken);
    io.shutdown().await?;
    if is_broken {
        Box::pin(linger(io)).await;
    }
    Ok(())
}

struct Pipeline<'c, IO, C: Codec> {
    io: IO,
    codec: C,
    session: &'c Session,
    input: BytesMut,
    /// Replies, of which the first `sent` bytes are gone.
    out: Vec<u8>,
    sent: usize,
    /// Replies that are in `out`.
    unsent: usize,
    running: JoinSet<Finished<C::Call>>,
    in_flight: usize,
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

impl<IO: AsyncRead + AsyncWrite + Unpin, C: Codec> Pipeline<'_, IO, C> {
    /// Moves whatever can be moved, until nothing can; ready when the connection has nothing left to do.
    fn poll_drive(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            while self.can_take() && self.take_request(cx) {}
            // After the calls above have begun, so that their end wakes this task.
            self.collect_finished(cx);
            if self.send(cx)? {
                continue;
            }
            let is_over = self.phase != Phase::Open || self.is_eof;
            if is_over && self.running.is_empty() && self.out.is_empty() {
                return Poll::Ready(Ok(()));
            }
            if is_over || !self.can_take() {
                return Poll::Pending;
            }
            ready!(self.poll_receive(cx))?;
        }
    }

    /// Whether another call may begin; a call counts until its reply is sent.
    fn can_take(&self) -> bool {
        self.phase == Phase::Open
            && self.running.len() + self.unsent < self.in_flight
            && self.out.len() < ENOUGH_OUTPUT
    }

    /// Takes one request from the input and polls its method once; false when no complete request is there.
    fn take_request(&mut self, cx: &mut Context<'_>) -> bool {
        let Incoming { call, started } = match self.codec.next(self.session, &mut self.input) {
            Ok(Some(incoming)) => incoming,
            Ok(None) => return false,
            Err(Unreadable(why)) => {
                tracing::debug!(why, "a request that cannot be read");
                self.phase = Phase::Broken;
                return false;
            }
        };
        self.calls += 1;
        match started {
            Err(error) => self.write_reply(call, Err(error)),
            Ok(mut method) => match Pin::new(&mut method).poll(cx) {
                Poll::Ready(result) => self.write_reply(call, result),
                Poll::Pending => {
                    self.running.spawn(async move { (call, method.await) });
                }
            },
        }
        true
    }

    fn write_reply(&mut self, call: C::Call, result: Result<Box<dyn Reply>, RpcError>) {
        self.codec.reply(call, result, &mut self.out);
        self.unsent += 1;
    }

    fn collect_finished(&mut self, cx: &mut Context<'_>) {
        while let Poll::Ready(Some(finished)) = self.running.poll_join_next(cx) {
            // A task has no result only when it was aborted, and none is: panics are caught inside the call.
            if let Ok((call, result)) = finished {
                self.write_reply(call, result);
            }
        }
    }

    /// Sends replies as far as the peer takes them; true when all are gone that were there.
    fn send(&mut self, cx: &mut Context<'_>) -> io::Result<bool> {
        if self.out.is_empty() {
            return Ok(false);
        }
        while let Poll::Ready(written) = Pin::new(&mut self.io).poll_write(cx, &self.out[self.sent..])? {
            if written == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            self.sent += written;
            if self.sent == self.out.len() {
                (self.sent, self.unsent) = (0, 0);
                self.out.clear();
                self.out.shrink_to(READ_CHUNK);
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut space = [MaybeUninit::uninit(); READ_CHUNK];
        let mut chunk = ReadBuf::uninit(&mut space);
        if self.input.is_empty() {
            self.input = BytesMut::new();
        }
        ready!(Pin::new(&mut self.io).poll_read(cx, &mut chunk))?;
        if chunk.filled().is_empty() {
            self.is_eof = true;
        }
        self.input.extend_from_slice(chunk.filled());
        Poll::Ready(Ok(()))
    }
}

/// Reads what else the peer was sending, for a while: closing on unread bytes would take back our last words.
async fn linger<IO: AsyncRead + Unpin>(mut io: IO) {
    let mut rest = [0; 1024];
    let drained = async { while io.read(&mut rest).await.is_ok_and(|read| read > 0) {} };
    // Whether the peer stops in time makes no difference: the connection ends here.
    let _ = tokio::time::timeout(LINGER, drained).await;
}
