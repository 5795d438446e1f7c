//! Requests and replies of the gob form, as a client sees them.

use bytes::{Buf as _, BytesMut};
use manywire_core::{Limits, RpcError};
use manywire_gob::{Decoder, Encoder, Error};

use super::header::{Request, Response};
use crate::driver::{self, Answer, Argument, ClientCodec};
use crate::error::from_go_text;

/// The client's side of one gob connection.
pub(crate) struct GobClient {
    decoder: Decoder,
    encoder: Encoder,
    /// The header whose body has not come yet.
    header: Option<Response>,
    /// Bytes at the front of the input that belong to the reply which was handed out.
    answered: usize,
}

impl GobClient {
    pub(crate) fn new(limits: &Limits) -> Self {
        let limits = super::limits(limits);
        Self { decoder: Decoder::new(&limits), encoder: Encoder::new(&limits), header: None, answered: 0 }
    }

    /// Takes the next reply's header off the input; false when more bytes are needed.
    fn take_header(&mut self, input: &mut BytesMut) -> Result<bool, Error> {
        if self.header.is_some() {
            return Ok(true);
        }
        let mut rest = &input[..];
        if let Some(header) = self.decoder.next(&mut rest)? {
            self.header = Some(header.read()?);
        }
        let left = rest.len();
        input.advance(input.len() - left);
        Ok(self.header.is_some())
    }
}

fn unreadable(error: &Error) -> RpcError {
    driver::unreadable(format!("the server's reply cannot be read: {error}"))
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
        let unwritable = |error| driver::unwritable(format!("the argument cannot be sent as gob: {error}"));
        let begins = self.encoder.encode(&header, out).map_err(unwritable)?;
        let written = argument.write_gob(&mut self.encoder, out);
        if written.is_err() {
            // The header's type is defined for good, so its definition stays.
            out.truncate(begins);
        }
        written.map_err(unwritable)
    }

    fn next<'c>(&'c mut self, input: &'c mut BytesMut) -> Result<Option<(u64, Answer<'c>)>, RpcError> {
        input.advance(std::mem::take(&mut self.answered));
        if !self.take_header(input).map_err(|e| unreadable(&e))? {
            return Ok(None);
        }
        let mut rest = &input[..];
        let body = self.decoder.next(&mut rest).map_err(|e| unreadable(&e))?;
        self.answered = input.len() - rest.len();
        let Some((body, header)) = body.and_then(|body| Some((body, self.header.take()?))) else {
            return Ok(None);
        };
        let answer = match header.error {
            error if error.is_empty() => Answer::Gob(body),
            error => Answer::Failed(from_go_text(error)),
        };
        Ok(Some((header.seq, answer)))
    }

    fn held(&self) -> usize {
        self.decoder.held() + self.encoder.held()
    }
}
