//! Messages of an answer being compressed, in slices, so that a large one leaves its thread to others.

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Buf as _, Bytes};
use manywire_core::Charge;
use tonic::Status;

use crate::caller::Caller;
use crate::compression::{Compressor, Encoding};
use crate::interop::Flags;
use crate::prefix;

/// Bytes of a message that are compressed in one turn, about a millisecond's work.
const TURN: usize = 128 << 10;
/// Small messages are sent together.
const FRAME: usize = 32 << 10;

/// Compresses all messages of an answer, or those that the flags say.
pub(crate) struct Packing {
    encoding: Encoding,
    flags: Option<Flags>,
    caller: Arc<Caller>,
    /// Whole messages that are not compressed yet, as tonic puts them into a frame.
    messages: Bytes,
    /// For those and for what is made of them, if they are not small.
    charge: Option<Charge>,
    begun: Option<Begun>,
    /// Messages that are compressed.
    output: Vec<u8>,
}

/// A frame, and what it is charged.
type Packed = (Bytes, Option<Charge>);

/// A message on its way into the output, which is lent to the compressor.
struct Begun {
    compressor: Compressor,
    /// What is left of the message.
    message: Bytes,
    /// Where it begins in the output.
    start: usize,
}

impl Packing {
    pub(crate) fn new(encoding: Encoding, flags: Option<Flags>, caller: Arc<Caller>) -> Self {
        let (messages, charge, begun, output) = (Bytes::new(), None, None, Vec::new());
        Self { encoding, flags, caller, messages, charge, begun, output }
    }

    pub(crate) fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Takes messages, and what they are charged, once those before were taken out.
    pub(crate) fn feed(&mut self, messages: Bytes, charge: Option<Charge>) {
        (self.messages, self.charge) = (messages, charge);
    }

    /// The next frame of compressed messages; none when there is nothing more to compress.
    pub(crate) fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Packed>, Status>> {
        loop {
            if let Some(begun) = self.begun.take()
                && !self.go_on(begun)?
            {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            match (self.messages.is_empty(), self.output.len()) {
                (true, 0) => return Poll::Ready(Ok(None)),
                (true, _) | (false, FRAME..) => return Poll::Ready(Ok(Some(self.frame()))),
                (false, _) => self.begin()?,
            }
        }
    }

    fn frame(&mut self) -> Packed {
        let output = std::mem::take(&mut self.output);
        let charge = match &self.charge {
            None => None,
            Some(_) if self.messages.is_empty() => self.charge.take(),
            Some(_) => Some(self.caller.budget.nothing()),
        };
        let charge = charge.map(|mut charge| {
            charge.set(output.len());
            charge
        });
        (output.into(), charge)
    }

    fn begin(&mut self) -> Result<(), Status> {
        let whole = prefix::read(&self.messages)
            .map(|(_, length)| prefix::LENGTH + length)
            .filter(|whole| *whole <= self.messages.len())
            .ok_or_else(|| Status::internal("an answer was cut in two before it was compressed"))?;
        let mut message = self.messages.split_to(whole);
        let is_wanted = self.flags.as_ref().is_none_or(Flags::is_next_compressed);
        if !is_wanted {
            self.output.extend_from_slice(&message);
            return Ok(());
        }
        message.advance(prefix::LENGTH);
        let start = self.output.len();
        self.output.extend_from_slice(&[0; prefix::LENGTH]);
        let output = std::mem::take(&mut self.output);
        let compressor = Compressor::new(self.encoding, output, message.len()).map_err(failed)?;
        self.begun = Some(Begun { compressor, message, start });
        Ok(())
    }

    /// Compresses for one turn; whether the message is done.
    fn go_on(&mut self, mut begun: Begun) -> Result<bool, Status> {
        let before = begun.message.len();
        while !begun.message.is_empty() {
            if before - begun.message.len() >= TURN {
                if let Some(charge) = &mut self.charge {
                    charge.set(self.messages.len() + begun.message.len() + begun.compressor.memory());
                }
                self.begun = Some(begun);
                return Ok(false);
            }
            let taken = begun.compressor.step(&begun.message).map_err(failed)?;
            begun.message.advance(taken);
        }
        self.output = begun.compressor.finish().map_err(failed)?;
        if let Some(message) = self.output.get_mut(begun.start..) {
            prefix::write(message, 1, message.len() - prefix::LENGTH);
        }
        Ok(true)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn failed(error: io::Error) -> Status {
    Status::internal(format!("the answer could not be compressed: {error}"))
}
