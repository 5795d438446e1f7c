//! A client of any net/rpc server, Go's or ours, in each of the four forms.

use std::io;

use bytes::BytesMut;
use manywire_core::{Arguments, Limits, Returns, RpcError};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, ToSocketAddrs};

use crate::GOB_PATH;
use crate::driver::{Driver, Pending};
use crate::gob::GobClient;
use crate::json::JsonClient;

/// A connection on which any number of calls can be in flight. Clones share it.
#[derive(Clone)]
pub struct Client {
    driver: Driver,
}

impl Client {
    /// Speaks gob over TCP, as Go's `rpc.Dial("tcp", …)`.
    pub async fn dial(address: impl ToSocketAddrs) -> io::Result<Self> {
        Ok(Self::gob(connect(address).await?, &Limits::default()))
    }

    /// Speaks gob over an HTTP `CONNECT`, as Go's `rpc.DialHTTP("tcp", …)`.
    pub async fn dial_http(address: impl ToSocketAddrs) -> io::Result<Self> {
        Self::dial_http_path(address, GOB_PATH).await
    }

    /// The same at another path, as Go's `rpc.DialHTTPPath`.
    pub async fn dial_http_path(address: impl ToSocketAddrs, path: &str) -> io::Result<Self> {
        Self::gob_over_http(connect(address).await?, path, &Limits::default()).await
    }

    /// Speaks JSON-RPC 1.0 over TCP, as Go's `jsonrpc.Dial("tcp", …)`.
    pub async fn dial_json(address: impl ToSocketAddrs) -> io::Result<Self> {
        Ok(Self::json(connect(address).await?, &Limits::default()))
    }

    /// Speaks gob on a stream that is connected.
    pub fn gob(io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, limits: &Limits) -> Self {
        Self { driver: Driver::spawn(io, BytesMut::new(), GobClient::new(limits), limits) }
    }

    /// Speaks JSON-RPC 1.0 on a stream that is connected.
    pub fn json(io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, limits: &Limits) -> Self {
        Self { driver: Driver::spawn(io, BytesMut::new(), JsonClient::new(limits), limits) }
    }

    /// Asks an HTTP server on the stream for gob at `path`, and speaks it.
    pub async fn gob_over_http<IO>(mut io: IO, path: &str, limits: &Limits) -> io::Result<Self>
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        io.write_all(format!("CONNECT {path} HTTP/1.0\n\n").as_bytes()).await?;
        let mut input = BytesMut::new();
        let head = read_answer(&mut io, &mut input).await?;
        let status = head.lines().next().unwrap_or_default();
        if !status.ends_with(" 200 Connected to Go RPC") {
            return Err(io::Error::other(format!(
                "the server does not speak gob at {path}: it answered {status:?}"
            )));
        }
        Ok(Self { driver: Driver::spawn(io, input, GobClient::new(limits), limits) })
    }

    /// Calls a method and waits for its answer.
    pub async fn call<A: Returns, R: Arguments>(&self, method: &str, argument: A) -> Result<R, RpcError> {
        self.start(method, argument).await
    }

    /// Sends a call at once, and returns what its answer can be awaited on: Go's `client.Go`.
    pub fn start<A: Returns, R: Arguments>(&self, method: &str, argument: A) -> Pending<R> {
        self.driver.start(method, argument)
    }

    /// Whether the connection has ended; calls will fail.
    pub fn is_closed(&self) -> bool {
        self.driver.is_closed()
    }
}

async fn connect(address: impl ToSocketAddrs) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Reads the head of an HTTP answer, leaving what follows it in `input`.
async fn read_answer<IO: AsyncRead + Unpin>(io: &mut IO, input: &mut BytesMut) -> io::Result<String> {
    match crate::http::read_head(io, input).await? {
        Some(head) => Ok(String::from_utf8_lossy(&head).into_owned()),
        None => Err(io::Error::new(io::ErrorKind::InvalidData, "the server's answer to CONNECT is not HTTP")),
    }
}
