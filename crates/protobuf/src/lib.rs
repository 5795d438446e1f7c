//! Protocol buffers, driven by serde: a type that has `Serialize` and `Deserialize` is a message, with numbers of its own or
//! those of a `.proto`.
//!
//! The crate is pure: bytes in, values out, and the other way round. A message is its fields, each a tag (its number times 8,
//! plus how its bytes are delimited) and a value. `struct Args { a: i64, b: i64 }` with 17 and 8 in it:
//!
//! ```text
//! 08        field 1, a varint
//!    11     17
//! 10        field 2, a varint
//!    08     8
//! ```
//!
//! What is zero is left out, but where a field is optional; what nobody knows is passed over. See
//! <https://protobuf.dev/programming-guides/encoding/>.
//!
//! What a message may cost is bounded while it is read: each byte is looked at once for each message that it is in, values
//! are counted, and messages inside each other have a limit. Lengths are put in front of what was written in one pass.
//!
//! Reading order: `wire.rs`, tags and varints; `schema/`, from shapes to messages and descriptors (`shapes.rs`), and which
//! field of a type is which of a `.proto` (`bind.rs`); `decode/message.rs`, `field.rs` and `single.rs`; `encode/buffer.rs`
//! and `message.rs`. prost's derive would want its attributes on every type, and a build step for what types of others say;
//! prost-reflect reads and writes trees of values, which costs several times as much.

mod decode;
mod encode;
mod error;
mod print;
mod schema;
mod weigh;
mod wire;

pub use decode::{Limits, Reader};
pub use encode::encode;
pub use error::{Error, ErrorKind};
pub use print::print;
pub use schema::{Described, Files, LONE_VALUE, Misfit, Schema, Wanted, identifier};
pub use weigh::weigh;

/// The name under which serde sees a point in time.
const TIMESTAMP: &str = "$manywire::Timestamp";

/// The name under which serde sees a message that is kept as it came.
const ORIGINAL: &str = "$manywire::Original";
