//! Reaching a server, and saying why it could not be reached.

use std::fmt;

use manywire_core::{Budget, Limits, Origin, RpcError};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::zmtp::{Link, SocketType};

/// Whom a client calls.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) name: String,
    pub(super) limits: Limits,
    /// What the server makes the client hold is charged here.
    pub(super) budget: Budget,
}

impl Target {
    pub(super) fn new(address: &str, limits: &Limits) -> Self {
        let name = address.strip_prefix("tcp://").unwrap_or(address).to_owned();
        Self { name, limits: limits.clone(), budget: Budget::of_client(limits) }
    }

    pub(super) async fn connect(&self) -> Result<Link<TcpStream>, RpcError> {
        greet(self.dial().await?, self).await
    }

    pub(super) async fn dial(&self) -> Result<TcpStream, RpcError> {
        let limit = self.limits.handshake;
        let stream = timeout(limit, TcpStream::connect(&self.name))
            .await
            .map_err(|_| self.unavailable(format_args!("no connection within {limit:?}")))?
            .map_err(|error| self.unavailable(error))?;
        stream.set_nodelay(true).map_err(|error| self.unavailable(error))?;
        Ok(stream)
    }

    fn unavailable(&self, reason: impl fmt::Display) -> RpcError {
        let message = format!("cannot reach {} over zerorpc: {reason}", self.name);
        RpcError::arose(Origin::Connect, message)
    }

    /// The server was there, and is no more.
    pub(super) fn lost(&self, reason: impl fmt::Display) -> RpcError {
        self.left(Origin::Lost, reason)
    }

    /// The same before a call could be sent.
    pub(super) fn gone(&self) -> RpcError {
        self.left(Origin::Connect, "the connection is closed")
    }

    /// The server sends what it must not.
    pub(super) fn unsound(&self, reason: impl fmt::Display) -> RpcError {
        self.left(Origin::Protocol, reason)
    }

    fn left(&self, origin: Origin, reason: impl fmt::Display) -> RpcError {
        RpcError::arose(origin, format!("lost remote {}: {reason}", self.name))
    }
}

/// Shakes hands with a server of calls.
pub(super) async fn greet<IO: AsyncRead + AsyncWrite + Unpin>(
    io: IO,
    target: &Target,
) -> Result<Link<IO>, RpcError> {
    greet_as(SocketType::Dealer, io, target).await
}

/// Shakes hands as a socket of this type.
pub(super) async fn greet_as<IO: AsyncRead + AsyncWrite + Unpin>(
    socket: SocketType,
    io: IO,
    target: &Target,
) -> Result<Link<IO>, RpcError> {
    let limit = target.limits.handshake;
    timeout(limit, Link::open(io, socket, &target.budget, &target.limits))
        .await
        .map_err(|_| {
            target.unavailable(format_args!("no ZMTP handshake within {limit:?}; is it a zerorpc server?"))
        })?
        .map_err(|error| target.unavailable(error))
}
