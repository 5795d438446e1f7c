//! XML-RPC, server and client.

mod client;
mod date;
mod decode;
mod document;
mod encode;
mod error;
mod markup;
mod message;
mod multicall;
mod server;
mod system;

pub use client::Client;
pub use error::{DecodeError, EncodeError, Fault, Flaw};
pub use message::{MethodCall, decode_call, decode_response, encode_call, encode_fault, encode_result};
pub use server::Server;
