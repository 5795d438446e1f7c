//! A server on a free port, for one test.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use manywire_core::{Connection, Dispatch, Limits, Memory, Metrics, Shutdown};
use manywire_http::{Terms, serve};
use manywire_jsonrpc::{Client, Server};
use manywire_notes::{Settings, methods};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream};
use tokio::net::{TcpListener, TcpStream};

pub(crate) struct TestServer {
    pub(crate) address: SocketAddr,
    pub(crate) shutdown: Shutdown,
    pub(crate) metrics: Metrics,
    pub(crate) memory: Memory,
    acceptor: Acceptor,
}

/// Serves what is accepted.
#[derive(Clone)]
struct Acceptor {
    dispatch: Arc<Dispatch>,
    shutdown: Shutdown,
    memory: Memory,
    limits: Arc<Limits>,
}

impl Acceptor {
    fn serve(&self, io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let limits = self.limits.clone();
        let budget = self.memory.connection(&limits);
        let connection = Connection {
            budget,
            ..Connection::new(self.dispatch.session(&limits), limits, self.shutdown.drain())
        };
        let terms = Terms::of(&connection);
        tokio::spawn(async move { serve(io, Server::new(connection), &terms).await });
    }
}

impl TestServer {
    pub(crate) async fn start() -> Self {
        Self::with_limits(Limits::default()).await
    }

    pub(crate) async fn with_limits(limits: Limits) -> Self {
        let settings = Settings { tick: Duration::from_millis(5), ..Settings::default() };
        let metrics = Metrics::new();
        let acceptor = Acceptor {
            dispatch: Dispatch::new("jsonrpc", Arc::new(methods(settings)), &metrics),
            shutdown: Shutdown::new(),
            memory: Memory::new(&limits),
            limits: Arc::new(limits),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            shutdown: acceptor.shutdown.clone(),
            metrics,
            memory: acceptor.memory.clone(),
            acceptor: acceptor.clone(),
        };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).unwrap();
                acceptor.serve(stream);
            }
        });
        server
    }

    /// A connection whose buffers hold so much and no more, for tests in which time is not real.
    pub(crate) fn pipe(&self, bytes: usize) -> DuplexStream {
        let (ours, theirs) = tokio::io::duplex(bytes);
        self.acceptor.serve(theirs);
        ours
    }

    pub(crate) fn url(&self, scheme: &str) -> String {
        format!("{scheme}://{}", self.address)
    }

    pub(crate) async fn client(&self, scheme: &str) -> Client {
        Client::connect(&self.url(scheme), &Limits::default()).await.unwrap()
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends one POST on a connection of its own; returns the status and the body.
    pub(crate) async fn post(&self, body: &[u8]) -> (u16, String) {
        self.post_as("content-type: application/json\r\n", body).await
    }

    pub(crate) async fn post_as(&self, headers: &str, body: &[u8]) -> (u16, String) {
        let head = format!(
            "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n",
            body.len()
        );
        let mut stream = self.connect().await;
        let mut answer = Vec::new();
        let (mut reading, mut writing) = stream.split();
        let send = async {
            writing.write_all(head.as_bytes()).await?;
            writing.write_all(body).await
        };
        // A body that is refused before its end may not be taken to its end.
        let (_, received) = tokio::join!(send, reading.read_to_end(&mut answer));
        received.unwrap();
        split(&String::from_utf8(answer).unwrap())
    }
}

/// The status and the body of an answer.
pub(crate) fn split(answer: &str) -> (u16, String) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no HTTP answer: {answer:?}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, body.to_owned())
}
