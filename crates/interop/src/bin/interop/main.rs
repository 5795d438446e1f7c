//! Runs every client against every server that shares a wire with it, and prints the table.
//!
//! Reading order: `peers.rs` and `cases.rs`, who takes part and what is asked, both data; `server.rs`, `export.rs`, `ask.rs` and
//! `run.rs`, how it is asked; `tagged.rs` and `agree.rs`, what an answer says; `result.rs`, `report.rs` and
//! `terminal.rs`, what came of it.

mod agree;
mod ask;
mod cases;
mod export;
mod peers;
mod process;
mod report;
mod result;
mod run;
mod server;
mod signals;
mod tagged;
mod terminal;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use clap::Parser;

use crate::peers::{Peers, Places, ServerPeer};
use crate::report::Report;
use crate::result::Cell;
use crate::run::Plan;
use crate::server::Server;

/// Every client against every server that shares a wire with it: a table, and exit code 1 where anything fails.
#[derive(Debug, Parser)]
#[command(name = "scripts/interop", version, max_term_width = 110, after_help = AFTER_HELP)]
struct Flags {
    /// Only clients whose name has this in it; may be repeated
    #[arg(long, value_name = "TEXT")]
    client: Vec<String>,
    /// Only servers whose name has this in it, or NAME=HOST:PORT for one that runs already; for one of several listeners
    /// NAME/LISTENER=HOST:PORT. May be repeated
    #[arg(long, value_name = "TEXT")]
    server: Vec<String>,
    /// Our server runs already on this host, on its default ports; start it with a short --tick
    #[arg(long, value_name = "HOST")]
    ours: Option<String>,
    /// Only cases whose name has this in it
    #[arg(long, value_name = "TEXT", default_value = "")]
    case: String,
    /// Write interop.json, interop.xml (JUnit) and interop.md into this folder
    #[arg(long, value_name = "FOLDER", env = "MANYWIRE_INTEROP_OUT")]
    out: Option<PathBuf>,
    /// Renew the table that stands between its marks in this file
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// Longest time for the answer to one case, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    patience: u64,
    /// How many clients run at a time; as many as there are processors by default
    #[arg(long)]
    jobs: Option<usize>,
    /// The folder with the programs that were built; by default where this program lies
    #[arg(long, value_name = "FOLDER")]
    programs: Option<PathBuf>,
    /// The folder with peers.toml, cases, python and node
    #[arg(long, value_name = "FOLDER", default_value = env!("CARGO_MANIFEST_DIR"))]
    peers: PathBuf,
    /// Print who can take part, and stop
    #[arg(long)]
    list: bool,
}

const AFTER_HELP: &str = "\
Examples:
  scripts/interop                                       everything, from nothing
  scripts/interop --client node --server manywire       some of it
  scripts/interop --case 'divide by zero'
  scripts/interop --out reports --markdown README.md
  scripts/interop --no-build --ours 127.0.0.1           against a server that runs already
  scripts/interop --no-build --server grpc-go=127.0.0.1:50051

--no-build is scripts/interop's own: it builds and installs nothing. Python is $MANYWIRE_PYTHON, or .venv's, or python3.
Exit codes: 0 all is well; 1 something failed; 2 bad usage.";

fn main() -> ExitCode {
    let flags = Flags::parse();
    match interop(&flags) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("interop: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn interop(flags: &Flags) -> anyhow::Result<bool> {
    let mut peers = peers::read(&flags.peers.join("peers.toml"))?;
    let mut cases = cases::read(&flags.peers.join("cases"))?;
    peers.check(&cases)?;
    cases.retain(|case| case.name.contains(&flags.case));
    let running = running(flags, &peers)?;
    choose(flags, &mut peers)?;
    if flags.list {
        return list(&peers).map(|()| true);
    }
    ensure!(!cases.is_empty(), "no case has {:?} in its name", flags.case);
    let scratch = Scratch::new()?;
    let places = places(flags, &scratch)?;
    let servers = Arc::new(start(&peers.server, &running, &places));
    signals::end_on_signal(servers.clone(), scratch.0.clone())?;
    let cells = Plan {
        clients: &peers.client,
        servers: &servers,
        cases: &cases,
        places: &places,
        patience: Duration::from_secs(flags.patience),
        jobs: flags.jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(2, usize::from)),
    }
    .run(progress);
    servers.iter().for_each(Server::stop);
    let report = Report { clients: &peers.client, servers: peers.server.iter().collect(), cells: &cells };
    finish(flags, &report)
}

fn progress(cell: &Cell) {
    if !cell.runs.is_empty() {
        eprintln!("{} → {}: {}", cell.client, cell.server, cell.symbol());
    }
}

fn finish(flags: &Flags, report: &Report<'_>) -> anyhow::Result<bool> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n{}\n", terminal::text(report))?;
    for (why, cases) in report.skips() {
        writeln!(out, "SKIPPED: {why}: {cases} cases")?;
        manywire_peers::record(cases, "interop case", why, "");
    }
    let (passed, failed) = report.totals();
    // As cargo says it, so that scripts/test adds it up.
    let word = if report.is_good() { "ok" } else { "FAILED" };
    writeln!(out, "test result: {word}. {passed} passed; {failed} failed")?;
    if let Some(folder) = &flags.out {
        report.write(folder)?;
    }
    if let Some(file) = &flags.markdown {
        report.update(file)?;
    }
    ensure!(passed + failed > 0, "nothing was tried");
    Ok(report.is_good())
}

/// The addresses of servers that run already, by server and listener.
type Addresses = BTreeMap<String, BTreeMap<String, String>>;

fn running(flags: &Flags, peers: &Peers) -> anyhow::Result<Addresses> {
    let mut running = Addresses::new();
    if let Some(host) = &flags.ours {
        for server in peers.server.iter().filter(|server| !server.ports.is_empty()) {
            let addresses = server.ports.iter().map(|(name, port)| (name.clone(), format!("{host}:{port}")));
            running.insert(server.name.clone(), addresses.collect());
        }
    }
    for given in &flags.server {
        let Some((name, address)) = given.split_once('=') else { continue };
        let (name, listener) =
            name.split_once('/').map_or((name, None), |(name, listener)| (name, Some(listener)));
        let server = peers.server.iter().find(|server| server.name == name);
        let server =
            server.with_context(|| format!("--server {given}: there is no server {name}; see --list"))?;
        let listeners: Vec<&String> = server
            .listeners
            .keys()
            .filter(|known| listener.is_none_or(|listener| listener == known.as_str()))
            .collect();
        let [listener] = listeners[..] else {
            bail!("--server {given}: say which listener, as {name}/{}", server_listeners(server));
        };
        running.entry(name.to_owned()).or_default().insert(listener.clone(), address.to_owned());
    }
    Ok(running)
}

fn server_listeners(server: &ServerPeer) -> String {
    server.listeners.keys().map(String::as_str).collect::<Vec<_>>().join(" or /")
}

/// Leaves out whom nobody asked for.
fn choose(flags: &Flags, peers: &mut Peers) -> anyhow::Result<()> {
    let is_named = |wanted: &[&String], name: &str| {
        wanted.is_empty() || wanted.iter().any(|wanted| name.contains(wanted.as_str()))
    };
    let servers: Vec<&String> = flags.server.iter().filter(|text| !text.contains('=')).collect();
    peers.client.retain(|client| is_named(&flags.client.iter().collect::<Vec<_>>(), &client.name));
    peers.server.retain(|server| is_named(&servers, &server.name));
    ensure!(!peers.client.is_empty(), "there is no such client; see --list");
    ensure!(!peers.server.is_empty(), "there is no such server; see --list");
    Ok(())
}

fn list(peers: &Peers) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    for server in &peers.server {
        writeln!(out, "server {:<16} {}", server.name, server.command.join(" "))?;
    }
    for client in &peers.client {
        writeln!(out, "client {:<16} {} WIRE ADDRESS", client.name, client.command.join(" "))?;
    }
    Ok(())
}

fn places(flags: &Flags, scratch: &Scratch) -> anyhow::Result<Places> {
    let own = std::env::current_exe().context("this program does not know where it lies")?;
    let programs = match &flags.programs {
        Some(folder) => folder.clone(),
        None => own.parent().context("this program lies in no folder")?.to_owned(),
    };
    let venv = flags.peers.join("../../.venv/bin/python");
    let python = match std::env::var_os("MANYWIRE_PYTHON") {
        Some(python) => python.into(),
        None if venv.is_file() => venv,
        None => "python3".into(),
    };
    Ok(Places { programs, peers: flags.peers.clone(), python, scratch: scratch.0.clone() })
}

/// Starts the servers, all at once.
fn start(peers: &[ServerPeer], running: &Addresses, places: &Places) -> Vec<Server> {
    std::thread::scope(|scope| {
        let starting: Vec<_> = peers
            .iter()
            .map(|peer| match running.get(&peer.name) {
                Some(addresses) => {
                    let (peer, addresses) = (peer.clone(), addresses.clone());
                    scope.spawn(move || Server::elsewhere(peer, addresses, places))
                }
                None => scope.spawn(|| Server::start(peer.clone(), places)),
            })
            .collect();
        starting
            .into_iter()
            .map(|server| server.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

/// A folder for this run alone, gone after it.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> anyhow::Result<Self> {
        let folder = std::env::temp_dir().join(format!("manywire-interop-{}", std::process::id()));
        std::fs::create_dir(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed is left to the system, as all in its folder for temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
