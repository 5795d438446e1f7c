//! [XML-RPC](http://xmlrpc.com/spec.md), server and client.
//!
//! A call of `add(2, 3)` as Python's `xmlrpc.client` sends it, and our answer:
//!
//! ```text
//! POST /RPC2 HTTP/1.1                              HTTP/1.1 200 OK
//! Content-Type: text/xml                           content-type: text/xml
//! Content-Length: 187                              content-length: 132
//!
//! <?xml version='1.0'?>                            <?xml version="1.0" encoding="utf-8"?>
//! <methodCall>                                     <methodResponse>
//! <methodName>add</methodName>                       <params><param>
//! <params>                                             <value><int>5</int></value>
//! <param><value><int>2</int></value></param>         </param></params>
//! <param><value><int>3</int></value></param>       </methodResponse>
//! </params></methodCall>
//! ```
//!
//! What fails is answered, with status 200 too, with a `fault` in the place of `params`: a struct of `faultCode` and
//! `faultString`.
//!
//! Reading order: `document.rs`, from bytes to text; `markup.rs` and `tag.rs`, from text to tags; `decode.rs` and `encode.rs`, values
//! (with `date.rs` and `decimal.rs`); `message.rs`, calls and responses; `error.rs`, fault codes; `server.rs` with `system.rs` and
//! `multicall.rs`; `client.rs`.

mod client;
mod date;
mod decimal;
mod decode;
mod document;
mod encode;
mod error;
mod markup;
mod message;
mod multicall;
mod server;
mod system;
mod tag;

pub use client::Client;
pub use document::Document;
pub use error::{DecodeError, EncodeError, Fault, Flaw};
pub use message::{MethodCall, decode_call, decode_response, encode_call, encode_fault, encode_result};
pub use server::Server;
