//! Go's net/rpc, server and client, in its four forms: gob over TCP, gob over HTTP, JSON-RPC 1.0 over TCP, and JSON in
//! the body of a `POST`.
//!
//! The protocol is Go's [`net/rpc`](https://pkg.go.dev/net/rpc) on [`encoding/gob`](https://pkg.go.dev/encoding/gob).
//! A first call of `Arith.Multiply` with `{A: 17, B: 8}`, as Go's client sends it (each message is a length, a type, a
//! value; a negative type number defines that type):
//!
//! ```text
//! 2f ff81 03 0101 07 "Request" 01 ff82 00 …        type 65 is Request{ServiceMethod string, Seq uint}
//! 13 ff82 01 0e "Arith.Multiply" 00                a Request; Seq is 0, so it is left out
//! 1e ff83 03 0101 04 "Args" 01 ff84 00 …           type 66 is Args{A int, B int}
//! 07 ff84 01 22 01 10 00                           Args: A 17, B 8
//! ```
//!
//! and the answer: a `Response{ServiceMethod, Seq, Error}`, then `05 04 00 fe0110`, the int 136. In JSON the same call is
//! `{"method":"Arith.Multiply","params":[{"A":17,"B":8}],"id":0}` and its answer `{"id":0,"result":136,"error":null}`.
//!
//! It stands on three crates: a connection's inbox, outbox and time limits are `crates/stream`'s, which zerorpc has too; gob
//! itself is `crates/gob`'s; HTTP is `crates/http`'s.
//!
//! Reading order: `pipeline.rs`, how calls travel through a connection; `gob/` and `json/`, the two forms of a call; `error.rs`,
//! Go's words; `http.rs`, the two forms over HTTP; `driver.rs`, `client.rs` and `post.rs`, the other side.

use std::io;

use bytes::BytesMut;
use manywire_core::Connection;
use manywire_stream::Patience;
use tokio::io::{AsyncRead, AsyncWrite};

mod client;
mod driver;
mod error;
mod gob;
mod http;
mod introspection;
mod json;
mod pipeline;
mod post;
mod unfit;

pub use client::Client;
pub use driver::Pending;
pub use http::{GOB_PATH, JSON_PATH, JsonPost, serve_connect};
pub use introspection::with_introspection;
pub use post::PostClient;

/// Serves gob on a stream, of which `input` was read before.
pub async fn serve_gob<IO>(io: IO, input: BytesMut, connection: &Connection) -> io::Result<()>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let codec = gob::GobServer::new(&connection.limits);
    pipeline::serve(io, input, codec, connection, Patience::with(connection)).await
}

/// Serves JSON-RPC 1.0 on a stream, of which `input` was read before.
pub async fn serve_json<IO>(io: IO, input: BytesMut, connection: &Connection) -> io::Result<()>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let codec = json::JsonServer::new(&connection.limits);
    pipeline::serve(io, input, codec, connection, Patience::with(connection)).await
}
