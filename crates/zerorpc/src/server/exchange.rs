//! A connection's calls: events in, events out, and the channels between.

use std::collections::{HashMap, VecDeque};
use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use futures_core::Stream as _;
use manywire_core::{
    Call, CallStream, Connection, ErrorKind, Params, Reply, RpcError, Started, Value, to_value,
};
use tokio::time::Instant;

use super::channel::{Channel, Rest, State};
use super::introspection;
use super::work::{Answer, Done, Key, Working};
use crate::event::{self, Event, Route, Writer};
use crate::heartbeat::{self, Beat, Pulse};
use crate::zmtp::Outbox;
use crate::{error, msgpack};

/// Items that one stream may send before it is another's turn.
const TURN: usize = 64;

/// The state of a connection's calls.
pub(super) struct Exchange {
    connection: Connection,
    pub(super) out: Outbox,
    writer: Writer,
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

impl Exchange {
    pub(super) fn new(connection: Connection) -> Self {
        Self {
            connection,
            out: Outbox::default(),
            writer: Writer::new(),
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

    /// Whether another message may be taken up.
    pub(super) fn has_room(&self) -> bool {
        !self.out.is_full() && self.working.len() < self.connection.limits.in_flight
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
                let route = Route { envelope, response_to: refusal.message_id };
                let error = RpcError::new(ErrorKind::InvalidRequest, refusal.reason);
                self.send_error(route, &error);
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
        let route = Route { envelope, response_to: event.message_id };
        let Some(key) = event.message_id else {
            let message = "an event without a message_id cannot be answered";
            return self.send_error(route, &RpcError::new(ErrorKind::InvalidRequest, message));
        };
        if let Err(refusal) = self.admit(key) {
            return self.send_error(route, &refusal);
        }
        let (name, nesting) = (event.name, self.connection.limits.nesting);
        if name.starts_with("_zerorpc_") {
            return self.introspect(route, event);
        }
        let started = event
            .args(nesting)
            .and_then(|args| self.connection.session.start(name, Params::Positional(args)));
        match started {
            Ok(Started::Call(call)) => self.call(route, key, call),
            Ok(Started::Stream(stream)) => self.stream(route, key, stream),
            Err(error) => self.refuse(route, name, &error),
        }
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
        if self.channels.len().saturating_sub(self.working.len()) >= self.connection.limits.in_flight {
            let message = "too many streams are open and unread on this connection; read or close some";
            return Err(RpcError::new(ErrorKind::ResourceExhausted, message));
        }
        Ok(())
    }

    fn introspect(&mut self, route: Route<'_>, event: Event<'_>) {
        let (name, nesting) = (event.name, self.connection.limits.nesting);
        let methods = self.connection.session.methods();
        match introspection::answer(methods, name, || event.args(nesting)) {
            None => self.send_name_error(route, name),
            Some(Ok(value)) => self.reply_value(route, &value),
            Some(Err(failure)) => {
                let args = |out: &mut Vec<u8>| error::encode_named(out, failure.name, &failure.message);
                let _ = self.writer.write(self.out.buffer(), route, event::ERR, args);
            }
        }
    }

    /// Polls once in place; most methods answer then and there, and cost no channel.
    fn call(&mut self, route: Route<'_>, key: &[u8], mut call: Call) {
        match Pin::new(&mut call).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(answer) => self.reply(route, answer),
            Poll::Pending => {
                let key = Key::from(key);
                let work = self.working.call(key.clone(), call);
                self.insert(route, key, State::Calling(work));
            }
        }
    }

    fn stream(&mut self, route: Route<'_>, key: &[u8], stream: CallStream) {
        let key = Key::from(key);
        self.insert(route, key.clone(), State::Waiting(Rest::Items(stream)));
        self.go_on(key);
    }

    fn insert(&mut self, route: Route<'_>, key: Key, state: State) {
        let pulse = Pulse::new(Instant::now());
        self.due.get_or_insert(pulse.due());
        let channel = Channel { envelope: route.envelope.into(), slots: 1, pulse, state };
        self.channels.insert(key, channel);
    }

    /// Lets results of methods at work and waiting streams move on; says whether any did.
    pub(super) fn poll_progress(&mut self, cx: &mut Context<'_>) -> bool {
        let mut moved = false;
        while !self.out.is_full() {
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
        let Some(channel) = self.channels.get_mut(&key) else {
            return;
        };
        match done {
            Done::Reply(answer) => {
                if let Some(channel) = self.channels.remove(&key) {
                    self.reply(channel.route(&key), answer);
                }
            }
            Done::Item(item, stream) => {
                let rest = send_item(&self.writer, &mut self.out, channel, &key, item, stream);
                channel.state = State::Waiting(rest);
                self.go_on(key);
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
            if self.out.is_full() {
                break;
            }
            rest = match rest {
                Rest::End(end) => return self.end(&key, end),
                Rest::Items(mut stream) => {
                    let cx = &mut Context::from_waker(Waker::noop());
                    match Pin::new(&mut stream).poll_next(cx) {
                        Poll::Ready(item) => {
                            send_item(&self.writer, &mut self.out, channel, &key, item, stream)
                        }
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
        let Some(channel) = self.channels.remove(key) else {
            return;
        };
        let route = channel.route(key);
        match end {
            Ok(()) => {
                let done = |out: &mut Vec<u8>| msgpack::encode_value(out, &Value::Null);
                let _ = self.writer.write(self.out.buffer(), route, event::STREAM_DONE, done);
            }
            Err(error) => self.send_error(route, &error),
        }
    }

    /// Ends what would never end by itself, and takes nothing new.
    pub(super) fn drain(&mut self) {
        self.draining = true;
        let waiting = |(key, channel): (&Key, &Channel)| {
            matches!(channel.state, State::Streaming(_)).then(|| key.clone())
        };
        let endless: Vec<Key> = self.channels.iter().filter_map(waiting).collect();
        for key in endless {
            self.end(&key, Err(shutting_down()));
        }
    }

    /// Sends the heartbeats that are due and drops the channels of lost peers.
    pub(super) fn beat(&mut self, now: Instant) {
        if !self.has_room() {
            self.listening = Some(now);
        }
        if self.out.is_full() {
            self.due = Some(now + heartbeat::PERIOD);
            return;
        }
        let (writer, out, since) = (&self.writer, &mut self.out, self.listening);
        self.channels.retain(|key, channel| match channel.pulse.beat(now, since) {
            Beat::Wait => true,
            Beat::Send => {
                writer.write_number(out.buffer(), channel.route(key), event::HEARTBEAT, 0);
                true
            }
            Beat::Lost => false,
        });
        self.due = self.channels.values().map(|channel| channel.pulse.due()).min();
    }

    fn reply(&mut self, route: Route<'_>, answer: Answer) {
        match answer.and_then(|reply| value_of(&*reply)) {
            Ok(value) => self.reply_value(route, &value),
            Err(error) => self.send_error(route, &error),
        }
    }

    fn reply_value(&mut self, route: Route<'_>, value: &Value) {
        let args = |out: &mut Vec<u8>| msgpack::encode_array(out, std::slice::from_ref(value));
        if let Err(error) = self.writer.write(self.out.buffer(), route, event::OK, args) {
            self.send_error(route, &error);
        }
    }

    fn refuse(&mut self, route: Route<'_>, name: &str, error: &RpcError) {
        match error.kind() {
            ErrorKind::UnknownMethod => self.send_name_error(route, name),
            _ => self.send_error(route, error),
        }
    }

    /// Python's message of a NameError is the name alone.
    fn send_name_error(&mut self, route: Route<'_>, name: &str) {
        let error = RpcError::new(ErrorKind::UnknownMethod, name.to_owned());
        self.send_error(route, &error);
    }

    fn send_error(&mut self, route: Route<'_>, error: &RpcError) {
        // Three strings can always be written.
        let args = |out: &mut Vec<u8>| error::encode(out, error);
        let _ = self.writer.write(self.out.buffer(), route, event::ERR, args);
    }
}

/// Sends an item of a stream and returns what is left of it.
fn send_item(
    writer: &Writer,
    out: &mut Outbox,
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
    let written = value_of(&*item).and_then(|value| {
        let args = |out: &mut Vec<u8>| msgpack::encode_value(out, &value);
        writer.write(out.buffer(), channel.route(key), event::STREAM, args)
    });
    if let Err(error) = written {
        return Rest::End(Err(error));
    }
    channel.slots -= 1;
    Rest::Items(stream)
}

fn value_of(reply: &dyn Reply) -> Result<Value, RpcError> {
    to_value(reply.as_serde()).map_err(|e| RpcError::internal(e.to_string()))
}

fn shutting_down() -> RpcError {
    RpcError::new(ErrorKind::Unavailable, "the server is shutting down")
}
