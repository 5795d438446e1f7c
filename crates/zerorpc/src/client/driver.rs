//! The task that owns a client's connection: requests out, answers to whoever waits for them.

use std::collections::HashMap;
use std::future::{Future as _, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use manywire_core::{Charge, RpcError, Value};
use manywire_stream::Outbox;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use super::connect::Target;
use crate::error;
use crate::event::{self, Event, MessageId, Route, Writer};
use crate::heartbeat::{Beat, PERIOD, Pulse};
use crate::msgpack::{Bounds, put};
use crate::zmtp::{Closed, Link, Received};

const FIRST_RETRY: Duration = Duration::from_millis(100);
const LONGEST_RETRY: Duration = Duration::from_secs(2);

/// What the handles ask of the driver.
#[derive(Debug)]
pub(super) enum Command {
    /// Send a request; its answers go to the sender.
    Open { id: MessageId, message: Vec<u8>, sender: UnboundedSender<Delivery> },
    /// Let the server send so many more events.
    Grant { id: MessageId, more: u32 },
    /// Nobody waits for this one any more.
    Forget { id: MessageId },
}

/// An answer, or a part of one.
#[derive(Debug)]
pub(super) enum Inbound {
    Ok(Value),
    Item(Value),
    Done,
    Failed(RpcError),
}

/// The same on its way to whoever waits for it.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) inbound: Inbound,
    /// What a long one takes in memory until it is read.
    pub(super) held: Option<Charge>,
}

impl From<Inbound> for Delivery {
    fn from(inbound: Inbound) -> Self {
        Self { inbound, held: None }
    }
}

/// An answer that takes no more than this is not charged: a stream's window bounds their number.
const LIGHT: usize = 1 << 10;

/// One call under way.
struct Channel {
    sender: UnboundedSender<Delivery>,
    pulse: Pulse,
    /// Events that the server may still send.
    granted: u64,
    opened: Instant,
    /// The request, until it is sent.
    unsent: Option<Vec<u8>>,
}

/// A client's connection, or its absence.
pub(super) struct Driver {
    target: Arc<Target>,
    writer: Writer,
    commands: UnboundedReceiver<Command>,
    channels: HashMap<MessageId, Channel>,
    out: Outbox,
    alarm: Pin<Box<Sleep>>,
    /// Since when we have been reading without a pause.
    listening: Option<Instant>,
}

impl Driver {
    pub(super) fn new(target: Arc<Target>, writer: Writer, commands: UnboundedReceiver<Command>) -> Self {
        let out = Outbox::new(&target.budget, &target.limits);
        Self {
            target,
            writer,
            commands,
            channels: HashMap::new(),
            out,
            alarm: Box::pin(sleep(PERIOD)),
            listening: None,
        }
    }

    /// Serves the handles over one connection.
    pub(super) async fn run_once<IO: AsyncRead + AsyncWrite + Unpin>(mut self, mut link: Link<IO>) {
        self.drive(&mut link).await;
        // What was asked for since has not been sent.
        self.commands.close();
        while let Ok(command) = self.commands.try_recv() {
            if let Command::Open { sender, .. } = command {
                let _ = sender.send(Inbound::Failed(self.target.gone()).into());
            }
        }
    }

    /// Serves the handles, connecting again when there is something to send and no connection.
    pub(super) async fn run_tcp(mut self, mut link: Link<TcpStream>) {
        while self.drive(&mut link).await {
            match self.reconnect().await {
                Some(fresh) => link = fresh,
                None => return,
            }
        }
    }

    /// Runs until the connection is lost (true) or no handle is left (false).
    async fn drive<IO: AsyncRead + AsyncWrite + Unpin>(&mut self, link: &mut Link<IO>) -> bool {
        self.out = Outbox::new(&self.target.budget, &self.target.limits);
        for channel in self.channels.values_mut() {
            if let Some(message) = channel.unsent.take() {
                self.out.buffer().extend_from_slice(&message);
            }
        }
        let Err(reason) = poll_fn(|cx| self.poll(link, cx)).await else {
            return false;
        };
        for (_, channel) in self.channels.drain() {
            let _ = channel.sender.send(Inbound::Failed(self.target.lost(&reason)).into());
        }
        true
    }

    fn poll<IO: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        link: &mut Link<IO>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Closed>> {
        loop {
            self.receive(link)?;
            while link.poll_read(cx)?.is_ready() {
                self.receive(link)?;
            }
            let has_handles = self.poll_commands(cx);
            self.poll_alarm(cx);
            let was_full = self.out.is_full();
            let sent = self.out.poll_send(&mut link.io, cx)?;
            if !has_handles && sent.is_ready() {
                return Poll::Ready(Ok(()));
            }
            if !was_full || self.out.is_full() {
                return Poll::Pending;
            }
        }
    }

    fn receive<IO: AsyncRead + AsyncWrite + Unpin>(&mut self, link: &mut Link<IO>) -> Result<(), Closed> {
        while let Some(received) = link.next(&mut self.out)? {
            if let Received::Message { payload, .. } = received
                && let Ok(event) = event::decode(payload)
                && let Some(id) = event.response_to.and_then(message_id)
            {
                self.deliver(id, event);
            }
        }
        Ok(())
    }

    /// Hands an event to whoever waits for it; one for a call given up is ignored.
    fn deliver(&mut self, id: MessageId, event: Event<'_>) {
        let Some(channel) = self.channels.get_mut(&id) else {
            return;
        };
        channel.pulse.hear(Instant::now());
        if matches!(event.name, event::HEARTBEAT | event::MORE) {
            return;
        }
        let Some(granted) = channel.granted.checked_sub(1) else {
            let lost = self.target.unsound("it sent more than it may");
            let _ = channel.sender.send(Inbound::Failed(lost).into());
            self.channels.remove(&id);
            return;
        };
        channel.granted = granted;
        let (inbound, bytes) = inbound(event, Bounds::from(&self.target.limits))
            .unwrap_or_else(|reason| (Inbound::Failed(self.target.unsound(reason)), 0));
        let is_last = !matches!(inbound, Inbound::Item(_));
        let held = (bytes > LIGHT).then(|| {
            let mut held = self.target.budget.nothing();
            held.set(bytes);
            held
        });
        if channel.sender.send(Delivery { inbound, held }).is_err() || is_last {
            self.channels.remove(&id);
        }
    }

    /// Takes what the handles ask for; says whether there are handles left.
    fn poll_commands(&mut self, cx: &mut Context<'_>) -> bool {
        while !self.out.is_full() {
            match self.commands.poll_recv(cx) {
                Poll::Ready(Some(command)) => self.obey(command, true),
                Poll::Ready(None) => return false,
                Poll::Pending => break,
            }
        }
        true
    }

    fn obey(&mut self, command: Command, is_connected: bool) {
        match command {
            Command::Open { id, message, sender } => {
                let now = Instant::now();
                let mut channel =
                    Channel { sender, pulse: Pulse::new(now), granted: 1, opened: now, unsent: None };
                if is_connected {
                    self.out.buffer().extend_from_slice(&message);
                } else {
                    channel.unsent = Some(message);
                }
                self.channels.insert(id, channel);
            }
            Command::Grant { id, more } => {
                if let Some(channel) = self.channels.get_mut(&id) {
                    channel.granted += u64::from(more);
                    send_number(&self.writer, &mut self.out, id, event::MORE, more);
                }
            }
            Command::Forget { id } => {
                self.channels.remove(&id);
            }
        }
    }

    /// Heartbeats, looked after ten times a period rather than by a timer for each call.
    fn poll_alarm(&mut self, cx: &mut Context<'_>) {
        while !self.channels.is_empty() && self.alarm.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            self.beat(now);
            self.alarm.as_mut().reset(now + PERIOD / 10);
        }
    }

    fn beat(&mut self, now: Instant) {
        if self.target.budget.is_full() {
            self.listening = Some(now);
        }
        let (writer, out, target, since) = (&self.writer, &mut self.out, &self.target, self.listening);
        self.channels.retain(|id, channel| {
            match channel.pulse.beat(now, since) {
                Beat::Wait => {}
                Beat::Send => send_number(writer, out, *id, event::HEARTBEAT, 0),
                Beat::Lost => {
                    let reason = format!("no heartbeat for {}s", (PERIOD * 2).as_secs());
                    let _ = channel.sender.send(Inbound::Failed(target.lost(reason)).into());
                    return false;
                }
            }
            true
        });
    }

    /// Waits until something is to be sent, then tries to connect, ever less often; none when no handle is left.
    async fn reconnect(&mut self) -> Option<Link<TcpStream>> {
        let mut pause = FIRST_RETRY;
        loop {
            while self.channels.is_empty() {
                let command = self.commands.recv().await?;
                self.obey(command, false);
            }
            let error = match self.target.connect().await {
                Ok(link) => return Some(link),
                Err(error) => error,
            };
            self.wait(Instant::now() + pause).await?;
            self.give_up(&error);
            pause = (pause * 2).min(LONGEST_RETRY);
        }
    }

    /// Takes commands until then.
    async fn wait(&mut self, end: Instant) -> Option<()> {
        loop {
            tokio::select! {
                command = self.commands.recv() => self.obey(command?, false),
                () = sleep_until(end) => return Some(()),
            }
        }
    }

    /// Fails the calls that have waited for a connection as long as a silent server would be waited for.
    fn give_up(&mut self, error: &RpcError) {
        self.channels.retain(|_, channel| {
            let is_patient = channel.opened.elapsed() < 2 * PERIOD;
            if !is_patient {
                let _ = channel.sender.send(Inbound::Failed(error.clone()).into());
            }
            is_patient
        });
    }
}

/// Reads the event that a server answers with, and says what it takes in memory.
fn inbound(event: Event<'_>, bounds: Bounds) -> Result<(Inbound, usize), String> {
    let name = event.name.to_owned();
    let args = event.value(bounds).map_err(|reason| reason.to_string())?;
    let inbound = match (name.as_str(), args.value) {
        (event::STREAM, item) => Inbound::Item(item),
        (event::STREAM_DONE, _) => Inbound::Done,
        (event::ERR, args) => Inbound::Failed(error::decode(&args)),
        (event::OK, Value::Array(mut args)) if args.len() == 1 => Inbound::Ok(args.pop().unwrap_or_default()),
        (name, _) => return Err(format!("it answered with {name:?}, which is no event of zerorpc")),
    };
    Ok((inbound, args.bytes))
}

/// The id that we gave a request, out of an answer to it.
fn message_id(encoded: &[u8]) -> Option<MessageId> {
    encoded.last_chunk().copied()
}

fn send_number(writer: &Writer, out: &mut Outbox, id: MessageId, name: &str, number: u32) {
    let mut encoded = Vec::with_capacity(34);
    put!(write_bin, &mut encoded, &id);
    writer.write_number(out.buffer(), Route::to_server(Some(&encoded)), name, number);
}
