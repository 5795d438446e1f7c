//! Making one connection: TCP or a Unix socket, TLS where the URL asks for it, and the tap.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::Uri;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use manywire_core::{Origin, RpcError};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{self, CertificateError, ClientConfig};

use crate::Tap;
use crate::spoken::Heard;

/// Where a server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl Place {
    async fn connect(&self) -> io::Result<Box<dyn Io>> {
        match self {
            Self::Tcp(address) => {
                let tcp = TcpStream::connect(address).await?;
                tcp.set_nodelay(true)?;
                Ok(Box::new(tcp))
            }
            Self::Unix(path) => Ok(Box::new(UnixStream::connect(path).await?)),
        }
    }
}

/// Whom to connect to, and how.
pub(crate) struct Dialer {
    pub(crate) place: Place,
    pub(crate) tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
    pub(crate) limit: Option<Duration>,
    pub(crate) tap: Option<Arc<dyn Tap>>,
    pub(crate) heard: Arc<Heard>,
}

impl Dialer {
    /// Connects.
    pub(crate) async fn dial(&self) -> Result<Stream, DialError> {
        match self.limit {
            None => self.connect().await,
            Some(limit) => tokio::time::timeout(limit, self.connect())
                .await
                .unwrap_or_else(|_| Err(DialError(format!("no connection within {limit:?}")))),
        }
    }

    async fn connect(&self) -> Result<Stream, DialError> {
        self.heard.forget();
        let refused = |error: io::Error| DialError(error.to_string());
        let plain = self.place.connect().await.map_err(refused)?;
        let io: Box<dyn Io> = match &self.tls {
            None => plain,
            Some((config, name)) => {
                let connector = TlsConnector::from(config.clone());
                let tls = connector.connect(name.clone(), plain).await;
                Box::new(tls.map_err(|error| no_tls(&error))?)
            }
        };
        let tap = self.tap.clone().map(|tap| Tapped::new(tap, &self.place));
        let heard = Some(self.heard.clone()).filter(|heard| heard.connected());
        Ok(Stream { io, tap, heard })
    }
}

/// Why there is no connection.
#[derive(Debug)]
pub(crate) struct DialError(pub(crate) String);

impl DialError {
    /// The error of a call to the server of this name; it was surely not sent.
    pub(crate) fn at(&self, name: &dyn fmt::Display) -> RpcError {
        RpcError::arose(Origin::Connect, format!("cannot connect to {name}: {self}"))
    }
}

impl fmt::Display for DialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for DialError {}

fn no_tls(error: &io::Error) -> DialError {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>());
    let hint = match cause {
        Some(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer)) => {
            "; name the authority that vouches for it (--cacert FILE), or trust anyone (--insecure)"
        }
        Some(rustls::Error::InvalidMessage(_)) => "; does the server speak TLS on this port?",
        None if error.kind() == io::ErrorKind::UnexpectedEof => "; does the server speak TLS on this port?",
        _ => "",
    };
    DialError(format!("no TLS: {error}{hint}"))
}

/// A connection.
pub(crate) struct Stream {
    io: Box<dyn Io>,
    tap: Option<Tapped>,
    /// Until enough is heard.
    heard: Option<Arc<Heard>>,
}

/// A socket, or TLS on it.
trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// One connection in the eyes of a tap.
struct Tapped {
    tap: Arc<dyn Tap>,
    number: u64,
}

impl Tapped {
    fn new(tap: Arc<dyn Tap>, peer: &Place) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        tap.opened(number, &peer.to_string());
        Self { tap, number }
    }
}

impl Drop for Tapped {
    fn drop(&mut self) {
        self.tap.closed(self.number);
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(cx, buf))?;
        let Some(bytes @ [_, ..]) = buf.filled().get(before..) else { return Poll::Ready(Ok(())) };
        if let Some(tap) = &self.tap {
            tap.tap.received(tap.number, bytes);
        }
        if self.heard.as_ref().is_some_and(|heard| !heard.received(bytes)) {
            self.heard = None;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.io).poll_write(cx, buf))?;
        if let Some(tap) = &self.tap
            && let Some(bytes @ [_, ..]) = buf.get(..written)
        {
            tap.tap.sent(tap.number, bytes);
        }
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

/// Connects for hyper and tonic.
#[derive(Clone)]
pub(crate) struct Connector(pub(crate) Arc<Dialer>);

impl tower::Service<Uri> for Connector {
    type Response = TokioIo<Stream>;
    type Error = DialError;
    type Future = BoxFuture<'static, Result<TokioIo<Stream>, DialError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), DialError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let dialer = self.0.clone();
        async move { dialer.dial().await.map(TokioIo::new) }.boxed()
    }
}
