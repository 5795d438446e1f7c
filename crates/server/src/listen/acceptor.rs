//! Accepts connections, finds out what they speak, and hands each to its wire.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use manywire_core::{Activity, Drain, Peer as Caller};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite};
use tokio::time::Instant;

use super::accepted::{Accepted, Counted, Slot};
use super::rewind::Rewind;
use super::room::{Room, Seat};
use super::seldom::Seldom;
use super::sniff::{Protocol, Verdict, look};
use super::socket::{Listening, Stream, counted_by};
use super::spare::Spare;
use super::{Peer, refusal};
use crate::shared::Shared;
use crate::wires::{Wire, Wires};

/// Room for the first bytes: a whole first call, usually.
const FIRST_READ: usize = 512;

/// The accept loop of one listener.
pub(crate) struct Acceptor {
    pub(crate) server: Arc<Shared>,
    pub(crate) wires: Arc<Wires>,
    pub(crate) room: Arc<Room>,
    /// Where there is none, a connection may have to wait for a descriptor.
    pub(crate) spare: Option<Arc<Spare>>,
    pub(crate) unsaid: Unsaid,
}

/// What is logged now and then.
#[derive(Default)]
pub(crate) struct Unsaid {
    failed: Seldom,
    crowded: Seldom,
    plaintext: Arc<Seldom>,
}

impl Acceptor {
    /// Accepts until the server winds down.
    pub(crate) async fn run(self, listener: Listening) {
        let shutdown = self.server.shutdown_of(&self.wires);
        let drain = shutdown.drain();
        loop {
            let accepted = tokio::select! {
                accepted = self.next(&listener) => accepted,
                () = drain.started() => return,
            };
            let Some((stream, address, activity, seat)) = accepted else { continue };
            let slot = Slot { seat, _token: shutdown.track(), spare: self.spare.clone() };
            let budget = self.server.memory.connection(&self.server.settings.limits);
            let (local, accepted) = (stream.local(), Instant::now());
            let caller = Caller { address, certificate: None };
            let arrival = Arrival {
                server: self.server.clone(),
                wires: self.wires.clone(),
                address,
                peer: Peer { budget, activity, caller, local, is_tls: false, accepted },
                counted: Counted::default(),
                deadline: accepted + self.server.settings.limits.handshake,
                drain: drain.clone(),
                plaintext: self.unsaid.plaintext.clone(),
            };
            let io = Accepted::new(stream, arrival.counted.clone(), slot);
            tokio::spawn(async move {
                tokio::select! {
                    ended = arrival.serve(io) => {
                        if let Err(error) = ended {
                            tracing::debug!(%error, "a connection ended early");
                        }
                    }
                    () = arrival.drain.cut() => {}
                }
            });
        }
    }

    /// The next connection for which there is room.
    async fn next(&self, listener: &Listening) -> Option<(Stream, Option<SocketAddr>, Activity, Seat)> {
        let (stream, address) = self.accept(listener).await?;
        stream.prepare();
        let activity = Activity::new();
        let seat = self.room.seat(counted_by(address), &activity).await;
        if seat.is_none()
            && let Some(count) = self.unsaid.crowded.event()
        {
            tracing::warn!(
                ?address,
                count,
                "refused: every connection of this address that it may have is busy"
            );
        }
        Some((stream, address, activity, seat?))
    }

    async fn accept(&self, listener: &Listening) -> Option<(Stream, Option<SocketAddr>)> {
        loop {
            let error = match listener.accept().await {
                Ok(accepted) => return Some(accepted),
                Err(error) => error,
            };
            if self.spare.as_ref().is_some_and(|spare| spare.help(&error)) {
                continue;
            }
            if let Some(count) = self.unsaid.failed.event() {
                tracing::warn!(%error, count, "cannot accept a connection; trying again");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
            return None;
        }
    }
}

fn without_certificate() -> io::Result<()> {
    tracing::debug!("a TLS client on a server without a certificate");
    Ok(())
}

/// A connection whose wire is not known yet.
struct Arrival {
    server: Arc<Shared>,
    wires: Arc<Wires>,
    address: Option<SocketAddr>,
    peer: Peer,
    counted: Counted,
    /// When its wire has to be known.
    deadline: Instant,
    drain: Drain,
    plaintext: Arc<Seldom>,
}

impl Arrival {
    async fn serve(&self, mut io: Accepted) -> io::Result<()> {
        match self.sniff(&mut io).await? {
            None => Ok(()),
            Some((Protocol::Tls, read)) => Box::pin(self.serve_tls(Rewind::new(io, read))).await,
            Some((protocol, read)) if self.has_to_be_in_tls() => {
                if let Some(count) = self.plaintext.event() {
                    let (address, listener) = (self.address, &self.wires);
                    tracing::info!(?address, %listener, count, "refused: plaintext where TLS is spoken");
                }
                refusal::plaintext(io, protocol, &read).await;
                Ok(())
            }
            Some((protocol, read)) => self.hand_over(io, protocol, read, &self.peer).await,
        }
    }

    /// The operations port is the operator's, and may be asked in plaintext.
    fn has_to_be_in_tls(&self) -> bool {
        let is_plaintext_welcome = self.server.settings.allow_plaintext || self.wires.has(Wire::Ops);
        self.server.settings.has_tls() && !is_plaintext_welcome
    }

    /// Completes the handshake, then tells the wire inside apart.
    #[cfg(feature = "tls")]
    async fn serve_tls(&self, io: Rewind<Accepted>) -> io::Result<()> {
        let Some(tls) = &self.server.settings.tls else { return without_certificate() };
        let Some(mut io) = self.in_time(tls.accept(io)).await? else { return Ok(()) };
        match self.sniff(&mut io).await? {
            Some((Protocol::Tls, _)) | None => Ok(()),
            Some((protocol, read)) => {
                let certificate = crate::tls::certificate(&io);
                let caller = Caller { certificate, ..self.peer.caller.clone() };
                let peer = Peer { is_tls: true, caller, ..self.peer.clone() };
                self.hand_over(io, protocol, read, &peer).await
            }
        }
    }

    #[cfg(not(feature = "tls"))]
    async fn serve_tls(&self, _: Rewind<Accepted>) -> io::Result<()> {
        without_certificate()
    }

    /// Reads until the wire is known; none for noise, silence, or a client that left.
    async fn sniff<IO: AsyncRead + Unpin>(&self, io: &mut IO) -> io::Result<Option<(Protocol, BytesMut)>> {
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
        let known = self.in_time(known).await?.flatten();
        Ok(known.map(|protocol| (protocol, read)))
    }

    /// Waits for a step on the way to the wire; none when it takes too long, or the server winds down.
    async fn in_time<T>(&self, step: impl Future<Output = io::Result<T>>) -> io::Result<Option<T>> {
        tokio::select! {
            done = tokio::time::timeout_at(self.deadline, step) => done.ok().transpose(),
            () = self.drain.started() => Ok(None),
        }
    }

    /// Hands a connection to its wire, if the listener answers that wire.
    ///
    /// Each wire's future is boxed, so that an idle connection takes the memory of its own wire and not of the largest.
    async fn hand_over<IO>(&self, io: IO, protocol: Protocol, read: BytesMut, peer: &Peer) -> io::Result<()>
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        #[cfg(feature = "netrpc")]
        use manywire_netrpc::{serve_connect, serve_gob, serve_json};
        let Self { server, wires, .. } = self;
        let count = |wire| self.counted.begin(server.settings.metrics.connection(wire), read.len());
        match protocol {
            #[cfg(feature = "netrpc")]
            Protocol::Gob if wires.has(Wire::Netrpc) => {
                count("gob");
                Box::pin(serve_gob(io, read, &server.bound.gob.connection(server, peer))).await
            }
            #[cfg(feature = "netrpc")]
            Protocol::Json if wires.has(Wire::Netrpc) => {
                count("jsonrpc1");
                Box::pin(serve_json(io, read, &server.bound.jsonrpc1.connection(server, peer))).await
            }
            #[cfg(feature = "netrpc")]
            Protocol::Connect if wires.has(Wire::Netrpc) => {
                count("gob");
                Box::pin(serve_connect(io, read, &server.bound.gob.connection(server, peer))).await
            }
            #[cfg(feature = "zerorpc")]
            Protocol::Zmtp if wires.has(Wire::Zerorpc) => {
                count("zerorpc");
                let connection = server.bound.zerorpc.connection(server, peer);
                Box::pin(manywire_zerorpc::serve(Rewind::new(io, read), connection)).await;
                Ok(())
            }
            #[cfg(feature = "zerorpc")]
            Protocol::Zmtp if wires.has(Wire::ZerorpcPub) => {
                count("zerorpc-pub");
                // A subscriber makes no calls, and is there for what is published.
                let _subscribed = peer.activity.begin();
                let (connection, events) =
                    (server.bound.zerorpc_pub.connection(server, peer), server.settings.events.clone());
                Box::pin(manywire_zerorpc::serve_events(Rewind::new(io, read), connection, events)).await;
                Ok(())
            }
            Protocol::Http | Protocol::Connect if wires.has_http() => {
                count("http");
                Box::pin(crate::http::serve(Rewind::new(io, read), server, wires, peer)).await;
                Ok(())
            }
            other => {
                tracing::debug!(?other, listener = %wires, "a wire that this listener does not answer");
                refusal::other_wire(io, wires).await;
                Ok(())
            }
        }
    }
}
