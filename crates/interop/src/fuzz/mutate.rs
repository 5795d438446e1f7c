//! Bytes made from other bytes, the same ones each time.

/// Numbers that lengths and counts go wrong at.
const EDGES: &[&[u8]] = &[
    b"\0",
    b"\x7f",
    b"\x80",
    b"\xff",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff",
    b"\x80\0\0\0\0\0\0\0",
    b"\xf8\x7f\xff\xff\xff\xff\xff\xff\xff",
    b"9223372036854775808",
    b"1e999",
    b"[[[[[[[[",
    b"\\ud800",
    b"\xed\xa0\x80",
];

/// A source of mutations; two of the same number make the same ones.
#[derive(Debug)]
pub struct Mutator {
    state: u64,
    seeds: Vec<Vec<u8>>,
}

impl Mutator {
    /// A source that begins with these seeds.
    pub fn new(number: u64, seeds: Vec<Vec<u8>>) -> Self {
        assert!(!seeds.is_empty(), "mutations are made from something");
        Self { state: number.wrapping_mul(2).wrapping_add(0x2545_f491_4f6c_dd1d), seeds }
    }

    /// A seed with a few changes.
    pub fn next_input(&mut self) -> Vec<u8> {
        let mut bytes = self.seed();
        for _ in 0..=self.below(6) {
            self.change(&mut bytes);
        }
        bytes
    }

    fn seed(&mut self) -> Vec<u8> {
        let at = self.below(self.seeds.len());
        self.seeds[at].clone()
    }

    fn change(&mut self, bytes: &mut Vec<u8>) {
        let start = self.below(bytes.len() + 1);
        let end = start + self.below((bytes.len() - start).min(32) + 1);
        match self.below(7) {
            0 if start < bytes.len() => bytes[start] ^= 1 << self.below(8),
            1 if start < bytes.len() => bytes[start] = self.below(256) as u8,
            2 => drop(bytes.drain(start..end)),
            3 => bytes.truncate(start),
            4 => {
                let piece = bytes[start..end].repeat(1 + self.below(20));
                bytes.splice(start..start, piece);
            }
            5 => {
                let edge = EDGES[self.below(EDGES.len())];
                bytes.splice(start..end, edge.iter().copied());
            }
            _ => {
                let other = self.seed();
                let from = self.below(other.len() + 1);
                bytes.splice(start..end, other[from..].iter().copied());
            }
        }
    }

    fn below(&mut self, limit: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 11) as usize % limit
    }
}
