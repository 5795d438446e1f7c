//! Requests and replies of the JSON form, as a client sees them.

use bytes::{Buf as _, BytesMut};
use manywire_core::{Limits, RpcError};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::finite;
use super::scan::Scanner;
use crate::driver::{Answer, Argument, ClientCodec, unreadable, unwritable};
use crate::error::from_go_text;

/// The client's side of one JSON connection.
pub(crate) struct JsonClient {
    scanner: Scanner,
    limit: usize,
    /// The reply that was handed out last.
    reply: String,
}

impl JsonClient {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { scanner: Scanner::new(0), limit: limits.message_bytes, reply: String::new() }
    }
}

#[derive(Serialize)]
struct Request<'a> {
    method: &'a str,
    params: [&'a dyn erased_serde::Serialize; 1],
    id: u64,
}

#[derive(Deserialize)]
struct Reply<'a> {
    id: Option<u64>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

/// Appends a request.
pub(crate) fn write_request(
    seq: u64,
    method: &str,
    argument: &dyn Argument,
    out: &mut Vec<u8>,
) -> Result<(), RpcError> {
    let mark = out.len();
    let request = Request { method, params: [argument.as_serde()], id: seq };
    let written = serde_json::to_writer(&mut *out, &request).map_err(|error| error.to_string());
    let checked = written
        .and_then(|()| finite::check(&out[mark..], argument.as_serde()).map_err(|error| error.to_string()));
    checked.map_err(|why| {
        out.truncate(mark);
        unwritable(format!("the argument cannot be sent as JSON: {why}"))
    })
}

/// Reads a reply: the call that it answers, and its result or its error.
pub(crate) fn read_reply(json: &str) -> Result<(u64, Answer<'_>), RpcError> {
    let reply: Reply<'_> = serde_json::from_str(json)
        .map_err(|error| unreadable(format!("the server's reply cannot be read as JSON: {error}")))?;
    let answer = match reply.error {
        None => Answer::Json(reply.result.map_or("null", RawValue::get)),
        Some(error) => {
            // Go sends a string; other servers may send an object.
            let text = serde_json::from_str(error.get()).unwrap_or_else(|_| error.get().to_owned());
            Answer::Failed(from_go_text(text))
        }
    };
    let id = reply.id.ok_or_else(|| unreadable("the server's reply has no id".to_owned()))?;
    Ok((id, answer))
}

impl ClientCodec for JsonClient {
    fn request(
        &mut self,
        seq: u64,
        method: &str,
        argument: &dyn Argument,
        out: &mut Vec<u8>,
    ) -> Result<(), RpcError> {
        write_request(seq, method, argument, out)?;
        out.push(b'\n');
        Ok(())
    }

    fn next<'c>(&'c mut self, input: &'c mut BytesMut) -> Result<Option<(u64, Answer<'c>)>, RpcError> {
        if self.scanner.is_new() {
            let space = input.iter().take_while(|b| b.is_ascii_whitespace()).count();
            input.advance(space);
            if input.first().is_some_and(|byte| *byte != b'{') {
                let why = "the server sent something that is no JSON-RPC reply; is it another wire?";
                return Err(unreadable(why.to_owned()));
            }
        }
        let Some(length) = self.scanner.value_end(input) else {
            let too_long = input.len() > self.limit;
            return if too_long {
                Err(unreadable("the server's reply is over the limit".to_owned()))
            } else {
                Ok(None)
            };
        };
        let bytes = input.split_to(length);
        self.reply.clear();
        self.reply.push_str(&String::from_utf8_lossy(&bytes));
        read_reply(&self.reply).map(Some)
    }
}
