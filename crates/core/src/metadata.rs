//! What travels beside parameters and answers: HTTP headers, gRPC metadata, the header of a zerorpc event.

use std::fmt;

/// Names in lower case, each with its value. They stand behind one another in two buffers: a call has ten headers or so, and a
/// copy of them is a few allocations and not twenty.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Metadata {
    names: String,
    values: Vec<u8>,
    /// Where each pair ends in the two.
    ends: Vec<(usize, usize)>,
}

/// Bytes of the names, and of the values, that a call usually has.
const USUAL: usize = 256;
/// Pairs that a call usually has.
const PAIRS: usize = 12;

/// What a wire lets a call look up of the request, without a copy. A wire may hold it while it waits for the parameters.
pub trait ReadMetadata: Sync {
    /// The first value of this name, in lower case.
    fn get(&self, name: &str) -> Option<&[u8]>;
    /// Shows every pair.
    fn visit(&self, show: &mut dyn FnMut(&str, &[u8]));
}

/// A wire that carries none.
impl ReadMetadata for () {
    fn get(&self, _: &str) -> Option<&[u8]> {
        None
    }
    fn visit(&self, _: &mut dyn FnMut(&str, &[u8])) {}
}

impl Metadata {
    /// A copy of what a wire shows.
    pub fn of(source: &dyn ReadMetadata) -> Self {
        let mut copy = Self::default();
        source.visit(&mut |name, value| {
            if copy.ends.is_empty() {
                copy.names.reserve(USUAL);
                copy.values.reserve(USUAL);
                copy.ends.reserve(PAIRS);
            }
            copy.names.push_str(name);
            copy.push_value(value);
        });
        copy
    }

    /// Adds a pair. A name may stand more than once.
    pub fn append(&mut self, name: &str, value: impl AsRef<[u8]>) {
        self.names.extend(name.chars().map(|letter| letter.to_ascii_lowercase()));
        self.push_value(value.as_ref());
    }

    /// Whether there is no pair.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    fn push_value(&mut self, value: &[u8]) {
        self.values.extend_from_slice(value);
        self.ends.push((self.names.len(), self.values.len()));
    }

    /// The first value of this name, where it is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(|value| std::str::from_utf8(value).ok())
    }

    /// Every pair, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &[u8])> {
        self.ends.iter().enumerate().map(|(at, &(name_end, value_end))| {
            let (name, value) =
                at.checked_sub(1).and_then(|at| self.ends.get(at)).copied().unwrap_or_default();
            (&self.names[name..name_end], &self.values[value..value_end])
        })
    }
}

impl ReadMetadata for Metadata {
    fn get(&self, name: &str) -> Option<&[u8]> {
        self.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    fn visit(&self, show: &mut dyn FnMut(&str, &[u8])) {
        self.iter().for_each(|(name, value)| show(name, value));
    }
}

impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values may be secrets, and stay out of logs.
        f.debug_list().entries(self.iter().map(|(name, _)| name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_come_back_in_their_order_and_by_name() {
        let mut metadata = Metadata::default();
        metadata.append("Accept-Language", "zh");
        metadata.append("empty", "");
        metadata.append("accept-language", [0xff_u8]);
        let all = [("accept-language", &b"zh"[..]), ("empty", b""), ("accept-language", b"\xff")];
        assert!(metadata.iter().eq(all) && Metadata::of(&metadata) == metadata);
        assert_eq!((metadata.text("accept-language"), metadata.get("Empty")), (Some("zh"), Some(&b""[..])));
        assert_eq!(metadata.get("none"), None);
    }
}
