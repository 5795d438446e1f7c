//! The side that answers: calls for a ROUTER's peers, events for a publisher's.

mod answers;
mod channel;
mod exchange;
mod introspection;
mod publisher;
mod router;
mod work;

use manywire_core::Connection;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, timeout};

pub use self::publisher::{Publisher, serve_events};
use self::router::Router;
use crate::zmtp::{Link, SocketType};

/// Serves zerorpc calls on an accepted stream until the peer leaves or the server winds down.
pub async fn serve<IO>(io: IO, connection: Connection)
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    // One limit for the greeting, READY and a first message.
    let patience = Instant::now().checked_add(connection.limits.handshake);
    let Some(link) = greet(io, SocketType::Router, &connection).await else {
        return;
    };
    if let Err(reason) = Router::new(link, connection, patience).run().await {
        tracing::debug!(%reason, "zerorpc connection closed");
    }
}

/// The handshake within its time; nothing when the peer failed it, or the server winds down.
async fn greet<IO: AsyncRead + AsyncWrite + Unpin>(
    io: IO,
    socket: SocketType,
    connection: &Connection,
) -> Option<Link<IO>> {
    let (limits, budget) = (&connection.limits, &connection.budget);
    tokio::select! {
        greeted = timeout(limits.handshake, Link::open(io, socket, budget, limits)) => match greeted {
            Ok(Ok(link)) => return Some(link),
            Ok(Err(reason)) => tracing::debug!(%reason, "zerorpc handshake failed"),
            Err(_) => tracing::debug!("zerorpc handshake not done in time"),
        },
        () = connection.drain.started() => {}
    }
    None
}
