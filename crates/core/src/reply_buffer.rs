//! An answer while it is encoded: bounded, and charged as it grows.

use std::fmt;
use std::io;

use crate::{Budget, Charge, ErrorKind, Limits, RpcError};

/// An answer below this is not charged while it is encoded.
const SMALL: usize = 4 << 10;

/// Bytes of an answer. It holds at most [`Limits::message_bytes`], and what it holds is charged to a connection.
///
/// A write that goes beyond either leaves the buffer as it was and fails; from then on every write does, until
/// [`ReplyBuffer::truncate`] takes back what was written. An encoder that ignores this is told at the end, by
/// [`ReplyBuffer::finish`].
#[derive(Debug)]
pub struct ReplyBuffer {
    bytes: Vec<u8>,
    charge: Charge,
    limit: usize,
    refused: Option<RpcError>,
}

impl ReplyBuffer {
    /// An empty answer for the connection of this budget.
    pub fn new(limits: &Limits, budget: &Budget) -> Self {
        Self { bytes: Vec::new(), charge: budget.nothing(), limit: limits.message_bytes, refused: None }
    }

    /// An empty message of any length: what a client is about to send.
    pub fn unlimited() -> Self {
        let most = usize::MAX;
        let limits =
            Limits { message_bytes: most, connection_memory: most, memory: most, ..Limits::default() };
        Self::new(&limits, &Budget::alone(&limits))
    }

    /// Appends bytes, if there is room for all of them.
    #[inline]
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), RpcError> {
        let needed = self.bytes.len() + bytes.len();
        if self.refused.is_none() && needed <= self.bytes.capacity() && needed <= self.limit {
            self.bytes.extend_from_slice(bytes);
            return Ok(());
        }
        self.push_growing(bytes)
    }

    #[cold]
    fn push_growing(&mut self, bytes: &[u8]) -> Result<(), RpcError> {
        if let Some(error) = &self.refused {
            return Err(error.clone());
        }
        self.make_room(bytes.len()).inspect_err(|error| self.refused = Some(error.clone()))?;
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn make_room(&mut self, more: usize) -> Result<(), RpcError> {
        let needed = self.bytes.len().saturating_add(more);
        if needed <= self.bytes.capacity() && needed <= self.limit {
            return Ok(());
        }
        if needed > self.limit {
            return Err(too_long(self.limit));
        }
        let capacity = needed.max(self.bytes.capacity().saturating_mul(2)).max(128).min(self.limit);
        if capacity > SMALL {
            self.charge.resize(capacity)?;
        }
        self.bytes.reserve_exact(capacity - self.bytes.len());
        Ok(())
    }

    /// Takes back everything behind the first `length` bytes, and an error with it.
    pub fn truncate(&mut self, length: usize) {
        self.bytes.truncate(length);
        self.refused = None;
    }

    /// How many bytes there are.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// What was written so far.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The answer and its charge, which is to be kept until the bytes were sent; an error where it was too long.
    pub fn finish(self) -> Result<(Vec<u8>, Charge), RpcError> {
        match self.refused {
            Some(error) => Err(error),
            None => Ok((self.bytes, self.charge)),
        }
    }
}

fn too_long(limit: usize) -> RpcError {
    let message = format!("the answer is longer than the limit of {limit} bytes; ask for less at once");
    RpcError::new(ErrorKind::ResourceExhausted, message)
}

impl io::Write for ReplyBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes).map(|()| bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.push(bytes).map_err(io::Error::other)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Write for ReplyBuffer {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text.as_bytes()).map_err(|_| fmt::Error)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn limits() -> Limits {
        Limits { message_bytes: 100_000, connection_memory: 60_000, ..Limits::default() }
    }

    #[test]
    fn an_answer_over_the_limit_is_an_error_and_what_was_taken_back_is_not() {
        let limits = Limits { message_bytes: 10, ..limits() };
        let mut reply = ReplyBuffer::new(&limits, &Budget::alone(&limits));
        reply.push(b"12345").unwrap();
        let error = reply.write_all(b"678901").unwrap_err();
        assert_eq!(
            error.to_string(),
            "the answer is longer than the limit of 10 bytes; ask for less at once"
        );
        assert!(reply.push(b"").is_err() && reply.bytes() == b"12345");
        reply.truncate(4);
        reply.push(b"567890").unwrap();
        assert_eq!(reply.finish().unwrap().0, b"1234567890");
    }

    #[test]
    fn a_long_answer_is_charged_and_a_short_one_is_not() {
        let (limits, budget) = (limits(), Budget::alone(&limits()));
        let mut reply = ReplyBuffer::new(&limits, &budget);
        reply.push(&[0; SMALL]).unwrap();
        assert_eq!(budget.held(), 0);
        for _ in 0..20_000 {
            reply.push(b"x").unwrap();
        }
        let (bytes, charge) = reply.finish().unwrap();
        assert_eq!((charge.bytes(), budget.held()), (bytes.capacity(), bytes.capacity()));
        drop(charge);
        assert_eq!(budget.held(), 0);
    }

    #[test]
    fn an_answer_over_the_budget_is_refused_and_holds_nothing() {
        let (limits, budget) = (limits(), Budget::alone(&limits()));
        let mut reply = ReplyBuffer::new(&limits, &budget);
        reply.push(&[0; 40_000]).unwrap();
        assert!(reply.push(&[0; 40_000]).unwrap_err().message().contains("holds too much"));
        assert_eq!(reply.finish().unwrap_err().kind(), ErrorKind::ResourceExhausted);
        assert_eq!(budget.held(), 0);
    }
}
