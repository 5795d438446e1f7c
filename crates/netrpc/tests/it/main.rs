//! The net/rpc wire against recorded bytes, hostile peers, and our own client.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod client;
mod golden;
mod hostile;
mod json;

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use manywire_core::{Connection, Dispatch, Limits, Metrics, Shutdown};
use manywire_netrpc::{Patience, serve_connect, serve_gob, serve_json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

/// The form that a served stream speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Gob,
    Connect,
    Json,
}

/// Serves the notes' methods on one end of a stream in memory, and returns the other.
fn serve(form: Form, limits: Limits) -> DuplexStream {
    serve_until(form, limits, &Shutdown::new())
}

fn serve_until(form: Form, limits: Limits, shutdown: &Shutdown) -> DuplexStream {
    let (ours, theirs) = duplex(64 << 10);
    let methods = Arc::new(manywire_service::methods(manywire_service::Settings::default()));
    let dispatch = Dispatch::new("test", methods, &Metrics::new());
    let connection = Connection::new(dispatch.session(&limits), Arc::new(limits), shutdown.drain());
    let token = shutdown.track();
    tokio::spawn(async move {
        let input = BytesMut::new();
        // How a connection ends is what the other side sees of it.
        let _ = match form {
            Form::Gob => serve_gob(ours, input, &connection, Patience::Handshake).await,
            Form::Connect => serve_connect(ours, input, &connection).await,
            Form::Json => serve_json(ours, input, &connection, Patience::Handshake).await,
        };
        drop(token);
    });
    theirs
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
