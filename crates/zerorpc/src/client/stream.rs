//! The answer as it comes: items while the server has them, and room granted as they are read.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use manywire_core::{RpcError, Value};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

use super::connect::Target;
use super::driver::{Command, Delivery, Inbound};
use crate::event::MessageId;

/// Items that a server may send ahead of the reader, once there is a second one; Python's client takes as many. Of long
/// items there are fewer, and together they are no longer than one message may be.
const WINDOW: u32 = 100;

/// A stream of values from a server, which sends no more than is read.
///
/// Dropping it gives it up: zerorpc has no word for that, so the server hears no more of it and takes it for lost.
#[derive(Debug)]
pub struct Stream {
    id: MessageId,
    events: UnboundedReceiver<Delivery>,
    first: VecDeque<Inbound>,
    commands: UnboundedSender<Command>,
    target: Arc<Target>,
    /// Items that the server may still send before it needs another grant.
    reserved: u32,
    /// How many it may send in all.
    window: u32,
    started: bool,
    finished: bool,
}

impl Stream {
    pub(super) fn new(
        id: MessageId,
        events: UnboundedReceiver<Delivery>,
        commands: UnboundedSender<Command>,
        target: Arc<Target>,
    ) -> Self {
        Self {
            id,
            events,
            first: VecDeque::new(),
            commands,
            target,
            reserved: 1,
            window: WINDOW,
            started: false,
            finished: false,
        }
    }

    /// Puts an event back in front.
    pub(super) fn put_back(&mut self, event: Inbound) {
        self.finished = false;
        self.first.push_front(event);
    }

    pub(super) async fn receive(&mut self) -> Inbound {
        poll_fn(|cx| self.poll_receive(cx)).await
    }

    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Inbound> {
        if let Some(event) = self.first.pop_front() {
            self.finished = !matches!(event, Inbound::Item(_));
            return Poll::Ready(event);
        }
        self.grant();
        let delivered = ready!(self.events.poll_recv(cx));
        let lost = || Inbound::Failed(self.target.lost("the connection is closed"));
        let Delivery { inbound: event, held } = delivered.unwrap_or_else(|| lost().into());
        if let Some(held) = held {
            self.narrow(held.bytes());
        }
        self.started = true;
        self.reserved = self.reserved.saturating_sub(1);
        self.finished = !matches!(event, Inbound::Item(_));
        Poll::Ready(event)
    }

    /// Lets no more items be under way than would fit into one message, were all as long as this one; and two at least, so
    /// that one comes while another is read.
    fn narrow(&mut self, length: usize) {
        let fitting = self.target.limits.message_bytes / length.max(1);
        self.window = self.window.min(u32::try_from(fitting).unwrap_or(WINDOW)).max(2);
    }

    /// Lets the server send more, once half of the window is used up.
    fn grant(&mut self) {
        if self.started && self.reserved < self.window / 2 {
            let more = self.window - self.reserved;
            self.reserved = self.window;
            // Without a connection there is nobody to grant anything.
            let _ = self.commands.send(Command::Grant { id: self.id, more });
        }
    }

    /// The next item; none after the last.
    pub async fn next(&mut self) -> Option<Result<Value, RpcError>> {
        poll_fn(|cx| self.poll_item(cx)).await
    }

    fn poll_item(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Value, RpcError>>> {
        if self.finished {
            return Poll::Ready(None);
        }
        Poll::Ready(match ready!(self.poll_receive(cx)) {
            Inbound::Item(value) | Inbound::Ok(value) => Some(Ok(value)),
            Inbound::Failed(error) => Some(Err(error)),
            Inbound::Done => None,
        })
    }
}

impl futures_core::Stream for Stream {
    type Item = Result<Value, RpcError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_item(cx)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        if !self.finished {
            // Without a connection there is nothing to forget.
            let _ = self.commands.send(Command::Forget { id: self.id });
        }
    }
}
