//! Requests and replies of the gob form, as a client sees them.

use bytes::BytesMut;
use manywire_core::{Limits, RpcError};

use super::header::{Request, Response};
use super::messages::Messages;
use super::writer::Writer;
use crate::driver::{Answer, Argument, ClientCodec};
use crate::error::from_go_text;

/// The client's side of one gob connection.
pub(crate) struct GobClient {
    messages: Messages,
    writer: Writer<Request>,
    /// The header whose body has not come yet.
    header: Option<Response>,
}

impl GobClient {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { messages: Messages::new(limits), writer: Writer::new(), header: None }
    }
}

fn unreadable(error: &gobwire::Error) -> RpcError {
    RpcError::internal(format!("the server's reply cannot be read as gob: {error}"))
}

impl ClientCodec for GobClient {
    fn request(
        &mut self,
        seq: u64,
        method: &str,
        argument: &dyn Argument,
        out: &mut Vec<u8>,
    ) -> Result<(), RpcError> {
        let header = Request { service_method: method.to_owned(), seq };
        let unwritable =
            |error| RpcError::invalid_params(format!("the argument cannot be sent as gob: {error}"));
        self.writer.write(&header, argument.as_gob(), out).map_err(unwritable)
    }

    fn next<'c>(&'c mut self, input: &'c mut BytesMut) -> Result<Option<(u64, Answer<'c>)>, RpcError> {
        // The body of a reply that was not wanted is still in the decoder.
        let _ = self.messages.decoder.discard();
        let header = match self.header.take() {
            Some(header) => header,
            None if !self.messages.next_value(input).map_err(|e| unreadable(&e))? => return Ok(None),
            None => self.messages.decoder.decode::<Response>().map_err(|e| unreadable(&e))?,
        };
        if !self.messages.next_value(input).map_err(|e| unreadable(&e))? {
            self.header = Some(header);
            return Ok(None);
        }
        let answer = match header.error {
            error if error.is_empty() => Answer::Gob(&mut self.messages.decoder),
            error => Answer::Failed(from_go_text(error)),
        };
        Ok(Some((header.seq, answer)))
    }
}
