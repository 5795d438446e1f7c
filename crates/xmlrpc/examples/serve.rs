//! Serves the notes' methods over XML-RPC: `cargo run -p manywire-xmlrpc --example serve -- 127.0.0.1:8088`.

#![expect(clippy::print_stdout, reason = "the address is for whoever starts it")]

use std::sync::Arc;

use manywire_core::{Connection, Dispatch, Limits, Metrics, Shutdown};
use manywire_http::Terms;
use manywire_xmlrpc::Server;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8088".to_owned());
    let methods = manywire_notes::methods(manywire_notes::Settings::default());
    let limits = Arc::new(Limits::default());
    let session = Dispatch::new("xmlrpc", Arc::new(methods), &Metrics::new()).session(&limits);
    let shutdown = Shutdown::new();
    let listener = TcpListener::bind(address).await?;
    println!("http://{}/RPC2", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let connection = Connection::new(session.clone(), limits.clone(), shutdown.drain());
        let terms = Terms::of(&connection);
        tokio::spawn(async move { manywire_http::serve(stream, Server::new(connection), &terms).await });
    }
}
