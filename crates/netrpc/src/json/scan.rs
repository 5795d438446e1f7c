//! Finds where a JSON value ends, in as many pieces as it comes: each byte is looked at once.

/// Remembers how far it has looked.
#[derive(Debug, Default)]
pub(crate) struct Scanner {
    looked: usize,
    depth: usize,
    deepest: usize,
    in_string: bool,
    escaped: bool,
}

impl Scanner {
    /// The length of the object or array at the start of `input`, once its last byte is there.
    ///
    /// `input` must be the same bytes as before, and perhaps more. Brackets are counted without regard to their kind:
    /// what is malformed inside is for the parser to say.
    pub(crate) fn value_end(&mut self, input: &[u8]) -> Option<usize> {
        let end = self.look(input);
        if end.is_some() {
            *self = Self::default();
        }
        end
    }

    /// Whether it is at the start of a value.
    pub(crate) fn is_new(&self) -> bool {
        self.looked == 0
    }

    /// How deep brackets nest in a complete value.
    pub(crate) fn depth_of(json: &[u8]) -> usize {
        let mut scanner = Self::default();
        scanner.look(json);
        scanner.deepest
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
                b'"' => self.in_string = true,
                b'{' | b'[' => {
                    self.depth += 1;
                    self.deepest = self.deepest.max(self.depth);
                }
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        return Some(self.looked);
                    }
                }
                _ => {}
            }
        }
        None
    }

    /// Moves to the end of the string, or of the input.
    fn skip_string(&mut self, input: &[u8]) {
        if std::mem::take(&mut self.escaped) {
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
        for first in 0..VALUE.len() {
            for second in first..VALUE.len() {
                let mut scanner = Scanner::default();
                assert_eq!(scanner.value_end(&input[..first]), None);
                assert_eq!(scanner.value_end(&input[..second]), None);
                assert_eq!(scanner.value_end(&input), Some(VALUE.len()));
            }
        }
    }
}
