//! One direction of a gob stream: length-prefixed messages in, complete values out, under limits.

use bytes::{Buf as _, BytesMut};
use gobwire::{Decoder, Error, Progress, WireType, parse_length_prefix};
use manywire_core::Limits;

use super::weight::Weight;

/// How many times over the message limit a value may be looked at while it comes in pieces.
const MAX_RESCANS: usize = 4;

/// Type definitions may fill this part of the message limit on one connection, for they are kept until it ends.
const DEFINITIONS_SHARE: usize = 16;

/// The fewest bytes in which a struct's field is defined: that of a name which is empty takes three.
const FIELD_BYTES: usize = 3;

/// Frames messages and feeds them to gobwire's decoder.
pub(crate) struct Messages {
    pub(crate) decoder: Decoder,
    limit: usize,
    /// How many values a message may hold.
    values: usize,
    definitions: usize,
    /// The most fields that a struct on this connection may have.
    widest: usize,
    /// The value that is coming in pieces, where they end, and bytes looked at again for it.
    pending: Vec<u8>,
    ends: Vec<usize>,
    scanned: usize,
}

impl Messages {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            decoder: Decoder::new(),
            limit: limits.message_bytes,
            values: limits.values(),
            definitions: 0,
            widest: 1,
            pending: Vec::new(),
            ends: Vec::new(),
            scanned: 0,
        }
    }

    /// Takes messages from `input` until a value is complete in the decoder; false when more bytes are needed.
    pub(crate) fn next_value(&mut self, input: &mut BytesMut) -> Result<bool, Error> {
        while let Some((width, length)) = self.next_length(input)? {
            let Some(body) = input.get(width..width + length) else {
                input.reserve(width + length - input.len());
                return Ok(false);
            };
            let taken = self.take(body);
            input.advance(width + length);
            if taken? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Takes one message; true when a value is complete with it.
    fn take(&mut self, body: &[u8]) -> Result<bool, Error> {
        let progress = self.decoder.push_message(body).inspect_err(|_| {
            self.pending.clear();
            self.ends.clear();
        })?;
        match progress {
            Progress::TypeDefinition(id) => self.count_definition(id, body.len())?,
            Progress::NeedMore => self.count_piece(body)?,
            Progress::Ready => {
                let counted = self.count_values(body);
                if counted.is_err() {
                    self.decoder.discard()?;
                }
                return counted.map(|()| true);
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

    /// Looks at the values of a message only where it could hold too many.
    fn count_values(&mut self, body: &[u8]) -> Result<(), Error> {
        if !self.ends.is_empty() {
            self.keep_piece(body);
        }
        let pieces = std::mem::take(&mut self.pending);
        let whole = if pieces.is_empty() { body } else { &pieces };
        let ends = std::mem::take(&mut self.ends);
        self.scanned = 0;
        // It may define types too, inside of interfaces.
        self.widest = self.widest.max(whole.len() / FIELD_BYTES);
        if whole.len().saturating_mul(2 * self.widest + 2) < self.values {
            return Ok(());
        }
        Weight::new(whole, &ends, self.decoder.types(), self.values).check()
    }

    fn keep_piece(&mut self, body: &[u8]) {
        self.pending.extend_from_slice(body);
        self.ends.push(self.pending.len());
    }

    fn count_definition(&mut self, id: i64, length: usize) -> Result<(), Error> {
        if let Some(WireType::Struct { fields, .. }) = self.decoder.types().get(id).map(AsRef::as_ref) {
            self.widest = self.widest.max(fields.len());
        }
        self.definitions += length;
        if self.definitions > self.limit / DEFINITIONS_SHARE {
            return Err(Error::Corrupt("too many type definitions on one connection".into()));
        }
        Ok(())
    }

    /// A value in pieces is looked at from its start with each piece, so their number has to be bounded too.
    fn count_piece(&mut self, body: &[u8]) -> Result<(), Error> {
        self.keep_piece(body);
        self.scanned += self.pending.len();
        if self.pending.len() > self.limit || self.scanned > self.limit * MAX_RESCANS {
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
        let mut messages = Messages::new(&Limits { message_bytes: 64 << 10, ..Limits::default() });
        let mut take = |id| messages.next_value(&mut BytesMut::from(&definition(id)[..]));
        let refused = (65..).find_map(|id| take(id).err().map(|error| (id, error.to_string())));
        let (id, error) = refused.unwrap();
        assert_eq!(error, "gob: too many type definitions on one connection");
        assert!((300..350).contains(&id), "{id}");
    }

    /// A list of these types, one inside the other, as messages, and a value of the last.
    fn stream(types: &[&[u8]], value: &[u8]) -> BytesMut {
        let framed = |body: &[u8]| {
            let length = u32::try_from(body.len()).unwrap();
            [&[0xFC][..], &length.to_be_bytes(), body].concat()
        };
        types.iter().chain([&value]).flat_map(|body| framed(body)).collect()
    }

    #[test]
    fn a_value_that_would_fill_the_memory_is_refused_and_the_next_one_read() {
        let limits = Limits { message_bytes: 8_000, ..Limits::default() };
        // 65 is []int, 66 a struct of forty fields, 67 a list of 66.
        let ints: &[u8] = &[0xFF, 0x81, 2, 1, 2, 0xFF, 0x82, 0, 1, 4, 0, 0];
        let forty =
            [&[0xFF, 0x83, 3, 1, 2, 0xFF, 0x84, 0, 1, 40][..], &[1, 1, b'A', 1, 4, 0].repeat(40), &[0, 0]]
                .concat();
        let wide: &[u8] = &[0xFF, 0x85, 2, 1, 2, 0xFF, 0x86, 0, 1, 0xFF, 0x84, 0, 0];
        let list = |id: u8, count: u16| {
            [&[0xFF, id, 0, 0xFE][..], &count.to_be_bytes(), &vec![0; count.into()]].concat()
        };
        for (types, id, most) in [(&[ints][..], 0x82, 1_998), (&[&forty[..], wide], 0x86, 24)] {
            let mut messages = Messages::new(&limits);
            assert!(messages.next_value(&mut stream(types, &list(id, most))).unwrap());
            messages.decoder.discard().unwrap();
            let refused = messages.next_value(&mut stream(&[], &list(id, most + 1))).unwrap_err();
            assert!(refused.to_string().contains("more than 2000 values"), "{refused}");
            assert!(messages.next_value(&mut stream(&[], &list(id, most))).unwrap());
        }
    }

    /// What Go's encoder makes of an `[]any{Wide{}, Wide{}, …}`: the type is defined inside of the first.
    #[test]
    fn a_type_defined_inside_of_a_value_counts_too() {
        let limits = Limits { message_bytes: 8_000, ..Limits::default() };
        let any: &[u8] = &[0xFF, 0x81, 2, 1, 2, 0xFF, 0x82, 0, 1, 16, 0, 0];
        let fields = [1, 1, b'A', 1, 4, 0].repeat(40);
        let definition = [&[0xFF, 0x83, 3, 1, 2, 0xFF, 0x84, 0, 1, 40][..], &fields, &[0, 0]].concat();
        let value = |more: u8| {
            let first = [&[1, b'W'][..], &definition, &[4, 0xFF, 0x84, 1, 0]].concat();
            let others = [1, b'W', 0xFF, 0x84, 1, 0].repeat(more.into());
            [&[0xFF, 0x82, 0, more + 1][..], &first, &others].concat()
        };
        for (more, is_taken) in [(23, true), (24, false)] {
            let taken = Messages::new(&limits).next_value(&mut stream(&[any], &value(more)));
            assert_eq!(taken.is_ok(), is_taken, "{more}: {taken:?}");
        }
    }
}
