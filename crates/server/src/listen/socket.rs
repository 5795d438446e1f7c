//! What is listened on and what is accepted: TCP, or a Unix socket.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::runtime::Handle;

/// A peer that vanished without a word is noticed after about a minute and a half.
const KEEPALIVE: TcpKeepalive = TcpKeepalive::new()
    .with_time(Duration::from_secs(60))
    .with_interval(Duration::from_secs(10))
    .with_retries(3);

/// The kernel takes no more than this ahead of what the peer's window lets it send. It would take megabytes, and ask for
/// more only when a third of them are gone: a slow reader looks as if it read nothing then.
#[cfg(target_os = "linux")]
const UNSENT: u32 = 256 << 10;

/// A socket that accepts connections.
pub(crate) enum Listening {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// A connection.
pub(crate) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Listening {
    /// The same socket, whose events reach another runtime.
    pub(crate) fn move_to(self, runtime: &Handle) -> io::Result<Self> {
        let _inside = runtime.enter();
        Ok(match self {
            Self::Tcp(listener) => Self::Tcp(TcpListener::from_std(listener.into_std()?)?),
            Self::Unix(listener) => Self::Unix(UnixListener::from_std(listener.into_std()?)?),
        })
    }

    /// The next connection, and the address that it has come from where it has one.
    pub(crate) async fn accept(&self) -> io::Result<(Stream, Option<SocketAddr>)> {
        match self {
            Self::Tcp(listener) => {
                listener.accept().await.map(|(tcp, address)| (Stream::Tcp(tcp), Some(address)))
            }
            Self::Unix(listener) => listener.accept().await.map(|(unix, _)| (Stream::Unix(unix), None)),
        }
    }
}

/// The address that connections are counted by. All that come through Unix sockets count as one.
pub(crate) fn counted_by(from: Option<SocketAddr>) -> IpAddr {
    from.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |address| address.ip())
}

impl Stream {
    /// Sets what all wires want of a socket. It only fails on a connection that is gone already, which the first read will
    /// tell.
    pub(crate) fn prepare(&self) {
        let Self::Tcp(tcp) = self else { return };
        let socket = SockRef::from(tcp);
        let _ = (socket.set_tcp_keepalive(&KEEPALIVE), socket.set_tcp_nodelay(true));
        #[cfg(target_os = "linux")]
        let _ = socket.set_tcp_notsent_lowat(UNSENT);
    }

    /// The address of ours that was reached.
    pub(crate) fn local(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(tcp) => tcp.local_addr().ok(),
            Self::Unix(_) => None,
        }
    }
}

/// Calls a method of whichever stream it is, pinned.
macro_rules! each {
    ($stream:expr, $method:ident($($argument:expr),*)) => {
        match $stream.get_mut() {
            Stream::Tcp(tcp) => Pin::new(tcp).$method($($argument),*),
            Stream::Unix(unix) => Pin::new(unix).$method($($argument),*),
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        each!(self, poll_read(cx, buf))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        each!(self, poll_write(cx, buf))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self, poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self, poll_shutdown(cx))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        each!(self, poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }
}
