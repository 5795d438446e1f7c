//! The two headers of Go's net/rpc, and the body of an error.

use gobwire::Gob;

/// What a client sends before each argument.
#[derive(Debug, Clone, Default, PartialEq, Eq, Gob)]
pub(crate) struct Request {
    #[gob(name = "ServiceMethod")]
    pub(crate) service_method: String,
    #[gob(name = "Seq")]
    pub(crate) seq: u64,
}

/// What a server sends before each reply.
#[derive(Debug, Clone, Default, PartialEq, Eq, Gob)]
pub(crate) struct Response {
    #[gob(name = "ServiceMethod")]
    pub(crate) service_method: String,
    #[gob(name = "Seq")]
    pub(crate) seq: u64,
    #[gob(name = "Error")]
    pub(crate) error: String,
}

/// Go's `struct{}`, which stands in for the reply of a failed call.
#[derive(Debug, Clone, Default, PartialEq, Eq, Gob)]
#[gob(name = "")]
pub(crate) struct NoBody {}
