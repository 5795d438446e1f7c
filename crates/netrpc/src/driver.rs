//! The client's side of a connection: one task owns the stream, sends what callers ask for in batches, and hands each
//! reply to the call that waits for it.

use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::BytesMut;
use manywire_core::{Arguments, Budget, Charge, ErrorKind, Limits, Origin, Returns, RpcError};
use manywire_stream::{Inbox, Outbox};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, oneshot};

/// One wire format, as a client speaks it.
pub(crate) trait ClientCodec: Send + 'static {
    /// Appends a request to `out`; on an error, nothing.
    fn request(
        &mut self,
        seq: u64,
        method: &str,
        argument: &dyn Argument,
        out: &mut Vec<u8>,
    ) -> Result<(), RpcError>;

    /// Takes the next complete reply from `input` and says which call it answers, and how to read it.
    fn next<'c>(&'c mut self, input: &'c mut BytesMut) -> Result<Option<(u64, Answer<'c>)>, RpcError>;

    /// Bytes that it keeps itself between two calls of `next`: a message in pieces, definitions.
    fn held(&self) -> usize {
        0
    }
}

/// An argument that every form can encode.
pub(crate) trait Argument: Send {
    fn as_serde(&self) -> &dyn erased_serde::Serialize;
    /// Appends it as gob; on an error, nothing but definitions.
    fn write_gob(
        &self,
        encoder: &mut manywire_gob::Encoder,
        out: &mut Vec<u8>,
    ) -> Result<(), manywire_gob::Error>;
}

impl<T: Returns> Argument for T {
    fn as_serde(&self) -> &dyn erased_serde::Serialize {
        self
    }
    fn write_gob(
        &self,
        encoder: &mut manywire_gob::Encoder,
        out: &mut Vec<u8>,
    ) -> Result<(), manywire_gob::Error> {
        encoder.encode(self, out).map(drop)
    }
}

/// A reply that still has to be read.
pub(crate) enum Answer<'c> {
    Gob(manywire_gob::Reader<'c, 'c>),
    Json(&'c str),
    Failed(RpcError),
}

impl Answer<'_> {
    pub(crate) fn read<R: Arguments>(self) -> Result<R, RpcError> {
        let unreadable = |why: String| unreadable(format!("the reply has another type than expected: {why}"));
        match self {
            Answer::Gob(value) => value.read().map_err(|e| unreadable(e.to_string())),
            Answer::Json(json) => serde_json::from_str(json).map_err(|e| unreadable(e.to_string())),
            Answer::Failed(error) => Err(error),
        }
    }
}

/// What the server sent is no reply, or not the one that was asked for.
pub(crate) fn unreadable(why: String) -> RpcError {
    RpcError::arose(Origin::Protocol, why)
}

/// An argument that cannot be written.
pub(crate) fn unwritable(why: String) -> RpcError {
    RpcError::arose(Origin::Usage, why).with_kind(ErrorKind::InvalidParams)
}

/// What finishes a call once its reply is there.
type Finish = Box<dyn FnOnce(Answer<'_>) + Send>;

struct Command {
    method: String,
    argument: Box<dyn Argument>,
    finish: Finish,
}

/// Sends calls to the task that drives a connection.
#[derive(Clone)]
pub(crate) struct Driver {
    commands: mpsc::UnboundedSender<Command>,
}

/// A call that was sent. Await it for the answer; drop it to forget the call.
pub struct Pending<R>(oneshot::Receiver<Result<R, RpcError>>);

impl<R> Future for Pending<R> {
    type Output = Result<R, RpcError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let received = ready!(Pin::new(&mut self.0).poll(cx));
        Poll::Ready(received.unwrap_or_else(|_| Err(shut_down("the client was closed"))))
    }
}

fn shut_down(why: impl std::fmt::Display) -> RpcError {
    RpcError::arose(Origin::Lost, format!("connection is shut down: {why}"))
}

impl Driver {
    /// Starts a task that drives the stream until it ends, or until every clone of this is gone and every call answered.
    pub(crate) fn spawn<IO, C>(io: IO, input: BytesMut, codec: C, limits: &Limits) -> Self
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        C: ClientCodec,
    {
        let (commands, receiver) = mpsc::unbounded_channel();
        let budget = Budget::of_client(limits);
        let wire = Wire {
            io,
            codec,
            commands: receiver,
            waiting: HashMap::new(),
            next_seq: 0,
            inbox: Inbox::new(input, &budget, limits).patient(),
            outbox: Outbox::new(&budget, limits),
            pieces: budget.nothing(),
            is_closing: false,
        };
        tokio::spawn(wire.drive());
        Self { commands }
    }

    /// Whether the connection has ended.
    pub(crate) fn is_closed(&self) -> bool {
        self.commands.is_closed()
    }

    /// Sends a call and returns at once.
    pub(crate) fn start<A: Returns, R: Arguments>(&self, method: &str, argument: A) -> Pending<R> {
        let (sender, receiver) = oneshot::channel();
        let finish: Finish = Box::new(move |answer| {
            // Nobody listens any more where the call was dropped.
            let _ = sender.send(answer.read());
        });
        let command = Command { method: method.to_owned(), argument: Box::new(argument), finish };
        if let Err(refused) = self.commands.send(command) {
            (refused.0.finish)(Answer::Failed(
                shut_down("it ended before this call").with_origin(Origin::Connect),
            ));
        }
        Pending(receiver)
    }
}

struct Wire<IO, C> {
    io: IO,
    codec: C,
    commands: mpsc::UnboundedReceiver<Command>,
    waiting: HashMap<u64, Finish>,
    next_seq: u64,
    inbox: Inbox,
    outbox: Outbox,
    /// What the codec holds.
    pieces: Charge,
    is_closing: bool,
}

impl<IO: AsyncRead + AsyncWrite + Unpin, C: ClientCodec> Wire<IO, C> {
    async fn drive(mut self) {
        let ended = poll_fn(|cx| self.poll_drive(cx)).await;
        let why = ended.err().unwrap_or_else(|| shut_down("the server closed it"));
        self.commands.close();
        let unsent = shut_down(&why).with_origin(Origin::Connect);
        while let Ok(command) = self.commands.try_recv() {
            (command.finish)(Answer::Failed(unsent.clone()));
        }
        for (_, finish) in self.waiting.drain() {
            finish(Answer::Failed(why.clone()));
        }
    }

    /// Moves whatever can be moved. Ready when the connection has ended.
    fn poll_drive(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), RpcError>> {
        loop {
            self.take_commands(cx);
            let sent = self.send(cx).map_err(shut_down)?;
            if self.is_closing && self.waiting.is_empty() && self.outbox.is_empty() {
                return Poll::Ready(Ok(()));
            }
            match self.poll_receive(cx).map_err(shut_down)? {
                Poll::Pending if sent && !self.is_closing => {}
                Poll::Pending => return Poll::Pending,
                Poll::Ready(0) => return Poll::Ready(Ok(())),
                Poll::Ready(_) => self.finish_calls()?,
            }
        }
    }

    fn take_commands(&mut self, cx: &mut Context<'_>) {
        while !self.is_closing && !self.outbox.is_full() {
            match self.commands.poll_recv(cx) {
                Poll::Pending => return,
                Poll::Ready(None) => self.is_closing = true,
                Poll::Ready(Some(command)) => self.encode(command),
            }
        }
    }

    fn encode(&mut self, Command { method, argument, finish }: Command) {
        let seq = self.next_seq;
        match self.codec.request(seq, &method, &*argument, self.outbox.buffer()) {
            Err(error) => finish(Answer::Failed(error)),
            Ok(()) => {
                self.next_seq += 1;
                self.waiting.insert(seq, finish);
            }
        }
    }

    /// Sends as far as the server takes it; true when all is gone that was there.
    fn send(&mut self, cx: &mut Context<'_>) -> io::Result<bool> {
        Ok(!self.outbox.is_empty() && self.outbox.poll_send(&mut self.io, cx)?.is_ready())
    }

    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if self.pieces.bytes() != self.codec.held() {
            self.pieces.set(self.codec.held());
        }
        self.inbox.poll_read(&mut self.io, cx)
    }

    fn finish_calls(&mut self) -> Result<(), RpcError> {
        while let Some((seq, answer)) = self.codec.next(self.inbox.buffer())? {
            // A reply that nobody waits for is dropped, as Go's client does.
            if let Some(finish) = self.waiting.remove(&seq) {
                finish(answer);
            }
        }
        Ok(())
    }
}
