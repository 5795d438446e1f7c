//! Typed methods, erased inside: the registry that every wire serves. No socket, no wire.
//!
//! Reading order: [`Methods`] holds what a service registers, of four [`Kind`]s; [`Dispatch`] binds it to a wire; a
//! connection's [`Session`] starts a [`Call`] from [`Params`]; the answer is a [`Reply`] or an [`RpcError`]. A method that
//! asks for its call's [`Context`] is given it; guards, [`Hook`]s and observers run around all methods or some. What a server
//! tells of its methods is in [`introspect`].
//!
//! ```
//! use std::sync::Arc;
//! use manywire_core::{Dispatch, Limits, Methods, Metrics, Params, RpcError, to_value};
//!
//! #[manywire_core::message]
//! struct Args { a: i64, b: i64 }
//!
//! let mut methods = Methods::new();
//! methods.add("multiply", "The product of two integers.", |args: Args| async move {
//!     args.a.checked_mul(args.b).ok_or_else(|| RpcError::overflow("the product is beyond 64-bit integers"))
//! });
//!
//! let session = Dispatch::new("test", Arc::new(methods), &Metrics::new()).session(&Limits::default());
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let reply = session.call("multiply", Params::Positional(vec![6.into(), 7.into()])).unwrap().await.unwrap();
//! assert_eq!(to_value(reply.as_serde()).unwrap(), 42.into());
//! # });
//! ```

mod activity;
#[cfg(test)]
mod around_tests;
mod budget;
mod by_shape;
mod call;
mod connection;
mod context;
mod description;
mod dispatch;
mod durations;
mod dynamic;
mod error;
mod gated;
mod handler;
mod hooks;
mod interned;
pub mod introspect;
mod kind;
mod limits;
mod metadata;
mod methods;
mod metrics;
mod notation;
mod original;
mod params;
mod peer;
mod rate;
mod reply_buffer;
mod requests;
mod shape;
mod shutdown;
mod value;
mod values;

/// What [`message`] writes its derives with.
#[doc(hidden)]
pub use serde;

pub use manywire_macros::core_message as message;

pub use activity::{Activity, UnderWay};
pub use budget::{Budget, Charge, Memory, OverBudget};
pub use call::{Call, CallStream};
pub use connection::Connection;
pub use context::{
    Context, Head, Terms, current_deadline, current_headers, hand_on, hand_on_headers, time_left,
};
pub use description::{DESCRIBE, Description, Parameter};
pub use dispatch::{Admitted, Dispatch, Session, Started};
pub use dynamic::{Asked, Dynamic, Given, Messages, Outline, Takes, Told, ToldFuture, Values};
pub use error::{ErrorKind, Origin, RpcError};
pub use gated::{Gated, gated};
pub use handler::{Function, Reply, ReplyFuture, ReplyStream, ReplyType, Returns};
pub use hooks::{Answer, AnswerFuture, Ended, Hook, Next};
pub use kind::Kind;
pub use limits::Limits;
pub use metadata::{Metadata, ReadMetadata};
pub use methods::{Conflict, Method, Methods};
pub use metrics::{CallMeter, ConnectionMeter, Metrics, UNKNOWN_METHOD, UpstreamMeter};
pub use notation::Written;
pub use original::{Original, with_originals};
pub use params::{Arguments, Empty, Params};
pub use peer::Peer;
pub use rate::RateLimiter;
pub use reply_buffer::ReplyBuffer;
pub use requests::{Incoming, Requests};
pub use shape::{ChoiceShape, MapShape, RecordShape, Shape, zero};
pub use shutdown::{ConnectionToken, Drain, Shutdown};
pub use value::{Blob, DecodeError, EncodeError, Misfit, Number, Timestamp, Value, from_value, to_value};
pub use values::{TooManyValues, ValueCount, json_string_length};
