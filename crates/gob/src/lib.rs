//! Go's [`encoding/gob`](https://pkg.go.dev/encoding/gob), driven by serde, and safe on bytes that anyone may have sent.
//!
//! A type needs `Serialize` and `Deserialize` and nothing else: what gob has to be told of it is learnt by asking serde. The
//! crate is pure: bytes in, values out, and the other way round.
//!
//! A stream is messages, each a length, a type and a value; a negative type is a definition of that type. A first
//! `struct { A, B int }` called `Args`, with 17 and 8 in it (integers are doubled, and their sign is the lowest bit):
//!
//! ```text
//! 1e                       30 bytes follow
//!    ff81                  type −65: a definition
//!    03                    field 2 of a wireType (fields are counted by their differences): a struct type
//!       01                 field 0, what all types have:
//!          01 04 "Args"       its name,
//!          01 ff82            its number, 65,
//!          00                 no more
//!       01 02              field 1: two fields,
//!          01 01 "A" 01 04 00    A of type 2, int
//!          01 01 "B" 01 04 00    B likewise
//!       00                 no more of the struct type
//!    00                    nor of the wireType
//! 07                       7 bytes follow
//!    ff82                  type 65: a value
//!    01 22                 field 0: 17
//!    01 10                 the next: 8
//!    00                    no more
//! ```
//!
//! ```
//! use manywire_gob::{Decoder, Encoder, Limits};
//!
//! #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
//! #[serde(rename_all = "PascalCase")]
//! struct Args { a: i64, b: i64 }
//!
//! let (limits, mut stream) = (Limits::default(), Vec::new());
//! Encoder::new(&limits).encode(&Args { a: 17, b: 8 }, &mut stream)?;
//! assert!(stream.ends_with(b"\x07\xff\x82\x01\x22\x01\x10\x00"));
//!
//! let (mut decoder, mut input) = (Decoder::new(&limits), &stream[..]);
//! while let Some(value) = decoder.next(&mut input)? {
//!     assert_eq!(value.read::<Args>()?, Args { a: 17, b: 8 });
//! }
//! # Ok::<(), manywire_gob::Error>(())
//! ```
//!
//! Where Go's rules leave something open, or Rust has what Go has not:
//!
//! - Fields match by name, or with a first letter made large, `page_size` as `PageSize`. What a peer left out is zero, what
//!   nobody wants is passed over, and a struct without any field in common is an error, as are numbers of another kind or
//!   out of range.
//! - A `Some` is sent though it be a zero; Go leaves out both. A `Vec<u8>` is bytes, a tuple of one type an array, any other
//!   an `[]interface{}`, an enum the text of its variant.
//! - A type that reads anything is an interface inside of others. On its own it is sent as what it holds (`encode/infer.rs`).
//!
//! What a peer may cost is bounded where it is told, not where it is used: definitions by their bytes on each connection, for
//! which no more than a few times their size is kept; values by their number; nesting by its depth. No type is ever unfolded
//! into what it refers to, and every byte of a value is looked at once, or twice where types are defined inside of it.
//!
//! Reading order: `wire.rs`, numbers and texts; `decode/types.rs`, definitions; `decode/walk.rs`, where a value ends;
//! `decode/value.rs` and `record.rs`, values for serde; `encode/types.rs` and `learn.rs`, what the peer is told;
//! `encode/value.rs` and `compound.rs`, values from serde.

mod decode;
mod encode;
mod error;
mod limits;
mod names;
mod time;
mod wire;

pub use decode::{Decoder, Reader};
pub use encode::{Encoder, Probe, TypeKey};
pub use error::{Error, ErrorKind};
pub use limits::Limits;
pub use names::{NUMBER, TIMESTAMP};
