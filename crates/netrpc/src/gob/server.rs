//! Requests and replies of the gob form, as a server sees them.

use bytes::{Buf as _, BytesMut};
use manywire_core::{Call, ErrorKind, Limits, Params, Reply, ReplyType, RpcError, Session};
use manywire_gob::{Decoder, Encoder, Error, Reader, TypeKey};

use super::header::{NoBody, Request, Response};
use crate::error::go_text;
use crate::pipeline::{Codec, Incoming, Unreadable};
use crate::unfit::{OfCall, refusal};

/// The server's side of one gob connection.
pub(crate) struct GobServer {
    decoder: Decoder,
    encoder: Encoder,
    /// The header whose argument has not come yet.
    header: Option<Request>,
    /// Values in the argument that was read last.
    values: usize,
}

/// What a value takes in memory, about.
const VALUE_BYTES: usize = 32;

impl GobServer {
    pub(crate) fn new(limits: &Limits) -> Self {
        let limits = super::limits(limits);
        Self { decoder: Decoder::new(&limits), encoder: Encoder::new(&limits), header: None, values: 0 }
    }

    /// Takes a request off the front of `input`, or as much of one as is there.
    fn take(
        &mut self,
        session: &Session,
        input: &mut &[u8],
    ) -> Result<Option<Incoming<Request>>, Unreadable> {
        let request = match self.header.take() {
            Some(request) => request,
            None => match self.decoder.next(input)? {
                Some(header) => header.read::<Request>()?,
                None => return Ok(None),
            },
        };
        let started = match self.decoder.next(input) {
            Ok(Some(argument)) => {
                let (started, values) = start(session, &request.service_method, argument);
                self.values = values;
                started
            }
            Ok(None) => {
                self.header = Some(request);
                return Ok(None);
            }
            // As Go does: the argument could not be read, so this call fails and the next one is tried.
            Err(error) => {
                return Ok(Some(Incoming::failed(request, RpcError::invalid_params(error.to_string()))));
            }
        };
        Ok(Some(Incoming { call: request, started }))
    }

    /// Appends a header and the reply; where that cannot be written, no more than the header's definition.
    fn write(&mut self, header: &Response, reply: &dyn Reply, out: &mut Vec<u8>) -> Result<(), Error> {
        let begins = self.encoder.encode(header, out)?;
        let mut ask = |probe: manywire_gob::Probe<'_>| {
            reply.ask(&mut <dyn erased_serde::Deserializer<'_>>::erase(probe));
        };
        let written = self.encoder.encode_as(gob_type(reply.type_key()), &mut ask, reply.as_serde(), out);
        if written.is_err() {
            out.truncate(begins);
        }
        written.map(drop)
    }
}

fn gob_type(key: ReplyType) -> TypeKey {
    match key {
        ReplyType::Rust(id) => TypeKey::Rust(id),
        ReplyType::Numbered(number) => TypeKey::Numbered(number),
    }
}

/// Begins a call, and tells how many values its argument has.
fn start(session: &Session, method: &str, mut argument: Reader<'_, '_>) -> (Result<Call, RpcError>, usize) {
    let mut erased = <dyn erased_serde::Deserializer<'_>>::erase(OfCall(&mut argument));
    let started = session.call(method, Params::One(&mut erased)).map_err(|error| match error.kind() {
        ErrorKind::InvalidParams => {
            let why = argument.failure(error.message()).to_string();
            refusal(&why, method, session.methods())
        }
        _ => go_text(error, method, session.methods()),
    });
    (started, argument.values())
}

impl Codec for GobServer {
    type Call = Request;

    fn next(
        &mut self,
        session: &Session,
        input: &mut BytesMut,
    ) -> Result<Option<Incoming<Request>>, Unreadable> {
        let mut rest = &input[..];
        let taken = self.take(session, &mut rest);
        let left = rest.len();
        input.advance(input.len() - left);
        taken
    }

    fn reply(&mut self, call: Request, result: Result<Box<dyn Reply>, RpcError>, out: &mut Vec<u8>) {
        let mut header =
            Response { service_method: call.service_method, seq: call.seq, error: String::new() };
        header.error = match result {
            Err(error) => error.to_string(),
            Ok(reply) => match self.write(&header, &*reply, out) {
                Ok(()) => return,
                Err(error) => format!("rpc: the reply cannot be sent as gob: {error}"),
            },
        };
        // A header of strings and an empty struct always encode.
        let _ = self.encoder.encode(&header, out).and_then(|_| self.encoder.encode(&NoBody {}, out));
    }

    fn held(&self) -> usize {
        self.decoder.held() + self.encoder.held()
    }

    fn weight(&self, length: usize) -> usize {
        length + self.values * VALUE_BYTES
    }
}

impl From<Error> for Unreadable {
    fn from(error: Error) -> Self {
        Unreadable::new(error.to_string())
    }
}
