//! Writing answers and notifications.

use manywire_core::{Reply, RpcError};

use crate::error::code;
use crate::request::Version;

/// Writes the answer to a call. `id` is JSON text.
pub(crate) fn write_answer(
    out: &mut Vec<u8>,
    version: Version,
    id: &str,
    result: Result<Box<dyn Reply>, RpcError>,
) {
    let start = out.len();
    let written = result.and_then(|reply| write_result(out, version, id, &*reply));
    if let Err(error) = written {
        out.truncate(start);
        write_error(out, version, id, &error);
    }
}

fn write_result(out: &mut Vec<u8>, version: Version, id: &str, reply: &dyn Reply) -> Result<(), RpcError> {
    out.extend_from_slice(match version {
        Version::V1 => br#"{"result":"#,
        Version::V2 => br#"{"jsonrpc":"2.0","result":"#,
    });
    write_value(out, reply.as_serde())?;
    if version == Version::V1 {
        out.extend_from_slice(br#","error":null"#);
    }
    write_id(out, id);
    Ok(())
}

/// Writes the answer to a call that failed, or to what was no call.
pub(crate) fn write_error(out: &mut Vec<u8>, version: Version, id: &str, error: &RpcError) {
    out.extend_from_slice(match version {
        Version::V1 => br#"{"result":null,"error":"#,
        Version::V2 => br#"{"jsonrpc":"2.0","error":"#,
    });
    write_error_object(out, error);
    write_id(out, id);
}

/// What a notification of a subscription tells.
pub(crate) enum Event {
    Item(Box<dyn Reply>),
    Failed(RpcError),
    /// Not in any specification. jsonrpsee's clients end a subscription at an `error` member, so the end is told with one.
    Ended,
}

/// A notification of the stream `name`.
pub(crate) fn notification(name: &str, subscription: u64, event: Event) -> Vec<u8> {
    let mut out = br#"{"jsonrpc":"2.0","method":"#.to_vec();
    write_text(&mut out, name);
    out.extend_from_slice(format!(r#","params":{{"subscription":{subscription},"#).as_bytes());
    let start = out.len();
    let failure = match event {
        Event::Item(reply) => {
            out.extend_from_slice(br#""result":"#);
            write_value(&mut out, reply.as_serde()).err()
        }
        Event::Failed(error) => Some(error),
        Event::Ended => Some(RpcError::failed("the stream has ended").with_code(0)),
    };
    if let Some(error) = failure {
        out.truncate(start);
        out.extend_from_slice(br#""error":"#);
        write_error_object(&mut out, &error);
    }
    out.extend_from_slice(b"}}");
    out
}

fn write_error_object(out: &mut Vec<u8>, error: &RpcError) {
    out.extend_from_slice(format!(r#"{{"code":{},"message":"#, code(error)).as_bytes());
    write_text(out, error.message());
    if let Some(data) = error.data() {
        let start = out.len();
        out.extend_from_slice(br#","data":"#);
        if write_value(out, data).is_err() {
            out.truncate(start);
        }
    }
    out.push(b'}');
}

fn write_value<T: serde::Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) -> Result<(), RpcError> {
    serde_json::to_writer(out, value)
        .map_err(|error| RpcError::internal(format!("the result cannot be written as JSON: {error}")))
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    // A string always has a form in JSON, and writing to memory does not fail.
    let _ = serde_json::to_writer(out, text);
}

fn write_id(out: &mut Vec<u8>, id: &str) {
    out.extend_from_slice(br#","id":"#);
    out.extend_from_slice(id.as_bytes());
    out.push(b'}');
}
