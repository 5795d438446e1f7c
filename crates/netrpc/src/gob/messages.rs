//! One direction of a gob stream: length-prefixed messages in, complete values out, under limits.

use bytes::{Buf as _, BytesMut};
use gobwire::{Decoder, Error, Progress, parse_length_prefix};

/// How many times over the message limit a value may be looked at while it comes in pieces.
const MAX_RESCANS: usize = 4;

/// Type definitions may fill this part of the message limit on one connection, for they are kept until it ends.
const DEFINITIONS_SHARE: usize = 16;

/// Frames messages and feeds them to gobwire's decoder.
pub(crate) struct Messages {
    pub(crate) decoder: Decoder,
    limit: usize,
    definitions: usize,
    /// Bytes of the value that is coming in pieces, and bytes looked at again for it.
    pending: usize,
    scanned: usize,
}

impl Messages {
    pub(crate) fn new(limit: usize) -> Self {
        Self { decoder: Decoder::new(), limit, definitions: 0, pending: 0, scanned: 0 }
    }

    /// Takes messages from `input` until a value is complete in the decoder; false when more bytes are needed.
    pub(crate) fn next_value(&mut self, input: &mut BytesMut) -> Result<bool, Error> {
        while let Some((width, length)) = self.next_length(input)? {
            let Some(body) = input.get(width..width + length) else {
                input.reserve(width + length - input.len());
                return Ok(false);
            };
            let progress = self.decoder.push_message(body);
            input.advance(width + length);
            match progress? {
                Progress::Ready => {
                    (self.pending, self.scanned) = (0, 0);
                    return Ok(true);
                }
                Progress::TypeDefinition(_) => self.count_definition(length)?,
                Progress::NeedMore => self.count_piece(length)?,
            }
        }
        Ok(false)
    }

    /// The next message's length, checked before anything is allocated for it.
    fn next_length(&self, input: &BytesMut) -> Result<Option<(usize, usize)>, Error> {
        let prefix = parse_length_prefix(input)?;
        match prefix {
            Some((_, length)) if length > self.limit => Err(Error::Corrupt(format!(
                "message of {length} bytes is over the limit of {} bytes",
                self.limit
            ))),
            other => Ok(other),
        }
    }

    fn count_definition(&mut self, length: usize) -> Result<(), Error> {
        self.definitions += length;
        if self.definitions > self.limit / DEFINITIONS_SHARE {
            return Err(Error::Corrupt("too many type definitions on one connection".into()));
        }
        Ok(())
    }

    /// A value in pieces is looked at from its start with each piece, so their number has to be bounded too.
    fn count_piece(&mut self, length: usize) -> Result<(), Error> {
        self.pending += length;
        self.scanned += self.pending;
        if self.pending > self.limit || self.scanned > self.limit * MAX_RESCANS {
            return Err(Error::Corrupt("a value in too many pieces".into()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition of `struct{}` under this number, as a message.
    fn definition(id: u32) -> Vec<u8> {
        let number = |n: u32| [vec![0xFC], n.to_be_bytes().to_vec()].concat();
        let body = [number((id - 1) << 1 | 1), vec![3, 1, 2], number(id << 1), vec![0, 0, 0]].concat();
        [vec![body.len() as u8], body].concat()
    }

    #[test]
    fn a_bomb_of_type_definitions_is_refused() {
        let mut messages = Messages::new(64 << 10);
        let mut take = |id| messages.next_value(&mut BytesMut::from(&definition(id)[..]));
        let refused = (65..).find_map(|id| take(id).err().map(|error| (id, error.to_string())));
        let (id, error) = refused.unwrap();
        assert_eq!(error, "gob: too many type definitions on one connection");
        assert!((300..350).contains(&id), "{id}");
    }
}
