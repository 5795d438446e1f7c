//! The floor of Go's gob form: a bare loop over gobwire that multiplies whatever it is sent. Also over `CONNECT`.

use bytes::{Buf as _, BytesMut};
use gobwire::{Decoder, Encoder, Gob, Progress, parse_length_prefix};
use manywire_interop::floor::{Floor, run};

fn main() -> std::io::Result<()> {
    run::<GobFloor>("gob")
}

#[derive(Default, Gob)]
struct Request {
    service_method: String,
    seq: u64,
}

#[derive(Default, Gob)]
struct Response {
    service_method: String,
    seq: u64,
    error: String,
}

#[derive(Default, Gob)]
struct Args {
    a: i64,
    b: i64,
}

#[derive(Default)]
struct GobFloor {
    decoder: Decoder,
    encoder: Encoder,
    request: Option<Request>,
}

impl Floor for GobFloor {
    fn answer(&mut self, input: &mut BytesMut, output: &mut Vec<u8>) -> Result<(), String> {
        if input.starts_with(b"CONNECT") && input.ends_with(b"\n\n") {
            input.clear();
            output.extend_from_slice(b"HTTP/1.0 200 Connected to Go RPC\n\n");
        }
        self.answer_messages(input, output).map_err(|error| error.to_string())
    }
}

impl GobFloor {
    fn answer_messages(&mut self, input: &mut BytesMut, output: &mut Vec<u8>) -> gobwire::Result<()> {
        while let Some((width, length)) = parse_length_prefix(input)? {
            let Some(body) = input.get(width..width + length) else { break };
            let progress = self.decoder.push_message(body)?;
            input.advance(width + length);
            if progress == Progress::Ready {
                self.answer_value(output)?;
            }
        }
        Ok(())
    }

    fn answer_value(&mut self, output: &mut Vec<u8>) -> gobwire::Result<()> {
        let Some(Request { service_method, seq }) = self.request.take() else {
            self.request = Some(self.decoder.decode()?);
            return Ok(());
        };
        let Args { a, b } = self.decoder.decode()?;
        let response = Response { service_method, seq, error: String::new() };
        self.encoder.encode_into(&response, output)?;
        self.encoder.encode_into(&a.wrapping_mul(b), output)
    }
}
