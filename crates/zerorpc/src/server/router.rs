//! The life of one connection: input taken up, methods polled, output written once the input runs dry.

use std::future::{Future as _, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use manywire_core::Connection;
use manywire_stream::Patience;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, Sleep, sleep_until};

use super::exchange::Exchange;
use crate::zmtp::{Closed, Link, Received};

/// A connection after its handshake.
pub(super) struct Router<IO> {
    link: Link<IO>,
    exchange: Exchange,
    alarm: Option<Pin<Box<Sleep>>>,
    /// What is left of the time until a first message is complete; none once it is.
    patience: Option<Patience>,
}

/// How far the input was taken up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Input {
    /// All of it; there will be more.
    Dry,
    /// Not all: enough waits to be sent, or is at work.
    Held,
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Router<IO> {
    /// A connection of a peer that may rest, but has so much patience left for its first message once that has begun.
    pub(super) fn new(link: Link<IO>, connection: Connection, patience: Patience) -> Self {
        Self { link, exchange: Exchange::new(connection), alarm: None, patience: Some(patience) }
    }

    /// Serves until the peer leaves, or until the server winds down and nothing is under way.
    pub(super) async fn run(&mut self) -> Result<(), Closed> {
        let drain = self.exchange.connection().drain.clone();
        let mut started = pin!(drain.started());
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

    fn poll(&mut self, cx: &mut Context<'_>, draining: bool) -> Poll<Result<(), Closed>> {
        loop {
            let input = self.poll_input(cx);
            self.poll_alarm(cx)?;
            let sent = self.exchange.answers.out.poll_send(&mut self.link.io, cx)?;
            let input = input?;
            if self.is_out_of_patience(cx) {
                return Poll::Ready(Err(Closed::Idle));
            }
            if draining && self.exchange.is_idle() && sent.is_ready() {
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
            if !moved && self.link.poll_read(cx)?.is_pending() {
                return Ok(Input::Dry);
            }
        }
    }

    fn decode(&mut self) -> Result<(), Closed> {
        while self.exchange.has_room() {
            match self.link.next(&mut self.exchange.answers.out)? {
                None => break,
                Some(Received::Message { envelope, payload }) => {
                    self.patience = None;
                    self.exchange.receive(envelope, payload);
                }
                Some(Received::Topic { .. } | Received::Command) => {}
            }
        }
        self.link.release();
        Ok(())
    }

    /// Whether a first message has begun to come and takes too long. Between commands, such as PINGs, a peer rests again.
    fn is_out_of_patience(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(patience) = &mut self.patience else {
            return false;
        };
        if self.link.is_inside_a_frame() {
            patience.begin();
        } else {
            patience.rest();
        }
        patience.poll_over(cx).is_ready()
    }

    /// Does what is due by the clock.
    fn poll_alarm(&mut self, cx: &mut Context<'_>) -> Result<(), Closed> {
        loop {
            let due = self.exchange.due.into_iter().chain(self.link.quiet_end()).min();
            let Some(due) = due else {
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
        if self.link.quiet_end().is_some_and(|end| end <= now) {
            return Err(Closed::Silent);
        }
        if self.exchange.due.is_some_and(|due| due <= now) {
            self.exchange.beat(now);
        }
        Ok(())
    }
}
