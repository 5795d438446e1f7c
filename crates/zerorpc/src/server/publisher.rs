//! The PUB side: each event is made once and goes to every subscriber that has room for it.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use manywire_core::{Charge, Connection, RpcError, Value};
use manywire_stream::{Outbox, Patience};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::broadcast::{self, Receiver};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until};

use super::greet;
use crate::event::Writer;
use crate::zmtp::frame::{self, Kind};
use crate::zmtp::{Closed, Link, Received, SocketType};

/// Events kept for a subscriber that reads slowly, as many as libzmq keeps; after that it misses some.
const HIGH_WATER: usize = 1000;
/// Bytes of one subscriber's prefixes, with some for keeping each.
const TOPIC_BYTES: usize = 64 << 10;

/// Publishes events to all subscribers; its clones are the same publisher.
#[derive(Debug, Clone)]
pub struct Publisher {
    sender: broadcast::Sender<Arc<[u8]>>,
    writer: Writer,
}

impl Default for Publisher {
    fn default() -> Self {
        Self::new()
    }
}

impl Publisher {
    /// A publisher without subscribers.
    pub fn new() -> Self {
        Self { sender: broadcast::Sender::new(HIGH_WATER), writer: Writer::new() }
    }

    /// Sends an event to every subscriber; never waits for one.
    pub fn publish(&self, name: &str, args: &[Value]) -> Result<(), RpcError> {
        let payload = self.writer.payload(name, args)?;
        // Without subscribers the event goes nowhere, as with ZeroMQ.
        let _ = self.sender.send(payload.into());
        Ok(())
    }

    /// Publishes `tick(n, unix_seconds)` every `period`, for as long as it is polled.
    pub async fn tick(&self, period: Duration) {
        let mut interval = interval_at(Instant::now() + period, period);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for n in 1.. {
            interval.tick().await;
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            // Two integers can always be written.
            let _ = self.publish("tick", &[Value::Int(n), now.as_secs().into()]);
        }
    }
}

/// Sends a publisher's events to the subscriber on an accepted stream, until it leaves or the server winds down.
pub async fn serve_events<IO>(io: IO, connection: Connection, publisher: Publisher)
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    // Subscribed before the handshake, so that no event after it is missed.
    let events = publisher.sender.subscribe();
    drop(publisher);
    let mut patience = Patience::with(&connection);
    let Some(link) = greet(io, SocketType::Publish, &connection, &mut patience).await else {
        return;
    };
    let Connection { budget, limits, .. } = &connection;
    let mut subscriber =
        Subscribed { link, out: Outbox::new(budget, limits), topics: Topics::new(budget.nothing()) };
    let left = tokio::select! {
        left = subscriber.run(events) => left,
        () = connection.drain.started() => Ok(()),
    };
    if let Err(reason) = left {
        tracing::debug!(%reason, "zerorpc subscriber left");
    }
}

/// One subscriber's connection.
struct Subscribed<IO> {
    link: Link<IO>,
    out: Outbox,
    topics: Topics,
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Subscribed<IO> {
    /// Runs until the subscriber or the publisher is gone.
    async fn run(&mut self, mut events: Receiver<Arc<[u8]>>) -> Result<(), Closed> {
        loop {
            let (quiet_end, has_room) = (self.link.quiet_end(), !self.out.is_full());
            tokio::select! {
                moved = poll_fn(|cx| self.poll(cx)) => moved?,
                event = events.recv(), if has_room => match event {
                    Ok(event) => self.send(&event),
                    Err(RecvError::Lagged(missed)) => tracing::debug!(missed, "zerorpc subscriber is too slow"),
                    Err(RecvError::Closed) => return Ok(()),
                },
                () = sleep_until(quiet_end.unwrap_or_else(Instant::now)), if quiet_end.is_some() => {
                    return Err(Closed::Silent);
                }
            }
        }
    }

    fn send(&mut self, event: &[u8]) {
        if self.topics.want(event) {
            frame::encode(self.out.buffer(), Kind::Last, |out| out.extend_from_slice(event));
        }
    }

    /// Sends what waits and takes in subscriptions; ready when there is room again, or something came.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Closed>> {
        let was_full = self.out.is_full();
        let _ = self.out.poll_send(&mut self.link.io, cx)?;
        // A subscription may have come along with the handshake, so what was read comes before reading.
        if self.take_topics()? || was_full && !self.out.is_full() {
            return Poll::Ready(Ok(()));
        }
        self.link.poll_read(cx)
    }

    /// Takes in what was read; says whether it was anything.
    fn take_topics(&mut self) -> Result<bool, Closed> {
        let mut taken = false;
        while let Some(received) = self.link.next(&mut self.out)? {
            taken = true;
            let accepted = match received {
                Received::Topic { wanted, prefix } => self.topics.change(wanted, prefix),
                Received::Message { payload: [1, prefix @ ..], .. } => self.topics.change(true, prefix),
                Received::Message { payload: [0, prefix @ ..], .. } => self.topics.change(false, prefix),
                Received::Message { .. } | Received::Command => true,
            };
            if !accepted {
                return Err(Closed::Topics);
            }
        }
        Ok(taken)
    }
}

/// The prefixes that a subscriber wants; one that it asked for twice must be cancelled twice.
#[derive(Debug)]
struct Topics {
    prefixes: Vec<Vec<u8>>,
    held: Charge,
}

impl Topics {
    fn new(held: Charge) -> Self {
        Self { prefixes: Vec::new(), held }
    }

    fn want(&self, event: &[u8]) -> bool {
        self.prefixes.iter().any(|prefix| event.starts_with(prefix))
    }

    /// Takes a change; false when it would be too much to keep.
    fn change(&mut self, wanted: bool, prefix: &[u8]) -> bool {
        let cost = prefix.len() + 32;
        if wanted {
            self.prefixes.push(prefix.to_vec());
            self.held.set(self.held.bytes() + cost);
        } else if let Some(index) = self.prefixes.iter().position(|known| known == prefix) {
            self.prefixes.swap_remove(index);
            self.held.set(self.held.bytes() - cost);
        }
        self.held.bytes() <= TOPIC_BYTES
    }
}

#[cfg(test)]
mod tests {
    use manywire_core::{Budget, Limits};

    use super::*;

    fn topics() -> Topics {
        Topics::new(Budget::alone(&Limits::default()).nothing())
    }

    #[test]
    fn a_prefix_wanted_twice_is_cancelled_twice() {
        let mut topics = topics();
        assert!(!topics.want(b"abc"));
        for (wanted, then) in [(true, true), (true, true), (false, true), (false, false), (false, false)] {
            assert!(topics.change(wanted, b"ab"));
            assert_eq!(topics.want(b"abc"), then);
        }
        assert!(topics.change(true, b"") && topics.want(b"") && topics.held.bytes() == 32);
    }

    #[test]
    fn subscriptions_without_end_are_refused() {
        let mut topics = topics();
        let taken = (0..1_000_000u32).take_while(|n| topics.change(true, &n.to_be_bytes())).count();
        assert!((1000..2000).contains(&taken), "{taken}");
    }
}
