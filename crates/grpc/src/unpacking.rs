//! One message being decompressed, in slices, so that a large one leaves its thread to others.

use std::io;
use std::vec::IntoIter;

use bytes::{Buf as _, Bytes};
use tonic::Status;

use crate::compression::{Decompressor, Encoding};
use crate::prefix;

/// Output of one turn, about half a millisecond's work.
const TURN: usize = 128 << 10;
/// The output is handed on in pieces, which are freed one by one as they are copied.
const PIECE: usize = 64 << 10;

/// What a turn came to.
#[derive(PartialEq, Eq)]
pub(crate) enum Turn {
    /// All of the message was read.
    Done,
    /// More of it is needed.
    Hungry,
    /// It is someone else's turn.
    Tired,
}

/// A message whose prefix was read.
pub(crate) struct Unpacking {
    encoding: Encoding,
    decompressor: Decompressor,
    /// Compressed bytes that were not read yet.
    left: usize,
    pieces: Vec<Vec<u8>>,
    /// Bytes of the pieces, with the prefix.
    length: usize,
    limit: usize,
}

impl Unpacking {
    /// A message of `left` compressed bytes, which may become `limit` bytes.
    pub(crate) fn begin(encoding: Encoding, left: usize, limit: usize) -> Result<Self, Status> {
        let damaged = |error| damaged(encoding, &error);
        // Room for the prefix, which is known last.
        let decompressor = Decompressor::new(encoding, vec![0; prefix::LENGTH]).map_err(damaged)?;
        Ok(Self { encoding, decompressor, left, pieces: Vec::new(), length: 0, limit })
    }

    /// Reads from the chunk for one turn.
    pub(crate) fn run(&mut self, chunk: &mut Bytes) -> Result<Turn, Status> {
        let start = self.made();
        while self.left > 0 {
            if chunk.is_empty() {
                return Ok(Turn::Hungry);
            }
            if self.made() - start >= TURN {
                return Ok(Turn::Tired);
            }
            let (before, input) = (self.made(), &chunk[..chunk.len().min(self.left)]);
            let taken = self.decompressor.step(input).map_err(|error| damaged(self.encoding, &error))?;
            if taken == 0 && self.made() == before {
                return Err(damaged(self.encoding, &io::ErrorKind::InvalidData.into()));
            }
            chunk.advance(taken);
            self.left -= taken;
            self.check()?;
            if self.decompressor.output().len() >= PIECE {
                let piece = std::mem::take(self.decompressor.output());
                keep(&mut self.pieces, &mut self.length, piece);
            }
        }
        Ok(Turn::Done)
    }

    /// The message as if it had never been compressed: its prefix and its bytes.
    pub(crate) fn finish(mut self) -> Result<IntoIter<Vec<u8>>, Status> {
        let rest = self.decompressor.finish().map_err(|error| damaged(self.encoding, &error))?;
        keep(&mut self.pieces, &mut self.length, rest);
        let length = self.length - prefix::LENGTH;
        if length > self.limit {
            return Err(too_large(self.limit));
        }
        if let Some(first) = self.pieces.first_mut() {
            prefix::write(first, 0, length);
        }
        Ok(self.pieces.into_iter())
    }

    /// The bytes of memory that it takes.
    pub(crate) fn memory(&mut self) -> usize {
        self.made() + self.decompressor.memory()
    }

    fn made(&mut self) -> usize {
        self.length + self.decompressor.output().len()
    }

    fn check(&mut self) -> Result<(), Status> {
        if self.made() > self.limit + prefix::LENGTH { Err(too_large(self.limit)) } else { Ok(()) }
    }
}

fn keep(pieces: &mut Vec<Vec<u8>>, length: &mut usize, piece: Vec<u8>) {
    *length += piece.len();
    pieces.push(piece);
}

fn too_large(limit: usize) -> Status {
    let message = format!("a message is longer than the limit of {limit} bytes, once decompressed");
    Status::resource_exhausted(message)
}

fn damaged(encoding: Encoding, error: &io::Error) -> Status {
    Status::internal(format!("a message is not valid {}: {error}", encoding.name()))
}
