//! Requests and replies of the gob form, as a server sees them.

use bytes::BytesMut;
use manywire_core::{Limits, Params, Reply, RpcError, Session};

use super::header::{NoBody, Request, Response};
use super::messages::Messages;
use super::writer::Writer;
use crate::error::go_text;
use crate::pipeline::{Codec, Incoming, Unreadable};

/// The server's side of one gob connection.
pub(crate) struct GobServer {
    messages: Messages,
    writer: Writer<Response>,
    /// The header whose argument has not come yet.
    header: Option<Request>,
}

impl GobServer {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { messages: Messages::new(limits), writer: Writer::new(), header: None }
    }
}

impl Codec for GobServer {
    type Call = Request;

    fn next(
        &mut self,
        session: &Session,
        input: &mut BytesMut,
    ) -> Result<Option<Incoming<Request>>, Unreadable> {
        let request = match self.header.take() {
            Some(request) => request,
            None if !self.messages.next_value(input)? => return Ok(None),
            None => self.messages.decoder.decode::<Request>()?,
        };
        match self.messages.next_value(input) {
            Ok(true) => {}
            Ok(false) => {
                self.header = Some(request);
                return Ok(None);
            }
            // As Go does: the argument could not be read, so this call fails and the next one is tried.
            Err(error) => {
                return Ok(Some(Incoming::failed(request, RpcError::invalid_params(error.to_string()))));
            }
        }
        let started = session.call(&request.service_method, Params::Gob(&mut self.messages.decoder));
        if started.is_err() {
            // Nothing is left to drop where the method had tried to read it.
            let _ = self.messages.decoder.discard();
        }
        let started = started.map_err(|error| go_text(error, &request.service_method, session.methods()));
        Ok(Some(Incoming { call: request, started }))
    }

    fn reply(&mut self, call: Request, result: Result<Box<dyn Reply>, RpcError>, out: &mut Vec<u8>) {
        let mut header =
            Response { service_method: call.service_method, seq: call.seq, error: String::new() };
        header.error = match result {
            Err(error) => error.to_string(),
            Ok(reply) => match self.writer.write(&header, reply.as_gob(), out) {
                Ok(()) => return,
                Err(error) => format!("rpc: the reply cannot be sent as gob: {error}"),
            },
        };
        // A header of strings and an empty struct always encode.
        let _ = self.writer.write(&header, &NoBody {}, out);
    }
}

impl From<gobwire::Error> for Unreadable {
    fn from(error: gobwire::Error) -> Self {
        Unreadable::new(error.to_string())
    }
}
