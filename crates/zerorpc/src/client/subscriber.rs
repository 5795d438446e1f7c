//! Events of a publisher.

use std::future::poll_fn;
use std::task::{Context, Poll};
use std::time::Duration;

use manywire_core::{Limits, RpcError, Value};
use manywire_stream::Outbox;
use tokio::net::TcpStream;

use super::connect::{Target, greet_as};
use crate::event;
use crate::msgpack::Bounds;
use crate::zmtp::{Closed, Link, Received, SocketType, encode_subscription};

/// An event of a publisher.
#[derive(Debug, Clone, PartialEq)]
pub struct Published {
    /// Its name.
    pub name: String,
    /// Its arguments.
    pub args: Vec<Value>,
}

/// Receives all events of one publisher, as Python's Subscriber does; which of them matter is told by their names.
#[derive(Debug)]
pub struct Subscriber {
    target: Target,
    link: Option<Link<TcpStream>>,
    out: Outbox,
}

/// The time before a lost publisher is asked again.
const RETRY: Duration = Duration::from_millis(500);

impl Subscriber {
    /// Connects to a publisher at `host:port`.
    pub async fn connect(address: &str, limits: &Limits) -> Result<Self, RpcError> {
        let target = Target::new(address, limits);
        let out = Outbox::new(&target.budget, limits);
        let mut subscriber = Self { target, link: None, out };
        subscriber.link = Some(subscriber.subscribe().await?);
        Ok(subscriber)
    }

    async fn subscribe(&mut self) -> Result<Link<TcpStream>, RpcError> {
        let stream = self.target.dial().await?;
        let link = greet_as(SocketType::Subscribe, stream, &self.target).await?;
        self.out = Outbox::new(&self.target.budget, &self.target.limits);
        encode_subscription(self.out.buffer(), b"");
        Ok(link)
    }

    /// The next event. After an error, asking again connects again; events in between are missed.
    pub async fn next(&mut self) -> Result<Published, RpcError> {
        if self.link.is_none() {
            tokio::time::sleep(RETRY).await;
            self.link = Some(self.subscribe().await?);
        }
        let next = poll_fn(|cx| self.poll(cx)).await;
        next.map_err(|reason| {
            self.link = None;
            self.target.lost(reason)
        })
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Published, Closed>> {
        let bounds = Bounds::from(&self.target.limits);
        let Some(link) = &mut self.link else {
            return Poll::Ready(Err(Closed::Peer));
        };
        loop {
            while let Some(received) = link.next(&mut self.out)? {
                if let Received::Message { payload, .. } = received
                    && let Ok(event) = event::decode(payload)
                {
                    let name = event.name.to_owned();
                    if let Ok(args) = event.args(bounds) {
                        return Poll::Ready(Ok(Published { name, args: args.value }));
                    }
                }
            }
            let _ = self.out.poll_send(&mut link.io, cx)?;
            if link.poll_read(cx)?.is_pending() {
                return Poll::Pending;
            }
        }
    }
}
