//! The work that is counted: each row at size 1, at its size, and at twice its size.

use std::io::Write as _;
use std::net::SocketAddr;
use std::pin::Pin;

use anyhow::Context as _;
use tokio::runtime::Runtime;

use super::relay::{Cut, Relay};
use super::{calls, raw};

pub(crate) type Work = Pin<Box<dyn Future<Output = anyhow::Result<()>>>>;

/// How often each row is counted.
pub(crate) const PARTS: usize = 3;

/// Something to count, at any size.
pub(crate) trait Row {
    fn name(&self) -> String;

    /// Connects, and makes what is sent; only the work that it returns is counted.
    async fn prepare(&self, server: SocketAddr, size: usize) -> anyhow::Result<Work>;
}

/// Does all of it, and prints the name of each row before it.
pub(crate) fn run(wanted: &str) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let data_dir = tempfile::tempdir()?;
    let data_dir = data_dir.path().to_str().context("a folder for files has no UTF-8 name")?;
    // Callgrind takes fifty times as long, and time limits would notice.
    let flags = [
        "--listen=any=127.0.0.1:0",
        "--handshake=1h",
        "--stall=1h",
        "--keep-alive=1h",
        "--data-dir",
        data_dir,
    ];
    let server = runtime.block_on(manywire_cli::start(&flags.map(str::to_owned)))?;
    let address = server.addresses().next().context("no listener")?;
    for cut in [Cut::Whole, Cut::Into(100), Cut::Into(1)] {
        let relay = runtime.block_on(Relay::start(address, cut))?;
        for (row, size) in calls::rows(cut) {
            count(&runtime, &row, (cut, size), relay.address, wanted)?;
        }
        for (row, size) in raw::rows(cut) {
            count(&runtime, &row, (cut, size), relay.address, wanted)?;
        }
    }
    Ok(())
}

fn count(
    runtime: &Runtime,
    row: &impl Row,
    (cut, size): (Cut, usize),
    server: SocketAddr,
    wanted: &str,
) -> anyhow::Result<()> {
    let name = format!("{}, {cut}, {size}", row.name());
    if !name.contains(wanted) {
        return Ok(());
    }
    let mut out = std::io::stdout();
    writeln!(out, "{name}")?;
    out.flush()?;
    // What is done only once in a process is done here.
    runtime.block_on(async { row.prepare(server, 1).await?.await })?;
    for size in [1, size, 2 * size] {
        let work = runtime.block_on(row.prepare(server, size))?;
        counted(runtime, work).with_context(|| row.name())?;
    }
    Ok(())
}

/// Callgrind begins to count where this function is entered, and writes down the count where it is left.
#[inline(never)]
fn counted(runtime: &Runtime, work: Work) -> anyhow::Result<()> {
    runtime.block_on(work)
}
