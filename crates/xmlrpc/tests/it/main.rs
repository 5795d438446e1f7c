//! XML-RPC against what Python's standard library writes and reads, and against what no one should send.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should fail there")]

mod beside;
mod encodings;
mod foreign;
mod held;
mod hostile;
mod http;
mod properties;
mod python_client;
mod python_server;
mod serving;
mod vectors;

use manywire_core::{Limits, Value};
use manywire_xmlrpc::{DecodeError, decode_call};

/// The one parameter of a call, given as the XML of its value.
fn value(xml: &str) -> Result<Value, DecodeError> {
    let body =
        format!("<methodCall><methodName>m</methodName><params><param>{xml}</param></params></methodCall>");
    let mut params = decode_call(body.as_bytes(), &Limits::default())?.params;
    assert_eq!(params.len(), 1);
    Ok(params.remove(0))
}
