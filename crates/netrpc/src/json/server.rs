//! Requests and replies of the JSON form, as a server sees them.

use std::io;

use bytes::{Buf as _, BytesMut};
use manywire_core::{Call, ErrorKind, Limits, Reply, RpcError, Session, Terms};
use manywire_http::Beside;

use super::argument::Argument;
use super::finite;
use super::request::{NoRequest, Params, Request};
use super::scan::{Outline, Scanner};
use super::text::{Text, check_syntax, compacted};
use crate::error::go_text;
use crate::pipeline::{Codec, Incoming, Unreadable};
use crate::unfit::{OfCall, refusal};

/// Bytes that a decoded value takes in memory, whatever it points to not counted.
const VALUE_BYTES: usize = 32;

/// Instead of a request: Go reads it as one that names no method.
const NULL: &[u8] = b"null";

/// The server's side of one JSON connection.
pub(crate) struct JsonServer {
    scanner: Scanner,
    limits: Limits,
}

/// The `id` of a request, to be sent back as it came, on one line; none for null.
pub(crate) type Id = Option<Box<[u8]>>;

impl JsonServer {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { scanner: Scanner::new(limits.values()), limits: limits.clone() }
    }

    /// The length of the request at the start of the input, once it is complete.
    fn next_length(&mut self, input: &mut BytesMut) -> Result<Option<usize>, Unreadable> {
        if self.scanner.is_new() {
            let space = input.iter().take_while(|b| b.is_ascii_whitespace()).count();
            input.advance(space);
            match input.first() {
                None => return Ok(None),
                Some(b'{') => {}
                Some(_) if input.starts_with(NULL) => return Ok(Some(NULL.len())),
                Some(_) if NULL.starts_with(input) => return Ok(None),
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
        let terms = Terms::default();
        let incoming = start(session, terms, &self.limits, &input[..length], self.scanner.outline());
        input.advance(length);
        incoming.map(Some).map_err(|error| Unreadable::new(error.to_string()))
    }

    fn reply(&mut self, call: Id, result: Result<Box<dyn Reply>, RpcError>, out: &mut Vec<u8>) {
        write_reply(call.as_deref(), result, self.limits.message_bytes, out);
        out.push(b'\n');
    }

    fn held(&self) -> usize {
        self.scanner.outline().held()
    }

    fn weight(&self, length: usize) -> usize {
        length + self.scanner.outline().values() * VALUE_BYTES
    }
}

/// Why a text cannot be answered.
#[derive(Debug, thiserror::Error)]
enum Unanswerable {
    #[error("{0}")]
    Syntax(#[from] serde_json::Error),
    #[error("{0}")]
    NoRequest(#[from] NoRequest),
}

/// Reads one request and starts its method.
fn start(
    session: &Session,
    terms: Terms<'_>,
    limits: &Limits,
    json: &[u8],
    outline: &Outline,
) -> Result<Incoming<Id>, Unanswerable> {
    check_syntax(json)?;
    if json.trim_ascii() == NULL {
        let nameless = RpcError::new(ErrorKind::UnknownMethod, "");
        return Ok(Incoming::failed(None, go_text(nameless, "", session.methods())));
    }
    let request = Request::read(Text::new(json, outline))?;
    let started = start_method(session, terms, limits, &request, outline)
        .map_err(|error| go_text(error, &request.method, session.methods()));
    Ok(Incoming { call: request.id.map(compacted), started })
}

fn start_method(
    session: &Session,
    terms: Terms<'_>,
    limits: &Limits,
    request: &Request<'_>,
    outline: &Outline,
) -> Result<Call, RpcError> {
    let argument = match request.params {
        Params::First(text) => text,
        Params::Zero => Text::new(b"null", outline),
        // Go looks for the method first, and says so first when there is none.
        _ if !session.methods().takes(&request.method) => Text::new(b"null", outline),
        Params::Missing => return Err(RpcError::invalid_params("jsonrpc: request body missing params")),
        Params::NoList(kind) => {
            let kind = kind.name();
            let text = format!("json: cannot unmarshal {kind} into Go value of type [1]interface {{}}");
            return Err(RpcError::invalid_params(text));
        }
    };
    check_argument(argument, limits, outline)?;
    let mut argument = <dyn erased_serde::Deserializer<'_>>::erase(OfCall(Argument::new(argument)));
    let started = session.call_on(terms, &request.method, manywire_core::Params::One(&mut argument));
    started.map_err(|error| match error.kind() {
        ErrorKind::InvalidParams => refusal(error.message(), &request.method, session.methods()),
        _ => error,
    })
}

/// Refuses an argument that is too deep or holds too many values; one in a request that is neither is not looked at.
fn check_argument(mut argument: Text<'_>, limits: &Limits, outline: &Outline) -> Result<(), RpcError> {
    if outline.deepest() <= limits.nesting && outline.values() <= limits.values() {
        return Ok(());
    }
    let json = argument.raw();
    let mut scanner = Scanner::new(0);
    scanner.value_end(json);
    if scanner.outline().deepest() > limits.nesting {
        let message = format!("json: nested deeper than the limit of {}", limits.nesting);
        return Err(RpcError::invalid_params(message));
    }
    limits.check_json_values(json).map_err(|error| RpcError::invalid_params(format!("json: {error}")))
}

/// Appends `{"id":…,"result":…,"error":…}`.
fn write_reply(id: Option<&[u8]>, result: Result<Box<dyn Reply>, RpcError>, limit: usize, out: &mut Vec<u8>) {
    let end = out.len().saturating_add(limit);
    out.extend_from_slice(b"{\"id\":");
    out.extend_from_slice(id.unwrap_or(b"null"));
    let mark = out.len();
    let failure = match result.and_then(|reply| write_result(&*reply, end, out)) {
        Ok(()) => return out.extend_from_slice(b",\"error\":null}"),
        Err(error) => error,
    };
    out.truncate(mark);
    out.extend_from_slice(b",\"result\":null,\"error\":");
    // A string into memory cannot fail.
    let _ = serde_json::to_writer(&mut *out, failure.message());
    out.push(b'}');
}

fn write_result(reply: &dyn Reply, end: usize, out: &mut Vec<u8>) -> Result<(), RpcError> {
    out.extend_from_slice(b",\"result\":");
    let start = out.len();
    let mut bounded = Bounded { out, end, is_over: false };
    let mut json = serde_json::Serializer::new(&mut bounded);
    let written = erased_serde::serialize(reply.as_serde(), &mut json);
    written.map_err(|error| match bounded.is_over {
        true => RpcError::new(ErrorKind::ResourceExhausted, "rpc: the reply is longer than a message may be"),
        false => RpcError::internal(format!("rpc: the reply cannot be sent as JSON: {error}")),
    })?;
    finite::check(&out[start..], reply.as_serde()).map_err(|error| RpcError::internal(error.to_string()))
}

/// Appends up to an end.
struct Bounded<'a> {
    out: &'a mut Vec<u8>,
    end: usize,
    is_over: bool,
}

impl io::Write for Bounded<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.out.len() + bytes.len() > self.end {
            self.is_over = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.out.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Answers the one request of a body, or says why it cannot be read.
pub(crate) async fn answer_one(
    session: &Session,
    limits: &Limits,
    beside: Beside<'_>,
    body: &[u8],
) -> Result<Vec<u8>, Vec<u8>> {
    let mut out = Vec::new();
    let mut scanner = Scanner::new(limits.values());
    scanner.value_end(body);
    match start(session, beside.terms, limits, body, scanner.outline()) {
        Err(error) => {
            let text = format!("jsonrpc: the body is not one JSON-RPC request: {error}");
            write_reply(None, Err(RpcError::invalid_params(text)), limits.message_bytes, &mut out);
            Err(out)
        }
        Ok(Incoming { call, started }) => {
            let result = match started {
                Ok(mut method) => {
                    let result = (&mut method).await;
                    beside.ended(&mut method);
                    result
                }
                Err(error) => Err(error),
            };
            write_reply(call.as_deref(), result, limits.message_bytes, &mut out);
            out.push(b'\n');
            Ok(out)
        }
    }
}
