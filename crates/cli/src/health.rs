//! `manywire health`: asks a running server whether it is ready.

use std::io::{Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::cli::HealthOptions;

const PATIENCE: Duration = Duration::from_secs(5);

/// Fails unless `/readyz` answers 200.
pub(crate) fn run(options: &HealthOptions) -> anyhow::Result<()> {
    let address = &options.address;
    let status = ask(address).with_context(|| format!("no answer from the operations port {address}"))?;
    match status.split(' ').nth(1) {
        Some("200") => Ok(()),
        Some("503") => bail!("the server at {address} is draining"),
        _ => bail!("{address} does not look like an operations port: it answered {status:?}"),
    }
}

/// The status line of `GET /readyz`.
fn ask(address: &str) -> anyhow::Result<String> {
    let resolved = address.to_socket_addrs()?.next().context("the name has no address")?;
    let mut tcp = TcpStream::connect_timeout(&resolved, PATIENCE)?;
    tcp.set_read_timeout(Some(PATIENCE))?;
    tcp.write_all(b"GET /readyz HTTP/1.0\r\n\r\n")?;
    let mut answer = Vec::new();
    tcp.take(1024).read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    Ok(answer.lines().next().unwrap_or_default().to_owned())
}
