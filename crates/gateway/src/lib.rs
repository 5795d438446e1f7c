//! The methods of other servers among one's own, whatever each of them speaks.
//!
//! ```no_run
//! # async fn example() -> Result<(), manywire_core::RpcError> {
//! use manywire_core::Methods;
//! use manywire_gateway::{Gateway, Source};
//!
//! let old = Source::of("xmlrpc://old:8088/RPC2");
//! let new = Source { prefix: Some("users".to_owned()), ..Source::of("grpc://new:7070") };
//! let gateway = Gateway::connect(vec![old, new]).await?;
//!
//! let mut methods = Methods::new();
//! gateway.add_to(&mut methods)?;
//! # Ok(())
//! # }
//! ```
//!
//! A method of another server is one whose handler is a call of a [`Client`](manywire_client::Client): it is found, guarded,
//! counted and ended like any other, and every wire serves it.
//!
//! Reading order: `source.rs`, which servers and what is known of them beforehand; `learn.rs`, what they tell, with
//! `foreign.rs` for those that are not ours; `upstream.rs`, one server, and whether it is there; `gateway.rs`, all of them together; `forward.rs`, one call; `requests.rs`, a
//! stream of requests on its way.

mod foreign;
mod forward;
mod gateway;
mod learn;
mod requests;
mod source;
mod upstream;

pub use gateway::{Gateway, Looked};
pub use source::Source;
