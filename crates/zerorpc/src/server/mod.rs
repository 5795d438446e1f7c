//! The side that answers: calls for a ROUTER's peers, events for a publisher's.

mod answers;
mod channel;
mod exchange;
mod introspection;
mod publisher;
mod router;
mod work;

use manywire_core::Connection;
use manywire_stream::Patience;
use tokio::io::{AsyncRead, AsyncWrite};

pub use self::publisher::{Publisher, serve_events};
use self::router::Router;
use crate::zmtp::{Link, SocketType};

/// Serves zerorpc calls on an accepted stream until the peer leaves or the server winds down.
pub async fn serve<IO>(io: IO, connection: Connection)
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut patience = Patience::with(&connection);
    let Some(link) = greet(io, SocketType::Router, &connection, &mut patience).await else {
        return;
    };
    // A client connects when it is made, and may have nothing to call for as long as it likes.
    patience.rest();
    if let Err(reason) = Router::new(link, connection, patience).run().await {
        tracing::debug!(%reason, "zerorpc connection closed");
    }
}

/// The handshake within its time; nothing when the peer failed it, or the server winds down.
async fn greet<IO: AsyncRead + AsyncWrite + Unpin>(
    io: IO,
    socket: SocketType,
    connection: &Connection,
    patience: &mut Patience,
) -> Option<Link<IO>> {
    let (limits, budget) = (&connection.limits, &connection.budget);
    tokio::select! {
        greeted = Link::open(io, socket, budget, limits) => match greeted {
            Ok(link) => return Some(link),
            Err(reason) => tracing::debug!(%reason, "zerorpc handshake failed"),
        },
        () = patience.over() => tracing::debug!("zerorpc handshake not done in time"),
        () = connection.drain.started() => {}
    }
    None
}
