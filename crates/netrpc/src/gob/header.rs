//! The two headers of Go's net/rpc, and the body of an error.

use serde::{Deserialize, Serialize};

/// What a client sends before each argument.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Request {
    pub(crate) service_method: String,
    pub(crate) seq: u64,
}

/// What a server sends before each reply.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Response {
    pub(crate) service_method: String,
    pub(crate) seq: u64,
    pub(crate) error: String,
}

/// Go's `struct{}`, which stands in for the reply of a failed call.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename = "")]
pub(crate) struct NoBody {}
