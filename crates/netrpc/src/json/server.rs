//! Requests and replies of the JSON form, as a server sees them.

use bytes::{Buf as _, BytesMut};
use manywire_core::{Call, Limits, Reply, RpcError, Session};
use serde_json::value::RawValue;

use super::argument::Argument;
use super::request::{Params, Request};
use super::scan::Scanner;
use super::unicode;
use crate::error::go_text;
use crate::pipeline::{Codec, Incoming, Unreadable};

/// The server's side of one JSON connection.
pub(crate) struct JsonServer {
    scanner: Scanner,
    limits: Limits,
}

/// The `id` of a request, to be sent back as it came.
pub(crate) type Id = Option<Box<RawValue>>;

impl JsonServer {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { scanner: Scanner::default(), limits: limits.clone() }
    }

    /// The length of the request at the start of the input, once it is complete.
    fn next_length(&mut self, input: &mut BytesMut) -> Result<Option<usize>, Unreadable> {
        if self.scanner.is_new() {
            let space = input.iter().take_while(|b| b.is_ascii_whitespace()).count();
            input.advance(space);
            match input.first() {
                None => return Ok(None),
                Some(b'{') => {}
                Some(other) => {
                    return Err(Unreadable::new(format!("byte {other:#04x} where a request should begin")));
                }
            }
        }
        let end = self.scanner.value_end(input);
        if end.unwrap_or(input.len()) > self.limits.message_bytes {
            return Err(Unreadable::new(format!(
                "a request over the limit of {} bytes",
                self.limits.message_bytes
            )));
        }
        Ok(end)
    }
}

impl Codec for JsonServer {
    type Call = Id;

    fn next(&mut self, session: &Session, input: &mut BytesMut) -> Result<Option<Incoming<Id>>, Unreadable> {
        let Some(length) = self.next_length(input)? else {
            return Ok(None);
        };
        let incoming =
            start(session, &self.limits, &input[..length]).map_err(|e| Unreadable::new(e.to_string()))?;
        input.advance(length);
        Ok(Some(incoming))
    }

    fn reply(&mut self, call: Id, result: Result<Box<dyn Reply>, RpcError>, out: &mut Vec<u8>) {
        write_reply(call.as_deref(), result, out);
        out.push(b'\n');
    }
}

/// Reads one request and starts its method.
fn start(session: &Session, limits: &Limits, bytes: &[u8]) -> Result<Incoming<Id>, serde_json::Error> {
    let text = unicode::repaired(bytes);
    let request: Request<'_> = serde_json::from_str(&text)?;
    let call = request.id.map(ToOwned::to_owned);
    let started = start_method(session, limits, &request)
        .map_err(|error| go_text(error, &request.method, session.methods()));
    Ok(Incoming { call, started })
}

fn start_method(session: &Session, limits: &Limits, request: &Request<'_>) -> Result<Call, RpcError> {
    let json = match request.params {
        Params::First(json) => json.get(),
        Params::Zero => "null",
        // Go looks for the method first, and says so first when there is none.
        _ if session.methods().get(&request.method).is_none() => "null",
        Params::Missing => return Err(RpcError::invalid_params("jsonrpc: request body missing params")),
        Params::NoList(kind) => {
            let text = format!("json: cannot unmarshal {kind} into Go value of type [1]interface {{}}");
            return Err(RpcError::invalid_params(text));
        }
    };
    if is_deeper(json.as_bytes(), limits.nesting) {
        return Err(RpcError::invalid_params(format!(
            "json: nested deeper than the limit of {}",
            limits.nesting
        )));
    }
    let counted = limits.check_json_values(json.as_bytes());
    counted.map_err(|error| RpcError::invalid_params(format!("json: {error}")))?;
    let mut json = serde_json::Deserializer::from_str(json);
    let mut argument = <dyn erased_serde::Deserializer<'_>>::erase(Argument::new(&mut json));
    let call = session.call(&request.method, manywire_core::Params::One(&mut argument));
    call.map_err(|error| match error.message().rsplit_once(" at line ") {
        // Where in the argument it was is of no use to a caller who wrote a Go struct.
        Some((message, _)) => RpcError::new(error.kind(), message.to_owned()),
        None => error,
    })
}

/// Whether brackets nest deeper than the limit; a text too short for that is not looked at.
fn is_deeper(json: &[u8], limit: usize) -> bool {
    json.len() > limit && Scanner::depth_of(json) > limit
}

/// Appends `{"id":…,"result":…,"error":…}`.
fn write_reply(id: Option<&RawValue>, result: Result<Box<dyn Reply>, RpcError>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"id\":");
    out.extend_from_slice(id.map_or("null", RawValue::get).as_bytes());
    let mark = out.len();
    let failure = match result {
        Err(error) => error.to_string(),
        Ok(reply) => {
            out.extend_from_slice(b",\"result\":");
            let mut json = serde_json::Serializer::new(&mut *out);
            match erased_serde::serialize(reply.as_serde(), &mut json) {
                Ok(()) => return out.extend_from_slice(b",\"error\":null}"),
                Err(error) => format!("rpc: the reply cannot be sent as JSON: {error}"),
            }
        }
    };
    out.truncate(mark);
    out.extend_from_slice(b",\"result\":null,\"error\":");
    // A string into memory cannot fail.
    let _ = serde_json::to_writer(&mut *out, &failure);
    out.push(b'}');
}

/// Answers the one request of a body, or says why it cannot be read.
pub(crate) async fn answer_one(session: &Session, limits: &Limits, body: &[u8]) -> Result<Vec<u8>, Vec<u8>> {
    let mut out = Vec::new();
    match start(session, limits, body) {
        Err(error) => {
            let text = format!("jsonrpc: the body is not one JSON-RPC request: {error}");
            write_reply(None, Err(RpcError::invalid_params(text)), &mut out);
            Err(out)
        }
        Ok(Incoming { call, started }) => {
            let result = match started {
                Ok(method) => method.await,
                Err(error) => Err(error),
            };
            write_reply(call.as_deref(), result, &mut out);
            out.push(b'\n');
            Ok(out)
        }
    }
}
