//! The events that a server sends.

use manywire_core::{Connection, ErrorKind, Reply, RpcError, Value, to_value};
use manywire_stream::Outbox;

use super::introspection::Failure;
use super::work::Answer;
use crate::event::{self, Route, Version, Writer};
use crate::{error, msgpack};

/// Writes events into the outbox of a connection.
pub(super) struct Answers {
    pub(super) out: Outbox,
    writer: Writer,
    /// Bytes that an answer may have.
    limit: usize,
}

impl Answers {
    pub(super) fn new(connection: &Connection) -> Self {
        let Connection { limits, budget, .. } = connection;
        Self { out: Outbox::new(budget, limits), writer: Writer::new(), limit: limits.message_bytes }
    }

    /// What a call came to.
    pub(super) fn answer(&mut self, route: Route<'_>, answer: Answer) {
        match answer.and_then(|reply| value_of(&*reply)) {
            Ok(value) => self.value(route, &value),
            Err(error) => self.error(route, &error),
        }
    }

    pub(super) fn value(&mut self, route: Route<'_>, value: &Value) {
        let args =
            |out: &mut Vec<u8>| msgpack::encode_array(out, std::slice::from_ref(value), route.peer.keys);
        if let Err(error) = self.write(route, event::OK, args) {
            self.error(route, &error);
        }
    }

    pub(super) fn error(&mut self, route: Route<'_>, error: &RpcError) {
        self.exception(route, error::name_of(error), error.message(), error::traceback_of(error));
    }

    fn exception(&mut self, route: Route<'_>, name: &str, message: &str, traceback: Option<&str>) {
        self.certain(route, event::ERR, |out| match route.peer.version {
            Version::First => error::encode_text(out, name, message),
            Version::Current => error::encode(out, name, message, traceback),
        });
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
        self.exception(route, failure.name, &failure.message, None);
    }

    /// An item of a stream.
    pub(super) fn item(&mut self, route: Route<'_>, item: &dyn Reply) -> Result<(), RpcError> {
        let item = value_of(item)?;
        self.write(route, event::STREAM, |out| msgpack::encode_value(out, &item, route.peer.keys))
    }

    /// The end of a stream.
    pub(super) fn done(&mut self, route: Route<'_>) {
        self.certain(route, event::STREAM_DONE, |out| {
            msgpack::encode_value(out, &Value::Null, route.peer.keys)
        });
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
        let (out, limit) = (self.out.buffer(), self.limit);
        let start = out.len();
        self.writer.write(out, route, name, args)?;
        let length = out.len() - start;
        if length > limit {
            out.truncate(start);
            let message = format!("the answer has {length} bytes, and the limit is {limit}");
            return Err(RpcError::new(ErrorKind::ResourceExhausted, message));
        }
        Ok(())
    }
}

fn value_of(reply: &dyn Reply) -> Result<Value, RpcError> {
    to_value(reply.as_serde()).map_err(|e| RpcError::internal(e.to_string()))
}
