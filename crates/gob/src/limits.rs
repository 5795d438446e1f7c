//! What a peer may ask of us before it is told no.

/// Every limit that the decoder enforces, and the encoder where it names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes in one message, and in one value that comes in several.
    pub message_bytes: usize,
    /// Values in one message: each is one, what it points to (the text of a string, the items of a list) another, and
    /// a struct's field two, whether it was sent or left out.
    pub values: usize,
    /// Levels of arrays, structs and maps inside each other, of values that are written too.
    pub nesting: usize,
    /// Bytes of type definitions on one connection, each way: both ends keep them until it ends.
    pub definitions: usize,
}

impl Limits {
    /// The usual limits of a peer whose messages may have this length.
    pub fn with_message_bytes(message_bytes: usize) -> Self {
        Self { message_bytes, values: message_bytes / 4, nesting: 128, definitions: message_bytes / 16 }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::with_message_bytes(16 << 20)
    }
}
