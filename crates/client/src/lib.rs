//! One client over every wire, chosen by URL.
//!
//! ```no_run
//! # async fn example() -> Result<(), manywire_core::RpcError> {
//! use manywire_client::{Arguments, Client, Options};
//! use manywire_core::Value;
//!
//! let client = Client::connect("gob://127.0.0.1:1234", Options::default()).await?;
//! let args = Value::map([("A", 17.into()), ("B", 8.into())]);
//! let product = client.call("Arith.Multiply", Arguments::Positional(vec![args])).await?;
//! assert_eq!(product, 136.into());
//! # Ok(())
//! # }
//! ```
//!
//! What a wire cannot do is an error before anything is sent: a stream on XML-RPC, two arguments on net/rpc.
//!
//! Reading order: `url.rs` and `mistaken.rs`; `client.rs`, what a caller sees, and when a call is made again (`typed.rs`, the
//! same with types of the caller's); `servers.rs`,
//! which server it goes to; `connection.rs`, what each wire makes of it; `schema.rs` and `describe.rs`, what servers say of
//! themselves; `signature.rs` and `signatures.rs`, what is known of a method's parameters; `dial.rs` and `tls.rs`, the stream
//! beneath;
//! `spoken.rs`, what is said when another wire is spoken there.

mod arguments;
mod batch;
mod client;
mod connection;
mod describe;
mod dial;
mod messages;
mod mistaken;
mod retry;
mod schema;
mod servers;
mod signature;
mod signatures;
mod spoken;
mod tap;
mod tls;
mod typed;
mod url;

pub use arguments::Arguments;
pub use batch::Outcomes;
pub use client::{Answer, BytesStream, Client, Items, MethodKind, Options};
pub use manywire_grpc::{ProtoFiles, Protos};
pub use mistaken::nearest;
pub use retry::Retry;
pub use schema::Listed;
pub use signature::{Signature, Type};
pub use tap::Tap;
pub use tls::Tls;
pub use typed::Answers;
pub use url::{Transport, Url, Wire};
