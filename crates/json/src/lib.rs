//! JSON text as JSON-RPC and JSON over HTTP read and write it: parameters under the limits, answers bounded and charged.
//!
//! Reading order: `read`, from the text of parameters to values; `write`, from values to a `text`.

mod read;
mod text;
mod write;

pub use read::{Parameters, read_params, read_value};
pub use text::{Full, Room, Text};
pub use write::{write, write_erased, write_string};
