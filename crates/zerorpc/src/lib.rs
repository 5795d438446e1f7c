//! zerorpc, server and client: msgpack events over ZeroMQ's transport.
//!
//! There is no specification of zerorpc but [its Python package](https://github.com/0rpc/zerorpc-python), version 0.6.3; the transport is
//! [ZMTP 3.1](https://rfc.zeromq.org/spec/37/) (and [3.0](https://rfc.zeromq.org/spec/23/)) with the NULL mechanism. After the greetings and
//! READY, a call of `hello("RPC")` as Python's client sends it (`…` are 32 hexadecimal digits):
//!
//! ```text
//! 01 00                                  a frame, more to come, empty: the end of the envelope
//! 00 3d                                  the last frame, 0x3d bytes: an event
//!    93                                  a list of three:
//!       82 aa"message_id" c4 20 "…"      headers: an id as bin,
//!          a1"v" 03                         and the version
//!       a5"hello"                        the name
//!       91 a3"RPC"                       the arguments
//! ```
//!
//! and its answer, whose `response_to` is the id above, and the name of the channel that the two events make up:
//!
//! ```text
//! 01 00 00 6e 93 83 aa"message_id" c4 20 "…" a1"v" 03 ab"response_to" c4 20 "…" a2"OK" 91 a9"Hello,RPC"
//! ```
//!
//! `ERR [name, message, traceback]` answers instead, or `STREAM item` many times and `STREAM_DONE nil`. Each side may send one event
//! on a channel, and more as the other grants them with `_zpc_more [n]`; `_zpc_hb [0]` every five seconds says that it is still there.
//!
//! It stands on `crates/stream`: a connection's inbox, outbox and time limits, which net/rpc has too.
//!
//! Reading order: `zmtp/`, from bytes to messages; `msgpack/`, `event.rs` and `header.rs`, from messages to events; `error.rs`, Python's words;
//! `heartbeat.rs`; `server/router.rs`, a connection's life, and `server/exchange.rs`, its calls; `server/publisher.rs`, events to
//! subscribers; `client/driver.rs`, the other side.
//!
//! ```
//! # use std::sync::Arc;
//! # use manywire_core::{Connection, Dispatch, Limits, Methods, Metrics, Shutdown, RpcError};
//! # #[derive(Default, serde::Deserialize)] struct Name { name: String }
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! # let mut methods = Methods::new();
//! # methods.add("hello", "", |Name { name }: Name| async move { Ok::<_, RpcError>(format!("Hello,{name}")) });
//! # let limits = Arc::new(Limits::default());
//! # let session = Dispatch::new("zerorpc", Arc::new(methods), &Metrics::new()).session(&limits);
//! # let connection = Connection::new(session, limits.clone(), Shutdown::new().drain());
//! let (ours, theirs) = tokio::io::duplex(1 << 16);
//! tokio::spawn(manywire_zerorpc::serve(ours, connection));
//! let client = manywire_zerorpc::Client::over(theirs, "example", &limits).await?;
//! assert_eq!(client.call("hello", vec!["RPC".into()]).await?, "Hello,RPC".into());
//! # Ok::<(), RpcError>(()) }).unwrap();
//! ```

mod client;
mod error;
mod event;
mod header;
mod heartbeat;
mod msgpack;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod properties;
mod server;
mod zmtp;

pub use client::{Answer, Client, Published, Stream, Subscriber};
pub use server::{Publisher, serve, serve_events};
