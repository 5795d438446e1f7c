//! What travels beside parameters and answers: HTTP headers, gRPC metadata, the header of a zerorpc event.

/// Names in lower case, each with its value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metadata(Vec<(Box<str>, Box<[u8]>)>);

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
        let mut pairs = Vec::new();
        source.visit(&mut |name, value| pairs.push((name.into(), value.into())));
        Self(pairs)
    }

    /// Adds a pair. A name may stand more than once.
    pub fn append(&mut self, name: &str, value: impl Into<Box<[u8]>>) {
        self.0.push((name.to_ascii_lowercase().into(), value.into()));
    }

    /// The first value of this name, where it is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(|value| std::str::from_utf8(value).ok())
    }

    /// Every pair, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
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
