//! A server on a free port, for one test.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use manywire_core::{Connection, Dispatch, Limits, Memory, Metrics, Shutdown};
use manywire_http::{Terms, serve};
use manywire_jsonrpc::{Client, Server};
use manywire_service::{Settings, methods};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

pub(crate) struct TestServer {
    pub(crate) address: SocketAddr,
    pub(crate) shutdown: Shutdown,
    pub(crate) metrics: Metrics,
    pub(crate) memory: Memory,
    pub(crate) limits: Arc<Limits>,
}

impl TestServer {
    pub(crate) async fn start() -> Self {
        Self::with_limits(Limits::default()).await
    }

    pub(crate) async fn with_limits(limits: Limits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            shutdown: Shutdown::new(),
            metrics: Metrics::new(),
            memory: Memory::new(&limits),
            limits: Arc::new(limits),
        };
        let settings = Settings { tick: Duration::from_millis(5) };
        let dispatch = Dispatch::new("jsonrpc", Arc::new(methods(settings)), &server.metrics);
        let (limits, shutdown, memory) =
            (server.limits.clone(), server.shutdown.clone(), server.memory.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (limits, drain) = (limits.clone(), shutdown.drain());
                let budget = memory.connection(&limits);
                let connection =
                    Connection { budget, ..Connection::new(dispatch.session(&limits), limits, drain) };
                stream.set_nodelay(true).unwrap();
                let terms = Terms::of(&connection);
                tokio::spawn(async move { serve(stream, Server::new(connection), &terms).await });
            }
        });
        server
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
