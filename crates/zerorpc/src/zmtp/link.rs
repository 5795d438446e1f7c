//! A connection after its handshake: messages and subscriptions in, commands answered.

use std::io;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use manywire_core::{Budget, Limits};
use manywire_stream::Outbox;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::command::{self, Command, CommandError};
use super::frame::FrameError;
use super::messages::{Incoming, Messages};
use super::{HandshakeError, SocketType, handshake};

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Closed {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("{0}")]
    Frame(#[from] FrameError),
    #[error("{0}")]
    Command(#[from] CommandError),
    #[error("the peer closed the connection")]
    Peer,
    #[error("the peer refused: {0}")]
    Refused(String),
    #[error("the peer was silent for longer than its PING allows")]
    Silent,
    #[error("no complete first call within the handshake limit")]
    Idle,
    #[error("the peer subscribed to too much")]
    Topics,
}

/// What a peer sent, lent from the buffer.
#[derive(Debug)]
pub(crate) enum Received<'a> {
    /// The frames before the last as they came, and the body of the last.
    Message { envelope: &'a [u8], payload: &'a [u8] },
    /// A subscription as a command: whether it begins or ends, and its prefix.
    Topic { wanted: bool, prefix: &'a [u8] },
    /// A command that is dealt with.
    Command,
}

/// The stream to a peer and what was read from it.
#[derive(Debug)]
pub(crate) struct Link<IO> {
    pub(crate) io: IO,
    messages: Messages,
    /// How long a PING lets the peer be silent, and when that time is over.
    quiet: Option<(Duration, Instant)>,
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Link<IO> {
    /// Shakes hands.
    pub(crate) async fn open(
        mut io: IO,
        socket: SocketType,
        budget: &Budget,
        limits: &Limits,
    ) -> Result<Self, HandshakeError> {
        let mut messages = match socket {
            SocketType::Router | SocketType::Publish => Messages::new(budget, limits),
            SocketType::Dealer | SocketType::Subscribe => Messages::patient(budget, limits),
        };
        handshake(&mut io, &mut messages, socket, limits.message_bytes).await?;
        Ok(Self { io, messages, quiet: None })
    }

    /// Reads once.
    pub(crate) fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Closed>> {
        let count = ready!(self.messages.poll_read(&mut self.io, cx))?;
        if count == 0 {
            return Poll::Ready(Err(Closed::Peer));
        }
        if let Some((ttl, end)) = &mut self.quiet {
            *end = Instant::now() + *ttl;
        }
        Poll::Ready(Ok(()))
    }

    /// The next of what was read; none until more is. Answers to commands go to `out`.
    pub(crate) fn next(&mut self, out: &mut Outbox) -> Result<Option<Received<'_>>, Closed> {
        let body = match self.messages.next()? {
            None => return Ok(None),
            Some(Incoming::Message { envelope, payload }) => {
                return Ok(Some(Received::Message { envelope, payload }));
            }
            Some(Incoming::Command(body)) => body,
        };
        match command::decode(body)? {
            Command::Subscribe(prefix) => return Ok(Some(Received::Topic { wanted: true, prefix })),
            Command::Cancel(prefix) => return Ok(Some(Received::Topic { wanted: false, prefix })),
            Command::Error(reason) => return Err(Closed::Refused(reason.escape_ascii().to_string())),
            Command::Ping { ttl, context } => {
                // A peer that asks and does not read what is answered shall not fill our memory with answers.
                if !out.is_full() {
                    command::encode_pong(out.buffer(), context);
                }
                self.quiet = (!ttl.is_zero()).then(|| (ttl, Instant::now() + ttl));
            }
            Command::Ready(_) | Command::Other => {}
        }
        Ok(Some(Received::Command))
    }

    /// Gives up the room of what was taken; to be called before a wait for anything but more input.
    pub(crate) fn release(&mut self) {
        self.messages.release();
    }

    /// Whether a message or a command has begun to come.
    pub(crate) fn is_inside_a_frame(&self) -> bool {
        !self.messages.bytes().is_empty()
    }

    /// When the peer, if it stays silent, is to be taken for gone.
    pub(crate) fn quiet_end(&self) -> Option<Instant> {
        self.quiet.map(|(_, end)| end)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[tokio::test]
    async fn answers_to_pings_do_not_pile_up() {
        let pings = b"\x04\x07\x04PING\0\0".repeat(100_000);
        let limits = Limits::default();
        let budget = Budget::alone(&limits);
        let messages = Messages::new(&budget, &limits);
        let mut link = Link { io: Cursor::new(pings), messages, quiet: None };
        let mut out = Outbox::new(&budget, &limits);
        let mut answered = 0;
        while std::future::poll_fn(|cx| link.poll_read(cx)).await.is_ok() {
            while let Some(Received::Command) = link.next(&mut out).unwrap() {
                answered += 1;
            }
        }
        assert_eq!(answered, 100_000);
        assert!(out.is_full() && out.buffer().len() < 100_000, "{}", out.buffer().len());
    }
}
