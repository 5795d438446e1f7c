//! Ending early leaves no server behind.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};

use crate::server::Server;

/// From now on SIGINT and SIGTERM end the servers, remove the folder, and end this program. Clients end with their input.
pub(crate) fn end_on_signal(servers: Arc<Vec<Server>>, folder: PathBuf) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("no signals")?;
    thread::spawn(move || {
        let ended = runtime.block_on(async {
            let (mut interrupt, mut terminate) =
                (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            std::io::Result::Ok(())
        });
        if ended.is_ok() {
            servers.iter().for_each(Server::stop);
            // What cannot be removed is left to the system.
            let _ = std::fs::remove_dir_all(folder);
            std::process::exit(130);
        }
    });
    Ok(())
}
