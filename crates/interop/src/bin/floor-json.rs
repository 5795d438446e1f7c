//! The floor of JSON-RPC 1.0 over TCP: `serde_json` reads value after value and multiplies.

use std::borrow::Cow;

use bytes::{Buf as _, BytesMut};
use manywire_interop::floor::{Floor, run};
use serde::{Deserialize, Serialize};

fn main() -> std::io::Result<()> {
    run::<JsonFloor>("json")
}

#[derive(Deserialize)]
struct Request<'a> {
    #[serde(borrow, rename = "method")]
    _method: Cow<'a, str>,
    params: [Args; 1],
    id: u64,
}

#[derive(Deserialize)]
struct Args {
    #[serde(rename = "A")]
    a: i64,
    #[serde(rename = "B")]
    b: i64,
}

#[derive(Serialize)]
struct Reply {
    id: u64,
    result: i64,
    error: Option<()>,
}

#[derive(Default)]
struct JsonFloor;

impl Floor for JsonFloor {
    fn answer(&mut self, input: &mut BytesMut, output: &mut Vec<u8>) -> Result<(), String> {
        let mut requests = serde_json::Deserializer::from_slice(input).into_iter::<Request<'_>>();
        for request in &mut requests {
            let Request { params: [Args { a, b }], id, .. } = match request {
                Ok(request) => request,
                Err(error) if error.is_eof() => break,
                Err(error) => return Err(error.to_string()),
            };
            let reply = Reply { id, result: a.wrapping_mul(b), error: None };
            serde_json::to_writer(&mut *output, &reply).map_err(|error| error.to_string())?;
            output.push(b'\n');
        }
        let end = requests.byte_offset();
        input.advance(end);
        Ok(())
    }
}
