//! Type a method once, and serve it on every wire: Go's `net/rpc` (gob, JSON-RPC 1.0), JSON-RPC 2.0, XML-RPC, zerorpc, gRPC
//! and JSON over HTTP. Clients in any language call it with the libraries that they have.
//!
//! ```no_run
//! use manywire::{Methods, RpcError, Server};
//!
//! #[manywire::message(rename_all = "PascalCase")]
//! struct Args {
//!     a: i64,
//!     b: i64,
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), manywire::Error> {
//!     let mut methods = Methods::new();
//!     methods.add("Arith.Multiply", "The product of A and B.", async |args: Args| {
//!         args.a.checked_mul(args.b).ok_or_else(|| RpcError::overflow("the product does not fit"))
//!     });
//!     Server::new(methods).listen("any=127.0.0.1:2021")?.run().await
//! }
//! ```
//!
//! A method may ask for its call's [`Context`] as its first argument. Guards, hooks and observers run around all methods or
//! some: see [`Methods`]. A trait of methods, with a typed client, is a [`service`].
//!
//! The other side is a [`Client`] of any server on any wire, chosen by its URL:
//!
//! ```no_run
//! # async fn example() -> Result<(), manywire::RpcError> {
//! use manywire::{Arguments, Client};
//!
//! let client = Client::connect("xmlrpc://127.0.0.1:2021", Default::default()).await?;
//! let product: i64 = client.call_as("Arith.Multiply", vec![17.into(), 8.into()]).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! All are on by default. `server` and `client` are the two sides; each wire that the server answers has one: `netrpc`,
//! `jsonrpc`, `xmlrpc`, `http`, `zerorpc`, `grpc`; and `tls`.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[doc(inline)]
pub use manywire_core::{
    Answer, Blob, Context, Empty, Ended, ErrorKind, Head, Hook, Kind, Limits, Metadata, Method, Methods,
    Metrics, Next, Number, Requests, RpcError, Shape, Timestamp, Value, current_deadline, time_left,
};

/// Makes a type one that methods can take and give on every wire.
///
/// ```
/// #[manywire::message(rename_all = "PascalCase")]
/// struct Args {
///     a: i64,
///     b: Option<i64>,
/// }
/// let args: Args = serde_json::from_str(r#"{"A":17}"#)?;
/// assert_eq!((args.a, args.b), (17, None));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[doc(inline)]
pub use manywire_macros::message;

/// Makes a service of a trait: whoever implements it calls `register`, and every method is one of the server's. Named
/// `client = …`, it makes a client of that name too, whose methods call on any wire.
///
/// ```
/// use manywire::{Answers, Context, Methods, Requests, RpcError};
///
/// #[manywire::service(client = CountersClient)]
/// pub trait Counters {
///     /// Adds to a counter, and returns what it came to.
///     async fn add(&self, name: String, step: i64) -> Result<i64, RpcError>;
///     /// The value of a counter.
///     #[manywire(name = "counter", safe)]
///     async fn get(&self, context: Context, name: String) -> Result<i64, RpcError>;
///     /// Each value that a counter comes to.
///     fn watch(&self, name: String) -> Answers<i64>;
///     /// Adds all that comes.
///     async fn sum(&self, steps: Requests<i64>) -> Result<i64, RpcError>;
/// }
///
/// # struct InMemory;
/// # impl Counters for InMemory {
/// #     async fn add(&self, _: String, step: i64) -> Result<i64, RpcError> { Ok(step) }
/// #     async fn get(&self, _: Context, _: String) -> Result<i64, RpcError> { Ok(0) }
/// #     fn watch(&self, _: String) -> Answers<i64> { Box::pin(futures_util::stream::empty()) }
/// #     async fn sum(&self, _: Requests<i64>) -> Result<i64, RpcError> { Ok(0) }
/// # }
/// let mut methods = Methods::new();
/// InMemory.register(&mut methods);
/// assert_eq!(methods.get("Counters.add").unwrap().signature(), "Counters.add(name: string, step: int) -> int");
/// assert_eq!(methods.get("counter").unwrap().signature(), "counter(name: string) -> int");
///
/// async fn calls(client: manywire::Client) -> Result<(), RpcError> {
///     let counters = CountersClient(client);
///     assert_eq!(counters.add("visits".to_owned(), 2).await?, 2);
///     Ok(())
/// }
/// ```
///
/// - A method takes `&self`, then a [`Context`] if it wants one, then its parameters; the fields of a single struct are its
///   parameters. Or it takes a stream of requests, [`Requests<T>`](Requests), alone.
/// - It answers once, `async fn … -> Result<T, RpcError>`, or with a stream, `fn … -> Answers<T>`; a stream that takes work to
///   open is an `async fn … -> Result<Answers<T>, RpcError>`.
/// - Callers name it by the trait and the method, `Counters.add`. `#[manywire(name = "…")]` on a method, and `name = "…"` and
///   `rename_all = "PascalCase"` on the service, name it otherwise. `#[manywire(safe)]` says that it only reads.
#[doc(inline)]
pub use manywire_macros::service;

#[cfg(feature = "client")]
#[doc(inline)]
pub use manywire_client::{Arguments, Client, Items, Options, Retry, Signature};
#[cfg(feature = "server")]
#[doc(inline)]
pub use manywire_server::{Address, Bound, Error, Listen, Listener, Running, Server, Wires};

/// What a server is told beside its methods.
#[cfg(feature = "server")]
pub mod server {
    #[cfg(feature = "zerorpc")]
    pub use manywire_server::Publisher;
    #[cfg(feature = "tls")]
    pub use manywire_server::Tls;
    pub use manywire_server::{HostNames, Http2, Origins, raise_open_files};
    #[cfg(feature = "grpc")]
    pub use manywire_server::{Mounted, Naming};
}

/// What a client is told beside a URL.
#[cfg(feature = "client")]
pub mod client {
    pub use manywire_client::{
        Answer, Listed, MethodKind, Outcomes, ProtoFiles, Protos, Tap, Tls, Transport, Url, Wire,
    };
}

/// A stream of answers, as a method gives them and as a client reads them.
pub type Answers<T> = std::pin::Pin<Box<dyn Stream<Item = Result<T, RpcError>> + Send>>;

pub use futures_core::Stream;

/// What [`message`] and [`service`] write their derives with.
#[doc(hidden)]
pub use serde;
