//! Writing answers and notifications.

use manywire_core::{Reply, RpcError};
use manywire_json::{Full, Room, Text, write, write_erased, write_string};

use crate::error::code;
use crate::request::Version;

/// Writes the answer to a call. `id` is JSON text.
pub(crate) fn write_answer(
    out: &mut Text,
    room: Room<'_>,
    version: Version,
    id: &str,
    result: Result<Box<dyn Reply>, RpcError>,
) {
    let start = out.len();
    let written = result.and_then(|reply| write_result(out, room, version, id, &*reply));
    if let Err(error) = written {
        out.truncate(start);
        write_error(out, room, version, id, &error);
    }
}

fn write_result(
    out: &mut Text,
    room: Room<'_>,
    version: Version,
    id: &str,
    reply: &dyn Reply,
) -> Result<(), RpcError> {
    let (head, tail): (&[u8], &[u8]) = match version {
        Version::V1 => (br#"{"result":"#, br#","error":null,"id":"#),
        Version::V2 => (br#"{"jsonrpc":"2.0","result":"#, br#","id":"#),
    };
    out.push(head, room)?;
    write_erased(out, room, reply.as_serde())?;
    for piece in [tail, id.as_bytes(), b"}"] {
        out.push(piece, room)?;
    }
    Ok(())
}

/// Writes the answer to a call that failed, or to what was no call. An id that has no room is null.
pub(crate) fn write_error(out: &mut Text, room: Room<'_>, version: Version, id: &str, error: &RpcError) {
    out.push_short(match version {
        Version::V1 => br#"{"result":null,"error":"#,
        Version::V2 => br#"{"jsonrpc":"2.0","error":"#,
    });
    write_error_object(out, room, error);
    out.push_short(br#","id":"#);
    if out.push(id.as_bytes(), room).is_err() {
        out.push_short(b"null");
    }
    out.push_short(b"}");
}

/// What a notification of a subscription tells.
pub(crate) enum Event {
    Item(Box<dyn Reply>),
    Failed(RpcError),
    /// Not in any specification. jsonrpsee's clients end a subscription at an `error` member, so the end is told with one.
    Ended,
}

/// A notification of the stream `name`.
pub(crate) fn notification(room: Room<'_>, name: &str, subscription: u64, event: Event) -> Text {
    let mut out = Text::new();
    out.push_short(br#"{"jsonrpc":"2.0","method":"#);
    write_string(&mut out, name);
    out.push_short(format!(r#","params":{{"subscription":{subscription},"#).as_bytes());
    let start = out.len();
    let failure = match event {
        Event::Item(reply) => {
            out.push_short(br#""result":"#);
            write_erased(&mut out, room, reply.as_serde()).err()
        }
        Event::Failed(error) => Some(error),
        Event::Ended => Some(RpcError::failed("the stream has ended").with_code(0)),
    };
    if let Some(error) = failure {
        out.truncate(start);
        out.push_short(br#""error":"#);
        write_error_object(&mut out, room, &error);
    }
    out.push_short(b"}}");
    out
}

fn write_error_object(out: &mut Text, room: Room<'_>, error: &RpcError) {
    out.push_short(format!(r#"{{"code":{},"message":"#, code(error)).as_bytes());
    let start = out.len();
    if write(out, room, error.message()).is_err() {
        out.truncate(start);
        write_string(out, &Full::TooLong(room.limit).to_string());
    }
    if let Some(data) = error.data() {
        let start = out.len();
        out.push_short(br#","data":"#);
        if write(out, room, data).is_err() {
            out.truncate(start);
        }
    }
    out.push_short(b"}");
}
