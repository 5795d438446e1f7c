//! A connection's calls: events in, methods started, and the channels of those that take their time.

use std::collections::{HashMap, VecDeque};
use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use futures_core::Stream as _;
use manywire_core::{
    Call, CallStream, Charge, Connection, ErrorKind, Limits, OverBudget, Params, RpcError, Started,
};
use tokio::time::Instant;

use super::answers::Answers;
use super::channel::{Channel, Rest, State};
use super::introspection;
use super::work::{Answer, Done, Key, Working};
use crate::event::{self, Event, Route, Version};
use crate::heartbeat::{self, Beat, Pulse};
use crate::msgpack::Bounds;

/// Items that one stream may send before it is another's turn.
const TURN: usize = 64;

/// A call whose arguments take no more than this is not charged before its method has been polled once, and most are done
/// then.
const LIGHT: usize = 4 << 10;

/// Bytes that an open channel takes beside its arguments, its envelope and its id; an estimate.
const CHANNEL: usize = 512;

/// The state of a connection's calls.
pub(super) struct Exchange {
    connection: Connection,
    pub(super) answers: Answers,
    channels: HashMap<Key, Channel>,
    working: Working,
    /// Streams that could go on at once.
    ready: VecDeque<Key>,
    draining: bool,
    /// Since when we have been reading without a pause.
    listening: Option<Instant>,
    /// When the next heartbeat of any channel is due.
    pub(super) due: Option<Instant>,
}

/// Requests, and what peers say about open channels.
impl Exchange {
    pub(super) fn new(connection: Connection) -> Self {
        Self {
            answers: Answers::new(&connection),
            connection,
            channels: HashMap::new(),
            working: Working::default(),
            ready: VecDeque::new(),
            draining: false,
            listening: None,
            due: None,
        }
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    fn limits(&self) -> &Limits {
        &self.connection.limits
    }

    /// Whether another message may be taken up.
    pub(super) fn has_room(&self) -> bool {
        !self.answers.out.is_full() && self.working.len() < self.limits().in_flight
    }

    /// Whether nothing is under way.
    pub(super) fn is_idle(&self) -> bool {
        self.channels.is_empty()
    }

    /// Takes up a message.
    pub(super) fn receive(&mut self, envelope: &[u8], payload: &[u8]) {
        match event::decode(payload) {
            Ok(event) => match event.response_to {
                Some(key) => self.continue_channel(key, &event),
                None => self.open(envelope, event),
            },
            Err(refusal) => {
                let route = Route { envelope, response_to: refusal.message_id, peer: refusal.peer };
                let error = RpcError::new(ErrorKind::InvalidRequest, refusal.reason);
                self.answers.error(route, &error);
            }
        }
    }

    /// An event of an open channel: a sign of life, perhaps a grant. One of a closed channel is late, and ignored.
    fn continue_channel(&mut self, key: &[u8], event: &Event<'_>) {
        let Some(channel) = self.channels.get_mut(key) else {
            return;
        };
        channel.pulse.hear(Instant::now());
        if event.name != event::MORE {
            return;
        }
        let was_stuck = channel.slots == 0 && matches!(channel.state, State::Waiting(_));
        channel.slots = channel.slots.saturating_add(event.number().unwrap_or(0));
        if was_stuck && channel.slots > 0 {
            self.ready.push_back(key.into());
        }
    }

    /// A request.
    fn open(&mut self, envelope: &[u8], event: Event<'_>) {
        let route = Route { envelope, response_to: event.message_id, peer: event.peer };
        let Some(key) = event.message_id else {
            let message = "an event without a message_id cannot be answered";
            let error = RpcError::new(ErrorKind::InvalidRequest, message);
            return self.answers.error(route, &error);
        };
        if let Err(refusal) = self.admit(key) {
            return self.answers.error(route, &refusal);
        }
        if event.name.starts_with("_zerorpc_") {
            return self.introspect(route, event);
        }
        let (name, bounds) = (event.name, Bounds::from(self.limits()));
        match self.start(event, bounds) {
            Ok((Started::Call(call), held)) => self.call(route, key, call, held),
            Ok((Started::Stream(stream), held)) => self.stream(route, key, stream, held),
            Err(error) => self.answers.refusal(route, name, &error),
        }
    }

    /// Starts a method; long arguments are charged before anything of it has run.
    fn start(&self, event: Event<'_>, bounds: Bounds) -> Result<(Started, Held), RpcError> {
        let (name, header) = (event.name, event.header);
        let (terms, args) = (header.terms()?, event.args(bounds)?);
        let held = Held::new(&self.connection, args.bytes)?;
        Ok((self.connection.session.start_on(terms, name, Params::Positional(args.value))?, held))
    }

    fn admit(&self, key: &[u8]) -> Result<(), RpcError> {
        if self.draining {
            let message = "the server is shutting down; call another one, or later";
            return Err(RpcError::new(ErrorKind::Unavailable, message));
        }
        if self.channels.contains_key(key) {
            let message = "the message_id is that of a call still under way";
            return Err(RpcError::new(ErrorKind::InvalidRequest, message));
        }
        // Calls at work are waited for; streams that wait for this very peer would be waited for in vain.
        let unread = self.channels.len().saturating_sub(self.working.len());
        if unread >= self.limits().in_flight {
            let message = "too many streams are open and unread on this connection; read or close some";
            return Err(RpcError::new(ErrorKind::ResourceExhausted, message));
        }
        Ok(())
    }

    fn introspect(&mut self, route: Route<'_>, event: Event<'_>) {
        let (name, bounds) = (event.name, Bounds::from(self.limits()));
        let methods = self.connection.session.methods();
        match introspection::answer(methods, name, || Ok(event.args(bounds)?.value)) {
            None => self.answers.name_error(route, name),
            Some(Ok(value)) => self.answers.value(route, &value),
            Some(Err(failure)) => self.answers.failure(route, &failure),
        }
    }

    /// Polls once in place; most methods answer then and there, and cost no channel.
    fn call(&mut self, route: Route<'_>, key: &[u8], mut call: Call, held: Held) {
        match Pin::new(&mut call).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(answer) => self.answers.answer(route, answer),
            Poll::Pending => {
                let key = Key::from(key);
                let work = self.working.call(key.clone(), call);
                self.insert(route, key, State::Calling(work), held);
            }
        }
    }

    fn stream(&mut self, route: Route<'_>, key: &[u8], stream: CallStream, held: Held) {
        let key = Key::from(key);
        self.insert(route, key.clone(), State::Waiting(Rest::Items(stream)), held);
        self.go_on(key);
    }

    fn insert(&mut self, route: Route<'_>, key: Key, state: State, held: Held) {
        let pulse = match route.peer.version {
            Version::First => Pulse::passive(Instant::now()),
            Version::Current => Pulse::new(Instant::now()),
        };
        self.due.get_or_insert(pulse.due());
        let channel = Channel {
            envelope: route.envelope.into(),
            peer: route.peer,
            slots: 1,
            pulse,
            state,
            _held: held.charge(&self.connection, CHANNEL + route.envelope.len() + key.len()),
        };
        self.channels.insert(key, channel);
    }
}

/// What a call's arguments take in memory.
enum Held {
    /// So little that it is charged once the call turns out to take time.
    Light(usize),
    Heavy(Charge),
}

impl Held {
    fn new(connection: &Connection, bytes: usize) -> Result<Self, OverBudget> {
        Ok(if bytes <= LIGHT { Held::Light(bytes) } else { Held::Heavy(connection.budget.charge(bytes)?) })
    }

    /// Charges them until their channel closes, and the channel, which takes so much.
    fn charge(self, connection: &Connection, channel: usize) -> Charge {
        let (mut charge, arguments) = match self {
            Held::Heavy(charge) => {
                let bytes = charge.bytes();
                (charge, bytes)
            }
            Held::Light(bytes) => (connection.budget.nothing(), bytes),
        };
        charge.set(arguments + channel);
        charge
    }
}

/// Methods at work and streams that wait.
impl Exchange {
    /// Lets results of methods at work and waiting streams move on; says whether any did.
    pub(super) fn poll_progress(&mut self, cx: &mut Context<'_>) -> bool {
        let mut moved = false;
        while !self.answers.out.is_full() {
            if let Poll::Ready((key, done)) = self.working.poll_next(cx) {
                self.finish_work(key, done);
            } else if let Some(key) = self.ready.pop_front() {
                self.go_on(key);
            } else {
                break;
            }
            moved = true;
        }
        moved
    }

    fn finish_work(&mut self, key: Key, done: Done) {
        match done {
            Done::Reply(answer) => {
                if let Some(channel) = self.channels.remove(&key) {
                    self.answers.answer(channel.route(&key), answer);
                }
            }
            Done::Item(item, stream) => {
                if let Some(channel) = self.channels.get_mut(&key) {
                    let rest = send_item(&mut self.answers, channel, &key, item, stream);
                    channel.state = State::Waiting(rest);
                    self.go_on(key);
                }
            }
        }
    }

    /// Sends of a waiting stream what there is room for.
    fn go_on(&mut self, key: Key) {
        let Some(channel) = self.channels.get_mut(&key) else {
            return;
        };
        let Some(mut rest) = channel.take_rest() else {
            return;
        };
        for _ in 0..TURN {
            if channel.slots == 0 {
                channel.state = State::Waiting(rest);
                return;
            }
            if self.answers.out.is_full() {
                break;
            }
            rest = match rest {
                Rest::End(end) => return self.end(&key, end),
                Rest::Items(mut stream) => {
                    match Pin::new(&mut stream).poll_next(&mut Context::from_waker(Waker::noop())) {
                        Poll::Ready(item) => send_item(&mut self.answers, channel, &key, item, stream),
                        // A stream that waits for something other than its reader may never end.
                        Poll::Pending if self.draining => Rest::End(Err(shutting_down())),
                        Poll::Pending => {
                            channel.state = State::Streaming(self.working.stream(key.clone(), stream));
                            return;
                        }
                    }
                }
            };
        }
        channel.state = State::Waiting(rest);
        self.ready.push_back(key);
    }

    /// The last event of a stream.
    fn end(&mut self, key: &Key, end: Result<(), RpcError>) {
        if let Some(channel) = self.channels.remove(key) {
            match end {
                Ok(()) => self.answers.done(channel.route(key)),
                Err(error) => self.answers.error(channel.route(key), &error),
            }
        }
    }

    /// Ends what would never end by itself, and takes nothing new.
    pub(super) fn drain(&mut self) {
        self.draining = true;
        let streaming = |channel: &Channel| matches!(channel.state, State::Streaming(_));
        let endless: Vec<Key> = self
            .channels
            .iter()
            .filter(|(_, channel)| streaming(channel))
            .map(|(key, _)| key.clone())
            .collect();
        for key in endless {
            self.end(&key, Err(shutting_down()));
        }
    }

    /// Sends the heartbeats that are due and drops the channels of lost peers.
    pub(super) fn beat(&mut self, now: Instant) {
        if !self.has_room() || self.connection.budget.is_full() {
            self.listening = Some(now);
        }
        if self.answers.out.is_full() {
            self.due = Some(now + heartbeat::PERIOD);
            return;
        }
        let (answers, since) = (&mut self.answers, self.listening);
        self.channels.retain(|key, channel| {
            let beat = channel.pulse.beat(now, since);
            if beat == Beat::Send {
                answers.heartbeat(channel.route(key));
            }
            beat != Beat::Lost
        });
        // Channels that are due at almost the same time are looked after together.
        let due = self.channels.values().map(|channel| channel.pulse.due()).min();
        self.due = due.map(|due| due.max(now + heartbeat::PERIOD / 50));
    }
}

/// Sends an item of a stream and returns what is left of it.
fn send_item(
    answers: &mut Answers,
    channel: &mut Channel,
    key: &[u8],
    item: Option<Answer>,
    stream: CallStream,
) -> Rest {
    let item = match item {
        None => return Rest::End(Ok(())),
        Some(Err(error)) => return Rest::End(Err(error)),
        Some(Ok(item)) => item,
    };
    match answers.item(channel.route(key), &*item) {
        Err(error) => Rest::End(Err(error)),
        Ok(()) => {
            channel.slots -= 1;
            Rest::Items(stream)
        }
    }
}

fn shutting_down() -> RpcError {
    RpcError::new(ErrorKind::Unavailable, "the server is shutting down")
}
