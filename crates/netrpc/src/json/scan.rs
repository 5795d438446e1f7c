//! Finds where a JSON value ends, in as many pieces as it comes: each byte is looked at once.
//!
//! On the way it notes where every object and array in it ends, so that whoever reads the value can pass over a part of it
//! without looking at it again, however deep that lies.

use std::mem::take;

/// An outline that took more entries than this is given back after its value.
const KEPT: usize = 256;

/// Remembers how far it has looked.
#[derive(Debug)]
pub(crate) struct Scanner {
    looked: usize,
    in_string: bool,
    escaped: bool,
    /// Objects and arrays that have begun and not ended.
    depth: usize,
    /// The innermost of them, where it is in the outline.
    open: Option<u32>,
    outline: Outline,
}

/// What was noted of a value: it is complete once the value is.
#[derive(Debug, Default)]
pub(crate) struct Outline {
    /// One for each object and array, in the order in which they begin.
    spans: Vec<Span>,
    /// How many there may be; the rest is not noted.
    limit: usize,
    /// How deep they are inside each other.
    deepest: usize,
    /// Values in it, or a few more.
    values: usize,
    is_cut: bool,
}

/// An object or array. Until it has ended, `end` is the outer one, plus one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    /// Where it ends: after its bracket.
    pub(super) end: u32,
    /// The number of the first that begins after it.
    pub(super) next: u32,
}

impl Outline {
    /// Where a part ends that begins with a bracket, the `index`th of the value; none where that was not noted.
    pub(super) fn span(&self, index: usize) -> Option<Span> {
        if self.is_cut { None } else { self.spans.get(index).copied() }
    }

    /// How deep brackets nest.
    pub(super) fn deepest(&self) -> usize {
        self.deepest
    }

    /// An upper bound of the number of values, counted as [`manywire_core::ValueCount`] does.
    pub(super) fn values(&self) -> usize {
        self.values
    }

    /// Bytes that it takes.
    pub(super) fn held(&self) -> usize {
        self.spans.capacity() * size_of::<Span>()
    }

    fn clear(&mut self) {
        self.spans.clear();
        self.spans.shrink_to(KEPT);
        (self.deepest, self.values, self.is_cut) = (0, 0, false);
    }
}

impl Scanner {
    /// A scanner that notes where up to `limit` objects and arrays end.
    pub(crate) fn new(limit: usize) -> Self {
        let outline = Outline { limit, ..Outline::default() };
        Self { looked: 0, in_string: false, escaped: false, depth: 0, open: None, outline }
    }

    /// The length of the object or array at the start of `input`, once its last byte is there.
    ///
    /// `input` must be the same bytes as before, and perhaps more. Brackets are counted without regard to their kind:
    /// what is malformed inside is for the parser to say.
    pub(crate) fn value_end(&mut self, input: &[u8]) -> Option<usize> {
        if self.looked == 0 {
            self.outline.clear();
        }
        let end = self.look(input);
        if end.is_some() {
            (self.looked, self.depth, self.open) = (0, 0, None);
        }
        end
    }

    /// Whether it is at the start of a value.
    pub(crate) fn is_new(&self) -> bool {
        self.looked == 0
    }

    /// The outline of the value whose end was found last.
    pub(crate) fn outline(&self) -> &Outline {
        &self.outline
    }

    fn look(&mut self, input: &[u8]) -> Option<usize> {
        while self.looked < input.len() {
            if self.in_string {
                self.skip_string(input);
                continue;
            }
            let byte = input[self.looked];
            self.looked += 1;
            match byte {
                b'"' => {
                    self.in_string = true;
                    self.outline.values += 1;
                }
                b',' | b':' => self.outline.values += 1,
                b'{' | b'[' => self.begin(),
                b'}' | b']' => {
                    self.end();
                    if self.depth == 0 {
                        return Some(self.looked);
                    }
                }
                _ => {}
            }
        }
        None
    }

    fn begin(&mut self) {
        self.depth += 1;
        let outline = &mut self.outline;
        outline.deepest = outline.deepest.max(self.depth);
        outline.values += 2;
        match u32::try_from(outline.spans.len()) {
            Ok(index) if outline.spans.len() < outline.limit => {
                let outer = self.open.map_or(0, |outer| outer + 1);
                outline.spans.push(Span { end: outer, next: 0 });
                self.open = Some(index);
            }
            _ => outline.is_cut = true,
        }
    }

    fn end(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        let outline = &mut self.outline;
        // Once some were left out, their ends cannot be told apart.
        if outline.is_cut {
            return;
        }
        let next = outline.spans.len() as u32;
        let Some(span) = self.open.and_then(|open| outline.spans.get_mut(open as usize)) else { return };
        self.open = span.end.checked_sub(1);
        match u32::try_from(self.looked) {
            Ok(end) => *span = Span { end, next },
            Err(_) => outline.is_cut = true,
        }
    }

    /// Moves to the end of the string, or of the input.
    fn skip_string(&mut self, input: &[u8]) {
        if take(&mut self.escaped) {
            self.looked += 1;
            return;
        }
        match memchr::memchr2(b'"', b'\\', &input[self.looked..]) {
            None => self.looked = input.len(),
            Some(at) => {
                self.looked += at + 1;
                let is_escape = input[self.looked - 1] == b'\\';
                self.escaped = is_escape;
                self.in_string = is_escape;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUE: &[u8] = br#"{"a":"}\"]\\","b":[{"c":"{"},[]],"d":"\u00e9"}"#;

    #[test]
    fn every_way_of_cutting_finds_the_same_end() {
        let mut input = VALUE.to_vec();
        input.extend_from_slice(b"{\"next\"");
        let mut scanner = Scanner::new(100);
        for first in 0..VALUE.len() {
            for second in first..VALUE.len() {
                assert_eq!(scanner.value_end(&input[..first]), None);
                assert_eq!(scanner.value_end(&input[..second]), None);
                assert_eq!(scanner.value_end(&input), Some(VALUE.len()));
                assert_eq!((scanner.outline().deepest(), scanner.outline().values()), (3, 22));
            }
        }
    }

    #[test]
    fn the_outline_says_where_parts_end() {
        let mut scanner = Scanner::new(100);
        scanner.value_end(VALUE).unwrap();
        let ends = (0..4).map(|index| scanner.outline().span(index).unwrap());
        let parts: Vec<_> = ends.map(|Span { end, next }| (VALUE[..end as usize].to_vec(), next)).collect();
        assert_eq!(parts[0], (VALUE.to_vec(), 4));
        assert!(parts[1].0.ends_with(b"[]]") && parts[1].1 == 4);
        assert!(parts[2].0.ends_with(b"{\"c\":\"{\"}") && parts[2].1 == 3);
        assert!(parts[3].0.ends_with(b",[]") && parts[3].1 == 4);
        assert!(scanner.outline().span(4).is_none());
    }

    #[test]
    fn an_outline_without_end_is_not_kept() {
        let long = [vec![b'['; 100_000], vec![b']'; 100_000]].concat();
        let mut scanner = Scanner::new(50_000);
        assert_eq!(scanner.value_end(&long), Some(200_000));
        assert!(scanner.outline().span(0).is_none() && scanner.outline().deepest() == 100_000);
        assert!(scanner.outline().held() <= 8 * (1 << 16));
        assert_eq!(scanner.value_end(b"[]"), Some(2));
        assert!(scanner.outline().span(0).is_some() && scanner.outline().held() <= 8 * KEPT);
    }
}
