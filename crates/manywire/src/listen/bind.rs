//! Binding a port, and what to say when it is taken.

use std::io;
use std::net::SocketAddr;

use tokio::net::TcpListener;

use super::taken;
use crate::wires::Listen;

/// Binds a listener.
pub(crate) async fn bind(listen: &Listen) -> anyhow::Result<(TcpListener, SocketAddr)> {
    let bound = async {
        let listener = TcpListener::bind(&listen.address).await?;
        let address = listener.local_addr()?;
        io::Result::Ok((listener, address))
    };
    match bound.await {
        Ok(bound) => Ok(bound),
        Err(error) => anyhow::bail!(
            "cannot listen on {} for {}: {error}{}",
            listen.address,
            listen.wires,
            advice(listen, &error).await
        ),
    }
}

/// Who has the port, and how to take another.
async fn advice(listen: &Listen, error: &io::Error) -> String {
    if error.kind() != io::ErrorKind::AddrInUse {
        return String::new();
    }
    let addresses = tokio::net::lookup_host(&listen.address).await.ok();
    let who = addresses.and_then(|mut addresses| addresses.find_map(taken::by_whom));
    let who = who.map(|who| format!("; {who} listens there")).unwrap_or_default();
    let host = listen.address.rsplit_once(':').map_or("127.0.0.1", |(host, _)| host);
    format!(
        "{who}; choose another port with --listen, such as --listen {}={host}:0, or another address with --host",
        listen.wires
    )
}
