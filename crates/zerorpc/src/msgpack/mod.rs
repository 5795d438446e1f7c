//! msgpack as Python's `msgpack` 1.x writes and reads it: text as str, bytes as bin, times as extension −1.
//!
//! Specification: <https://github.com/msgpack/msgpack/blob/master/spec.md>

mod read;
mod write;

pub(crate) use read::{Bounds, DecodeError, Head, Reader};
pub(crate) use write::{Keys, encode_array, encode_value, put};

/// The extension that a time is.
const TIMESTAMP: i8 = -1;
