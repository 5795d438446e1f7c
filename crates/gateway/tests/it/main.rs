//! The gateway's methods, called without sockets, before servers that are reached by all wires.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod behind;
mod faults;
mod foreign;
mod kinds;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use manywire_core::{Dispatch, Limits, Methods, Metrics, Params, RpcError, Session, Value, to_value};
use manywire_gateway::{Gateway, Source};
use manywire_notes::files::Files;
use manywire_server::{Running, Server};

/// The notes' methods on every wire, on one port.
async fn serve() -> (Running, SocketAddr) {
    serve_at("127.0.0.1:0").await
}

async fn serve_at(address: &str) -> (Running, SocketAddr) {
    let limits = Limits::default();
    let files = Files::open(&std::env::temp_dir(), &limits).unwrap();
    let settings = manywire_notes::Settings { tick: Duration::from_millis(5), files: Some(files) };
    serve_methods(manywire_notes::methods(settings), address).await
}

async fn serve_methods(methods: Methods, address: &str) -> (Running, SocketAddr) {
    let server = Server::new(methods).listen(&format!("any={address}")).unwrap();
    let running = server.start().await.unwrap();
    let address = running.addresses().next().unwrap();
    (running, address)
}

async fn methods(sources: Vec<Source>) -> Result<Methods, RpcError> {
    let gateway = Gateway::connect(sources).await?;
    let mut methods = Methods::new();
    gateway.add_to(&mut methods)?;
    Ok(methods)
}

/// The methods of one server.
async fn before(url: &str) -> Session {
    session(methods(vec![Source::of(url)]).await.unwrap())
}

fn session(methods: Methods) -> Session {
    Dispatch::new("test", Arc::new(methods), &Metrics::new()).session(&Limits::default())
}

async fn call(session: &Session, name: &str, params: Params<'_, '_>) -> Result<Value, RpcError> {
    Ok(to_value(session.call(name, params)?.await?.as_serde()).unwrap())
}

fn positional<const N: usize>(values: [Value; N]) -> Params<'static, 'static> {
    Params::Positional(values.into())
}

fn named<const N: usize>(pairs: [(&str, Value); N]) -> Params<'static, 'static> {
    Params::Named(pairs.map(|(name, value)| (name.into(), value)).into())
}
