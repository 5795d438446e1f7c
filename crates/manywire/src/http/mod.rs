//! HTTP on a listener: which wire a request is for, and the routes of the program's own.

mod adder;
pub(crate) mod health;
mod ops;
mod router;

use std::sync::Arc;

use manywire_core::Budget;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::serve::Server;
use crate::wires::{Wire, Wires};

/// Serves HTTP on a stream, whatever wires its requests turn out to be for.
pub(crate) async fn serve<IO>(io: IO, server: &Arc<Server>, wires: &Wires, budget: &Budget)
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (limits, http2) = (&server.settings.limits, &server.settings.http2);
    let drain = server.shutdown_of(wires).drain();
    if wires.has(Wire::Ops) {
        manywire_http::serve(io, ops::Ops::new(server.clone()), limits, http2, &drain).await;
    } else {
        manywire_http::serve(io, router::Router::new(server, wires, budget), limits, http2, &drain).await;
    }
}
