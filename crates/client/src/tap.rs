//! Watching the bytes of every connection, as they are before encryption.

/// Is told of every connection that a client makes, and of every byte on it. Calls come from whichever task moves the
/// bytes, and hold it up.
pub trait Tap: Send + Sync {
    /// A connection was made to `peer`; the number stands for it from now on.
    fn opened(&self, connection: u64, peer: &str);
    /// These bytes were sent.
    fn sent(&self, connection: u64, bytes: &[u8]);
    /// These bytes were received.
    fn received(&self, connection: u64, bytes: &[u8]);
    /// The connection is gone.
    fn closed(&self, connection: u64);
}
