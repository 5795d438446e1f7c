//! Numbers that stand before what they measure. One byte is left for each, as most need no more; where some do, all that
//! was written is moved once, at the end.

use crate::wire::{put_uint, width};

#[derive(Debug, Default)]
pub(super) struct Lengths {
    /// The numbers that need more than their byte, by where that byte is.
    wide: Vec<(usize, usize)>,
    /// The bytes that these need beyond it.
    extra: usize,
}

/// The place of a number that is not known yet.
#[derive(Debug)]
pub(super) struct Open {
    at: usize,
    extra: usize,
}

impl Lengths {
    /// Leaves room for a number.
    pub(super) fn open(&self, out: &mut Vec<u8>) -> Open {
        out.push(0);
        Open { at: out.len() - 1, extra: self.extra }
    }

    /// Puts in how many bytes were written since.
    pub(super) fn close(&mut self, open: &Open, out: &mut [u8]) {
        let length = out.len() - open.at - 1 + self.extra - open.extra;
        self.close_with(length, open, out);
    }

    /// Puts in another number.
    pub(super) fn close_with(&mut self, number: usize, open: &Open, out: &mut [u8]) {
        match u8::try_from(number) {
            Ok(byte) if byte < 0x80 => out[open.at] = byte,
            _ => {
                self.wide.push((open.at, number));
                self.extra += width(number as u64) - 1;
            }
        }
    }

    /// Makes room for the wide ones: from the back, each part of the bytes is moved to its place.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        if self.wide.is_empty() {
            return;
        }
        // Those that were closed first are the inner ones, not the first.
        self.wide.sort_unstable();
        let mut end = out.len();
        out.resize(end + self.extra, 0);
        let mut number = Vec::with_capacity(9);
        for (at, length) in self.wide.drain(..).rev() {
            out.copy_within(at + 1..end, at + 1 + self.extra);
            number.clear();
            put_uint(&mut number, length as u64);
            self.extra -= number.len() - 1;
            out[at + self.extra..][..number.len()].copy_from_slice(&number);
            end = at;
        }
    }

    /// Forgets what was begun.
    pub(super) fn clear(&mut self) {
        self.wide.clear();
        self.extra = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_any_width_lie_around_each_other() {
        for inner in [0, 100, 127, 128, 300, 70_000] {
            let (mut lengths, mut out) = (Lengths::default(), vec![9]);
            let outer = lengths.open(&mut out);
            out.push(1);
            let count = lengths.open(&mut out);
            lengths.close_with(200, &count, &mut out);
            let length = lengths.open(&mut out);
            out.resize(out.len() + inner, 2);
            lengths.close(&length, &mut out);
            out.push(3);
            lengths.close(&outer, &mut out);
            lengths.finish(&mut out);

            let mut body = vec![1, 0xFF, 200];
            put_uint(&mut body, inner as u64);
            body.resize(body.len() + inner, 2);
            body.push(3);
            let mut expected = vec![9];
            put_uint(&mut expected, body.len() as u64);
            expected.extend(body);
            assert!(out == expected, "{inner}");
        }
    }
}
