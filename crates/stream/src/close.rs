//! The end of a connection.

use std::io;
use std::time::Duration;

use manywire_core::Limits;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;

/// How long that is read which a peer was still sending.
const LINGER: Duration = Duration::from_millis(500);

/// Tells the peer that nothing more will be sent. A peer that does not even take that is left.
pub async fn close<IO: AsyncWrite + Unpin>(io: &mut IO, limits: &Limits) -> io::Result<()> {
    timeout(limits.stall, io.shutdown()).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// Reads for a moment what the peer is still sending: a close on unread bytes would take back our last words.
pub async fn linger<IO: AsyncRead + Unpin>(io: &mut IO) {
    let mut rest = [0; 1024];
    let drained = async { while io.read(&mut rest).await.is_ok_and(|read| read > 0) {} };
    // Whether the peer stops in time makes no difference: the connection ends here.
    let _ = timeout(LINGER, drained).await;
}
