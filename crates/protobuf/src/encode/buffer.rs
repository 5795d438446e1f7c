//! Bytes of a message that grows, and the lengths of the messages in it, which are known only behind their bytes.
//!
//! Each has one byte in front of it for its length. Where that takes more, what is missing is noted, and put in at the end
//! for all at once: each byte is moved once, however deep it stands.

use crate::wire::{WireType, put_tag, put_varint};

/// Bytes, and what is missing in them.
pub(super) struct Buffer {
    pub(super) bytes: Vec<u8>,
    /// In the order of their places.
    missing: Vec<Missing>,
    /// Bytes that are missing in all.
    total: usize,
}

/// The rest of a length, behind its first byte.
struct Missing {
    place: usize,
    rest: u64,
}

/// A message whose length is not known yet.
#[derive(Clone, Copy)]
pub(super) struct Begun {
    tag: usize,
    start: usize,
    missing: usize,
    total: usize,
}

impl Missing {
    fn length(&self) -> usize {
        match self.rest {
            0 => 0,
            rest => (64 - rest.leading_zeros() as usize).div_ceil(7),
        }
    }
}

impl Buffer {
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, missing: Vec::new(), total: 0 }
    }

    /// Writes a tag, and leaves room for a length.
    pub(super) fn begin(&mut self, number: u32) -> Begun {
        let tag = self.bytes.len();
        put_tag(&mut self.bytes, number, WireType::Length);
        self.bytes.push(0);
        let begun = Begun { tag, start: self.bytes.len(), missing: self.missing.len(), total: self.total };
        // Its place stands before those of the messages in it.
        self.missing.push(Missing { place: begun.start, rest: 0 });
        begun
    }

    /// Writes the length of all that came since.
    pub(super) fn end(&mut self, begun: Begun) {
        let Begun { start, missing, total, .. } = begun;
        let length = self.bytes.len() - start + (self.total - total);
        let more = if length < 0x80 { 0 } else { 0x80 };
        self.bytes[start - 1] = (length & 0x7f) as u8 | more;
        let noted = &mut self.missing[missing];
        noted.rest = (length >> 7) as u64;
        self.total += noted.length();
        if length < 0x80 {
            // Nothing in a message this short is missing either.
            self.missing.truncate(missing);
        }
    }

    /// Takes back a tag behind which nothing was written.
    pub(super) fn take_back(&mut self, begun: Begun) {
        self.bytes.truncate(begun.tag);
        self.missing.truncate(begun.missing);
        self.total = begun.total;
    }

    /// Puts in what is missing.
    pub(super) fn finish(self) -> Vec<u8> {
        let Self { mut bytes, missing, total } = self;
        if total == 0 {
            return bytes;
        }
        let mut end = bytes.len();
        bytes.resize(end + total, 0);
        let mut to = bytes.len();
        let mut rest = Vec::with_capacity(9);
        for Missing { place, rest: length } in missing.into_iter().rev() {
            to -= end - place;
            bytes.copy_within(place..end, to);
            end = place;
            if length > 0 {
                rest.clear();
                put_varint(&mut rest, length);
                to -= rest.len();
                bytes[to..to + rest.len()].copy_from_slice(&rest);
            }
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Messages of all sizes inside each other, written twice: the buffer's way, and from the inside out.
    #[test]
    fn lengths_of_every_size_are_put_in() {
        for sizes in
            [&[0][..], &[127], &[128], &[5, 120, 3], &[100, 30, 200, 20_000], &[1; 40], &[126, 126, 126]]
        {
            let mut expected = Vec::new();
            for &size in sizes.iter().rev() {
                let mut outer = vec![7; size];
                put_tag(&mut outer, 1, WireType::Length);
                put_varint(&mut outer, expected.len() as u64);
                outer.extend_from_slice(&expected);
                put_tag(&mut outer, 2, WireType::Length);
                outer.push(0);
                expected = outer;
            }
            let mut buffer = Buffer::new(vec![9, 9]);
            let mut open = Vec::new();
            for &size in sizes {
                buffer.bytes.extend(std::iter::repeat_n(7, size));
                open.push(buffer.begin(1));
            }
            for begun in open.into_iter().rev() {
                buffer.end(begun);
                let empty = buffer.begin(2);
                buffer.end(empty);
            }
            assert_eq!(buffer.finish()[2..], expected, "{sizes:?}");
        }
    }
}
