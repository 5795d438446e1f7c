//! The net/rpc wire against recorded bytes, hostile peers, and our own client.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod beside;
mod client;
mod deadline;
mod golden;
mod held;
mod hostile;
mod hostile_gob;
mod json;

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use manywire_core::{Connection, Dispatch, Limits, Memory, Methods, Metrics, Shutdown};
use manywire_netrpc::{Client, serve_connect, serve_gob, serve_json};
use manywire_notes::arith::Args;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::time::Instant;

/// The form that a served stream speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Gob,
    Connect,
    Json,
}

/// A server whose connections are streams in memory.
struct Server {
    dispatch: Arc<Dispatch>,
    limits: Arc<Limits>,
    memory: Memory,
    shutdown: Shutdown,
}

impl Server {
    /// Of the notes' methods.
    fn new(limits: Limits) -> Self {
        Self::with(manywire_notes::methods(manywire_notes::Settings::default()), limits)
    }

    fn with(methods: Methods, limits: Limits) -> Self {
        Self {
            dispatch: Dispatch::new("test", Arc::new(methods), &Metrics::new()),
            memory: Memory::new(&limits),
            limits: Arc::new(limits),
            shutdown: Shutdown::new(),
        }
    }

    /// Serves one end of a stream, and returns the other.
    fn connect(&self, form: Form) -> DuplexStream {
        self.accept(form, Instant::now())
    }

    /// The same for a connection that was accepted earlier.
    fn accept(&self, form: Form, accepted: Instant) -> DuplexStream {
        let (ours, theirs) = duplex(64 << 10);
        let Self { dispatch, limits, memory, shutdown } = self;
        let connection = Connection {
            budget: memory.connection(limits),
            accepted,
            ..Connection::new(dispatch.session(limits), limits.clone(), shutdown.drain())
        };
        let token = shutdown.track();
        tokio::spawn(async move {
            let input = BytesMut::new();
            // How a connection ends is what the other side sees of it.
            let _ = match form {
                Form::Gob => serve_gob(ours, input, &connection).await,
                Form::Connect => serve_connect(ours, input, &connection).await,
                Form::Json => serve_json(ours, input, &connection).await,
            };
            drop(token);
        });
        theirs
    }

    /// Waits until nothing is held any more.
    async fn until_freed(&self) {
        let falls = async {
            while self.memory.held() > 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let held = || panic!("{} bytes are still held", self.memory.held());
        tokio::time::timeout(Duration::from_secs(20), falls).await.unwrap_or_else(|_| held());
    }
}

/// Serves the notes' methods on one end of a stream in memory, and returns the other.
fn serve(form: Form, limits: Limits) -> DuplexStream {
    Server::new(limits).connect(form)
}

/// Sends bytes, says that there are no more, and returns all that comes back.
async fn exchange(form: Form, bytes: &[u8]) -> Vec<u8> {
    let mut stream = serve(form, Limits::default());
    stream.write_all(bytes).await.unwrap();
    stream.shutdown().await.unwrap();
    read_all(&mut stream).await
}

async fn read_all(stream: &mut DuplexStream) -> Vec<u8> {
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await;
    read.expect("the server ends the connection").unwrap();
    answer
}

/// The next client is served, and within a second.
async fn assert_serves(server: &Server) {
    let client = Client::gob(server.connect(Form::Gob), &Limits::default());
    let call = client.call::<_, i64>("Arith.Multiply", Args { a: 6, b: 7 });
    let answer = tokio::time::timeout(Duration::from_secs(1), call).await;
    assert_eq!(answer.expect("the next client waits"), Ok(42));
}
