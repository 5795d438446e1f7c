//! The events that a server sends.

use manywire_core::{ErrorKind, Reply, RpcError, Value, to_value};

use super::introspection::Failure;
use super::work::Answer;
use crate::event::{self, Route, Writer};
use crate::zmtp::Outbox;
use crate::{error, msgpack};

/// Writes events into the outbox of a connection.
pub(super) struct Answers {
    pub(super) out: Outbox,
    writer: Writer,
}

impl Answers {
    pub(super) fn new() -> Self {
        Self { out: Outbox::default(), writer: Writer::new() }
    }

    /// What a call came to.
    pub(super) fn answer(&mut self, route: Route<'_>, answer: Answer) {
        match answer.and_then(|reply| value_of(&*reply)) {
            Ok(value) => self.value(route, &value),
            Err(error) => self.error(route, &error),
        }
    }

    pub(super) fn value(&mut self, route: Route<'_>, value: &Value) {
        let args = |out: &mut Vec<u8>| msgpack::encode_array(out, std::slice::from_ref(value));
        if let Err(error) = self.write(route, event::OK, args) {
            self.error(route, &error);
        }
    }

    pub(super) fn error(&mut self, route: Route<'_>, error: &RpcError) {
        self.certain(route, event::ERR, |out| error::encode(out, error));
    }

    /// Why a call could not begin; Python's message of a NameError is the name alone.
    pub(super) fn refusal(&mut self, route: Route<'_>, name: &str, error: &RpcError) {
        match error.kind() {
            ErrorKind::UnknownMethod => self.name_error(route, name),
            _ => self.error(route, error),
        }
    }

    pub(super) fn name_error(&mut self, route: Route<'_>, name: &str) {
        self.error(route, &RpcError::new(ErrorKind::UnknownMethod, name.to_owned()));
    }

    pub(super) fn failure(&mut self, route: Route<'_>, failure: &Failure) {
        let args = |out: &mut Vec<u8>| error::encode_named(out, failure.name, &failure.message);
        self.certain(route, event::ERR, args);
    }

    /// An item of a stream.
    pub(super) fn item(&mut self, route: Route<'_>, item: &dyn Reply) -> Result<(), RpcError> {
        let item = value_of(item)?;
        self.write(route, event::STREAM, |out| msgpack::encode_value(out, &item))
    }

    /// The end of a stream.
    pub(super) fn done(&mut self, route: Route<'_>) {
        self.certain(route, event::STREAM_DONE, |out| msgpack::encode_value(out, &Value::Null));
    }

    pub(super) fn heartbeat(&mut self, route: Route<'_>) {
        self.writer.write_number(self.out.buffer(), route, event::HEARTBEAT, 0);
    }

    /// Strings and nil can always be written.
    fn certain(
        &mut self,
        route: Route<'_>,
        name: &str,
        args: impl FnOnce(&mut Vec<u8>) -> Result<(), RpcError>,
    ) {
        let _ = self.write(route, name, args);
    }

    fn write(
        &mut self,
        route: Route<'_>,
        name: &str,
        args: impl FnOnce(&mut Vec<u8>) -> Result<(), RpcError>,
    ) -> Result<(), RpcError> {
        self.writer.write(self.out.buffer(), route, name, args).map(|_| ())
    }
}

fn value_of(reply: &dyn Reply) -> Result<Value, RpcError> {
    to_value(reply.as_serde()).map_err(|e| RpcError::internal(e.to_string()))
}
