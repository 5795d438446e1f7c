//! Accepts connections, finds out what they speak, and hands each to its wire.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use bytes::BytesMut;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use super::accepted::{Accepted, Counted, Slot};
use super::rewind::Rewind;
use super::sniff::{Protocol, Verdict, look};
use crate::serve::Server;
use crate::wires::{Listen, Wire, Wires};

/// A peer that vanished without a word is noticed after about a minute and a half.
const KEEPALIVE: TcpKeepalive = TcpKeepalive::new()
    .with_time(Duration::from_secs(60))
    .with_interval(Duration::from_secs(10))
    .with_retries(3);

/// Room for the first bytes: a whole first call, usually.
const FIRST_READ: usize = 512;

/// Binds a listener.
pub(crate) async fn bind(listen: &Listen) -> anyhow::Result<(TcpListener, SocketAddr)> {
    let bound = async {
        let listener = TcpListener::bind(&listen.address).await?;
        let address = listener.local_addr()?;
        io::Result::Ok((listener, address))
    };
    bound.await.with_context(|| format!("cannot listen on {} for {}", listen.address, listen.wires))
}

/// The accept loop of one listener.
pub(crate) struct Acceptor {
    pub(crate) server: Arc<Server>,
    pub(crate) wires: Arc<Wires>,
    pub(crate) room: Arc<Semaphore>,
}

impl Acceptor {
    /// Accepts until the server winds down.
    pub(crate) async fn run(self, listener: TcpListener) {
        let shutdown =
            if self.wires.has(Wire::Ops) { &self.server.ops_shutdown } else { &self.server.shutdown };
        let drain = shutdown.drain();
        loop {
            let accepted = tokio::select! {
                accepted = self.accept(&listener) => accepted,
                () = drain.started() => return,
            };
            let Some((tcp, permit)) = accepted else { continue };
            let slot = Slot { _permit: permit, _token: shutdown.track() };
            let (server, wires, drain) = (self.server.clone(), self.wires.clone(), drain.clone());
            tokio::spawn(async move {
                let counted = Counted::default();
                let io = Accepted::new(tcp, counted.clone(), slot);
                tokio::select! {
                    ended = serve(io, &server, &wires, &counted) => {
                        if let Err(error) = ended {
                            tracing::debug!(%error, "a connection ended early");
                        }
                    }
                    () = drain.cut() => {}
                }
            });
        }
    }

    /// The next connection, once there is room for it.
    async fn accept(&self, listener: &TcpListener) -> Option<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
        // The semaphore is never closed.
        let permit = self.room.clone().acquire_owned().await.ok()?;
        match listener.accept().await {
            Ok((tcp, _)) => {
                let socket = SockRef::from(&tcp);
                // Both only fail on a connection that is gone already, which the first read will tell.
                let _ = (socket.set_tcp_keepalive(&KEEPALIVE), socket.set_tcp_nodelay(true));
                Some((tcp, permit))
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection; trying again");
                tokio::time::sleep(Duration::from_millis(50)).await;
                None
            }
        }
    }
}

/// Serves a connection whose wire is not known yet.
async fn serve(mut io: Accepted, server: &Arc<Server>, wires: &Wires, counted: &Counted) -> io::Result<()> {
    match sniff(&mut io, server, wires).await? {
        Some((Protocol::Tls, read)) => {
            Box::pin(serve_tls(Rewind::new(io, read), server, wires, counted)).await
        }
        Some((protocol, read)) => hand_over(io, protocol, read, server, wires, counted).await,
        None => Ok(()),
    }
}

/// Shakes hands, then tells the wire inside apart.
async fn serve_tls(
    io: Rewind<Accepted>,
    server: &Arc<Server>,
    wires: &Wires,
    counted: &Counted,
) -> io::Result<()> {
    let Some(tls) = &server.tls else {
        tracing::debug!("a TLS client on a server without a certificate");
        return Ok(());
    };
    let handshake = tokio::time::timeout(server.settings.limits.handshake, tls.accept(io));
    let mut io = handshake.await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    match sniff(&mut io, server, wires).await? {
        Some((Protocol::Tls, _)) | None => Ok(()),
        Some((protocol, read)) => hand_over(io, protocol, read, server, wires, counted).await,
    }
}

/// Reads until the wire is known, within the handshake limit; none for noise, silence, or a client that left.
async fn sniff<IO: AsyncRead + Unpin>(
    io: &mut IO,
    server: &Server,
    wires: &Wires,
) -> io::Result<Option<(Protocol, BytesMut)>> {
    let mut read = BytesMut::with_capacity(FIRST_READ);
    let known = async {
        loop {
            match look(&read) {
                Verdict::Is(protocol) => return Ok(Some(protocol)),
                Verdict::Unknown => return Ok(None),
                Verdict::NeedMore if io.read_buf(&mut read).await? == 0 => return Ok(None),
                Verdict::NeedMore => {}
            }
        }
    };
    let drain = server.shutdown_of(wires).drain();
    let protocol: io::Result<Option<Protocol>> = tokio::select! {
        known = tokio::time::timeout(server.settings.limits.handshake, known) => known.unwrap_or(Ok(None)),
        () = drain.started() => Ok(None),
    };
    Ok(protocol?.map(|protocol| (protocol, read)))
}

/// Hands a connection to its wire, if the listener answers that wire.
///
/// Each wire's future is boxed, so that an idle connection takes the memory of its own wire and not of the largest.
async fn hand_over<IO>(
    io: IO,
    protocol: Protocol,
    read: BytesMut,
    server: &Arc<Server>,
    wires: &Wires,
    counted: &Counted,
) -> io::Result<()>
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    use manywire_netrpc::{Patience, serve_connect, serve_gob, serve_json};
    let budget = server.memory.connection(&server.settings.limits);
    let count = |wire| counted.begin(server.metrics.connection(wire), read.len());
    match protocol {
        Protocol::Gob if wires.has(Wire::Netrpc) => {
            count("gob");
            Box::pin(serve_gob(io, read, &server.gob.connection(server, &budget), Patience::Handshake)).await
        }
        Protocol::Json if wires.has(Wire::Netrpc) => {
            count("jsonrpc1");
            Box::pin(serve_json(io, read, &server.jsonrpc1.connection(server, &budget), Patience::Handshake))
                .await
        }
        Protocol::Connect if wires.has(Wire::Netrpc) => {
            count("gob");
            Box::pin(serve_connect(io, read, &server.gob.connection(server, &budget))).await
        }
        Protocol::Zmtp if wires.has(Wire::Zerorpc) => {
            count("zerorpc");
            Box::pin(manywire_zerorpc::serve(
                Rewind::new(io, read),
                server.zerorpc.connection(server, &budget),
            ))
            .await;
            Ok(())
        }
        Protocol::Zmtp if wires.has(Wire::ZerorpcPub) => {
            count("zerorpc-pub");
            let (connection, events) =
                (server.zerorpc_pub.connection(server, &budget), server.events.clone());
            Box::pin(manywire_zerorpc::serve_events(Rewind::new(io, read), connection, events)).await;
            Ok(())
        }
        Protocol::Http | Protocol::Connect if wires.has_http() => {
            count("http");
            Box::pin(crate::http::serve(Rewind::new(io, read), server, wires, &budget)).await;
            Ok(())
        }
        other => {
            tracing::debug!(?other, listener = %wires, "a wire that this listener does not answer");
            Ok(())
        }
    }
}
