//! HTTP on a listener: which wire a request is for, and the routes of the program's own.

mod ops;
mod router;

use std::sync::Arc;

use manywire_http::{Arrival, Terms};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::listen::Peer;
use crate::shared::Shared;
use crate::wires::{Wire, Wires};

/// Serves HTTP on a stream, whatever wires its requests turn out to be for.
pub(crate) async fn serve<IO>(io: IO, server: &Arc<Shared>, wires: &Wires, peer: &Peer)
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let terms = Terms {
        http2: server.settings.http2.clone(),
        guard: server.settings.guard.clone(),
        arrival: peer.local.map_or_else(Arrival::default, |local| Arrival::at(local, peer.is_tls)),
        accepted: peer.accepted,
        budget: peer.budget.clone(),
        ..Terms::new(server.settings.limits.clone(), server.shutdown_of(wires).drain())
    };
    if wires.has(Wire::Ops) {
        manywire_http::serve(io, ops::Ops::new(server.clone()), &terms).await;
    } else {
        manywire_http::serve(io, router::Router::new(server, wires, peer), &terms).await;
    }
}
