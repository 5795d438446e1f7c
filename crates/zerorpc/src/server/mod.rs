//! The ROUTER side of one connection.

mod channel;
mod exchange;
mod introspection;
mod work;

use std::future::{Future as _, poll_fn};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use manywire_core::{Connection, Drain};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, Sleep, sleep_until, timeout};

use self::exchange::Exchange;
use crate::zmtp::command::{self, CommandError};
use crate::zmtp::frame::FrameError;
use crate::zmtp::{Command, Inbox, Incoming, SocketType, handshake};

/// Serves zerorpc calls on an accepted stream until the peer leaves or the server winds down.
pub async fn serve<IO>(mut io: IO, connection: Connection)
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let drain = connection.drain.clone();
    let Some(inbox) = greet(&mut io, SocketType::Router, &connection).await else {
        return;
    };
    let mut router =
        Router { io, inbox, exchange: Exchange::new(connection), alarm: None, quiet: None, stuck: None };
    if let Err(reason) = router.run(&drain).await {
        tracing::debug!(%reason, "zerorpc connection closed");
    }
}

/// The handshake within its time; nothing when the peer failed it, or the server winds down.
pub(crate) async fn greet<IO: AsyncRead + AsyncWrite + Unpin>(
    io: &mut IO,
    socket: SocketType,
    connection: &Connection,
) -> Option<Inbox> {
    let mut inbox = Inbox::new();
    let limits = &connection.limits;
    let greeting = timeout(limits.handshake, handshake(io, &mut inbox, socket, limits.message_bytes));
    tokio::select! {
        greeted = greeting => match greeted {
            Ok(Ok(())) => return Some(inbox),
            Ok(Err(reason)) => tracing::debug!(%reason, "zerorpc handshake failed"),
            Err(_) => tracing::debug!("zerorpc handshake not done in time"),
        },
        () = connection.drain.started() => {}
    }
    None
}

/// Why a connection ended, other than by the peer's leave or ours.
#[derive(Debug, thiserror::Error)]
enum Closed {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("{0}")]
    Frame(#[from] FrameError),
    #[error("{0}")]
    Command(#[from] CommandError),
    #[error("the peer refused: {0}")]
    Refused(String),
    #[error("the peer stopped reading")]
    Stuck,
    #[error("the peer was silent for longer than its PING allows")]
    Silent,
}

/// How far the input was taken up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Input {
    /// All of it; there will be more.
    Dry,
    /// Not all: enough waits to be sent, or is at work.
    Held,
    /// The peer has closed.
    Closed,
}

/// A connection after its handshake.
struct Router<IO> {
    io: IO,
    inbox: Inbox,
    exchange: Exchange,
    alarm: Option<Pin<Box<Sleep>>>,
    /// How long a PING lets the peer be silent, and when that time is over.
    quiet: Option<(Duration, Instant)>,
    /// Bytes sent by the last time that the clock found too many waiting.
    stuck: Option<u64>,
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Router<IO> {
    async fn run(&mut self, drain: &Drain) -> Result<(), Closed> {
        let started = drain.started();
        tokio::pin!(started);
        let mut draining = false;
        poll_fn(|cx| {
            if !draining && started.as_mut().poll(cx).is_ready() {
                draining = true;
                self.exchange.drain();
            }
            self.poll(cx, draining)
        })
        .await
    }

    /// Takes up all input there is, then writes once; ready when the connection is over.
    fn poll(&mut self, cx: &mut Context<'_>, draining: bool) -> Poll<Result<(), Closed>> {
        loop {
            let input = self.poll_input(cx)?;
            self.poll_alarm(cx)?;
            let sent = self.exchange.out.poll_send(&mut self.io, cx)?;
            if input == Input::Closed || draining && self.exchange.is_idle() && sent.is_ready() {
                return Poll::Ready(Ok(()));
            }
            if input == Input::Dry || !self.exchange.has_room() {
                return Poll::Pending;
            }
        }
    }

    /// Decodes, works and reads until the input runs dry or enough is under way.
    fn poll_input(&mut self, cx: &mut Context<'_>) -> Result<Input, Closed> {
        loop {
            self.decode()?;
            let moved = self.exchange.poll_progress(cx);
            if !self.exchange.has_room() {
                return Ok(Input::Held);
            }
            if moved {
                continue;
            }
            match self.inbox.poll_read(&mut self.io, cx)? {
                Poll::Ready(0) => return Ok(Input::Closed),
                Poll::Ready(_) => self.hear(),
                Poll::Pending => return Ok(Input::Dry),
            }
        }
    }

    fn decode(&mut self) -> Result<(), Closed> {
        while self.exchange.has_room() {
            match self.inbox.next()? {
                None => break,
                Some(Incoming::Message { envelope, payload }) => self.exchange.receive(envelope, payload),
                Some(Incoming::Command(body)) => match command::decode(body)? {
                    Command::Ping { ttl, context } => {
                        command::encode_pong(self.exchange.out.buffer(), context);
                        self.quiet = (!ttl.is_zero()).then(|| (ttl, Instant::now() + ttl));
                    }
                    Command::Error(reason) => return Err(Closed::Refused(reason.escape_ascii().to_string())),
                    _ => {}
                },
            }
        }
        Ok(())
    }

    /// Any traffic counts as a sign of life.
    fn hear(&mut self) {
        if let Some((ttl, end)) = &mut self.quiet {
            *end = Instant::now() + *ttl;
        }
    }

    /// Does what is due by the clock.
    fn poll_alarm(&mut self, cx: &mut Context<'_>) -> Result<(), Closed> {
        loop {
            let quiet_end = self.quiet.map(|(_, end)| end);
            let Some(due) = self.exchange.due.into_iter().chain(quiet_end).min() else {
                return Ok(());
            };
            let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep_until(due)));
            if alarm.deadline() != due {
                alarm.as_mut().reset(due);
            }
            if alarm.as_mut().poll(cx).is_pending() {
                return Ok(());
            }
            self.ring(Instant::now())?;
        }
    }

    fn ring(&mut self, now: Instant) -> Result<(), Closed> {
        if self.quiet.is_some_and(|(_, end)| end <= now) {
            return Err(Closed::Silent);
        }
        if self.exchange.due.is_none_or(|due| due > now) {
            return Ok(());
        }
        let sent = self.exchange.out.is_full().then(|| self.exchange.out.total());
        if sent.is_some() && sent == self.stuck {
            return Err(Closed::Stuck);
        }
        self.stuck = sent;
        self.exchange.beat(now);
        Ok(())
    }
}
