//! What a peer may ask of us before it is told no.

use std::num::NonZeroU32;
use std::time::Duration;

/// Every limit that the wires enforce, with the defaults of the wire contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes in one message, after decompression too.
    pub message_bytes: usize,
    /// Bytes in one stored file.
    pub file_bytes: u64,
    /// Bytes in all stored files, those on their way too.
    pub data_bytes: u64,
    /// Levels of arrays, structs and maps inside each other.
    pub nesting: usize,
    /// Calls in one batch.
    pub batch: usize,
    /// Connections at one time, over all listeners.
    pub connections: usize,
    /// Calls in flight on one connection; beyond it the server stops reading.
    pub in_flight: usize,
    /// Time for a greeting, request headers or a first message.
    pub handshake: Duration,
    /// Time that an HTTP connection may stay open without a request.
    pub keep_alive: Duration,
    /// Bytes that one connection may make the server hold at one time.
    pub connection_memory: usize,
    /// Bytes that all connections may make the server hold at one time.
    pub memory: usize,
    /// Time that a write may go without any progress before its connection is closed, and an upload without a piece.
    pub stall: Duration,
    /// Calls per second on one connection; none by default.
    pub calls_per_second: Option<NonZeroU32>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes: 16 << 20,
            file_bytes: 2 << 30,
            data_bytes: 16 << 30,
            nesting: 128,
            batch: 1_000,
            connections: 16_384,
            in_flight: 4_096,
            handshake: Duration::from_secs(10),
            keep_alive: Duration::from_secs(75),
            connection_memory: 64 << 20,
            memory: 256 << 20,
            stall: Duration::from_secs(30),
            calls_per_second: None,
        }
    }
}

impl Limits {
    /// How many values one message may hold, as [`ValueCount`](crate::ValueCount) counts them. In memory a value takes 32
    /// bytes, and in some wires one or two.
    pub fn values(&self) -> usize {
        self.message_bytes / 4
    }
}
