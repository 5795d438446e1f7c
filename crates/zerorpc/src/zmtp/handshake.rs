//! From a fresh stream to a peer that may be sent messages: greetings, then READY, in steps.

use std::future::poll_fn;
use std::io;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};

use super::command::{self, Command, CommandError, SocketType};
use super::frame::FrameError;
use super::greeting::{self, GreetingError};
use super::messages::{Incoming, Messages};

/// Why a handshake failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HandshakeError {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("{0}")]
    Greeting(#[from] GreetingError),
    #[error("{0}")]
    Frame(#[from] FrameError),
    #[error("{0}")]
    Command(#[from] CommandError),
    #[error("a message came before READY")]
    NotReady,
    #[error("a socket of type {0} cannot talk to this one")]
    SocketType(String),
    #[error("the peer refused: {0}")]
    Refused(String),
}

/// Greets the peer and learns that it is ready.
///
/// libzmq 4.3 closes on a peer whose READY comes before its own greeting is complete, so each step waits for the other side's.
pub(crate) async fn handshake<IO: AsyncRead + AsyncWrite + Unpin>(
    io: &mut IO,
    messages: &mut Messages,
    socket: SocketType,
    limit: usize,
) -> Result<(), HandshakeError> {
    send(io, &greeting::OURS).await?;
    while messages.bytes().len() < greeting::LENGTH {
        greeting::check(messages.bytes())?;
        read(io, messages).await?;
    }
    greeting::check(messages.bytes())?;
    messages.consume(greeting::LENGTH);

    let mut ready = Vec::new();
    command::encode_ready(&mut ready, socket);
    send(io, &ready).await?;
    loop {
        match peer_ready(messages, socket) {
            Ok(true) => break,
            Ok(false) => read(io, messages).await?,
            Err(refusal) => return Err(refuse(io, refusal).await),
        }
    }
    messages.open(limit);
    Ok(())
}

/// Tells the peer why.
async fn refuse<IO: AsyncWrite + Unpin>(io: &mut IO, refusal: HandshakeError) -> HandshakeError {
    let mut farewell = Vec::new();
    command::encode_error(&mut farewell, &refusal.to_string());
    // The peer may be gone already; it is refused all the same.
    let _ = send(io, &farewell).await;
    refusal
}

/// Whether the peer's READY has come, and fits.
fn peer_ready(messages: &mut Messages, socket: SocketType) -> Result<bool, HandshakeError> {
    while let Some(incoming) = messages.next()? {
        let Incoming::Command(body) = incoming else {
            return Err(HandshakeError::NotReady);
        };
        match command::decode(body)? {
            Command::Ready(properties) => {
                let peer = properties.get("Socket-Type")?.unwrap_or_default();
                if !socket.accepts(peer) {
                    return Err(HandshakeError::SocketType(peer.escape_ascii().to_string()));
                }
                return Ok(true);
            }
            Command::Error(reason) => return Err(HandshakeError::Refused(reason.escape_ascii().to_string())),
            _ => {}
        }
    }
    Ok(false)
}

async fn send<IO: AsyncWrite + Unpin>(io: &mut IO, bytes: &[u8]) -> io::Result<()> {
    io.write_all(bytes).await?;
    io.flush().await
}

async fn read<IO: AsyncRead + Unpin>(io: &mut IO, messages: &mut Messages) -> io::Result<()> {
    match poll_fn(|cx| messages.poll_read(io, cx)).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}
