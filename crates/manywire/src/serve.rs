//! `manywire serve`: bind every listener, say so, serve until told to stop, and stop with grace.

use std::future::ready;
use std::io::{IsTerminal as _, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;
use clap::Parser;
use manywire_core::introspect::PROTOS;
use manywire_core::{Connection, Dispatch, Empty, Memory, Methods, Metrics, Shutdown};
use manywire_service::files::Files;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::config::ServeOptions;
use crate::listen::{Acceptor, Peer, Room, Spare, Unsaid, bind};
use crate::open_files;
use crate::operations::Operations;
use crate::settings::{LogFormat, Settings};
use crate::wires::{Listen, Wire, Wires};

/// Connections to the operations port at one time.
const OPERATIONS_CONNECTIONS: usize = 256;

/// What every connection shares.
pub(crate) struct Server {
    pub(crate) settings: Settings,
    pub(crate) methods: Arc<Methods>,
    pub(crate) metrics: Metrics,
    /// What all connections together may make the server hold.
    pub(crate) memory: Memory,
    pub(crate) shutdown: Shutdown,
    /// The operations port answers until the very end, so it has a shutdown of its own.
    pub(crate) ops_shutdown: Shutdown,
    pub(crate) tls: Option<crate::tls::Acceptor>,
    ready: AtomicBool,
    pub(crate) gob: BoundWire,
    pub(crate) jsonrpc1: BoundWire,
    pub(crate) jsonhttp: BoundWire,
    pub(crate) jsonrpc: BoundWire,
    pub(crate) xmlrpc: BoundWire,
    pub(crate) zerorpc: BoundWire,
    pub(crate) zerorpc_pub: BoundWire,
    pub(crate) events: manywire_zerorpc::Publisher,
    /// None where no listener answers gRPC: it needs the data directory.
    pub(crate) grpc: Option<manywire_grpc::Server>,
}

/// The methods as one wire calls them.
pub(crate) struct BoundWire(Arc<Dispatch>);

impl BoundWire {
    /// What a new connection on this wire needs.
    pub(crate) fn connection(&self, server: &Server, peer: &Peer) -> Connection {
        let limits = &server.settings.limits;
        Connection {
            session: self.0.session_of(limits, &peer.activity, &peer.budget, peer.caller.clone()),
            limits: limits.clone(),
            budget: peer.budget.clone(),
            drain: server.shutdown.drain(),
            accepted: peer.accepted,
        }
    }
}

impl Server {
    fn new(settings: Settings) -> anyhow::Result<Self> {
        let methods = Arc::new(methods(&settings)?);
        let metrics = Metrics::new();
        let shutdown = Shutdown::new();
        let has_grpc = settings.listen.iter().any(|listen| listen.wires.has(Wire::Grpc));
        let grpc = has_grpc.then(|| grpc_server(&settings, &methods, &metrics, &shutdown)).transpose()?;
        let bound = |wire| BoundWire(Dispatch::new(wire, methods.clone(), &metrics));
        let netrpc = Arc::new(manywire_netrpc::with_introspection(&methods));
        let bound_netrpc = |wire| BoundWire(Dispatch::new(wire, netrpc.clone(), &metrics));
        Ok(Self {
            gob: bound_netrpc("gob"),
            jsonrpc1: bound_netrpc("jsonrpc1"),
            jsonhttp: bound("http"),
            jsonrpc: bound("jsonrpc"),
            xmlrpc: bound("xmlrpc"),
            zerorpc: bound("zerorpc"),
            zerorpc_pub: bound("zerorpc-pub"),
            events: manywire_zerorpc::Publisher::new(),
            tls: settings.tls.as_ref().map(crate::tls::Acceptor::new).transpose()?,
            memory: Memory::new(&settings.limits),
            shutdown,
            grpc,
            ops_shutdown: Shutdown::new(),
            ready: AtomicBool::new(false),
            methods,
            metrics,
            settings,
        })
    }

    /// Whether new calls are welcome.
    pub(crate) fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Relaxed)
    }

    /// The shutdown that ends connections of these wires.
    pub(crate) fn shutdown_of(&self, wires: &Wires) -> &Shutdown {
        if wires.has(Wire::Ops) { &self.ops_shutdown } else { &self.shutdown }
    }

    fn set_ready(&self, is_ready: bool) {
        self.ready.store(is_ready, Ordering::Relaxed);
        if let Some(grpc) = &self.grpc {
            grpc.set_ready(is_ready);
        }
    }
}

/// The methods of the notes, behind the token.
fn methods(settings: &Settings) -> anyhow::Result<Methods> {
    let has_files = settings.listen.iter().any(|listen| listen.wires.has(Wire::Grpc));
    let files = has_files.then(|| Files::open(&settings.data_dir, &settings.limits)).transpose();
    let files = files.with_context(|| {
        format!("--data-dir names a folder that cannot be used: {}", settings.data_dir.display())
    })?;
    let mut methods = manywire_service::methods(manywire_service::Settings { tick: settings.tick, files });
    if let Some(token) = settings.token.clone() {
        methods.guard("", token.guard());
    }
    methods.add_schema();
    // What gRPC cannot say is an error where gRPC is served; the other wires can do without.
    if let Ok(protos) = manywire_grpc::protos(&methods, &manywire_grpc::Naming::default()) {
        let doc = "The .proto files of all methods, as they are on gRPC.";
        methods.add(PROTOS, doc, move |_: Empty| ready(Ok(protos.clone())));
    }
    Ok(methods)
}

fn grpc_server(
    settings: &Settings,
    methods: &Arc<Methods>,
    metrics: &Metrics,
    shutdown: &Shutdown,
) -> anyhow::Result<manywire_grpc::Server> {
    let server = manywire_grpc::Server::new(manywire_grpc::Settings {
        interop: settings.interop,
        web_origins: settings.guard.origins.clone(),
        limits: settings.limits.clone(),
        metrics: metrics.clone(),
        drain: shutdown.drain(),
        ..manywire_grpc::Settings::new(methods.clone())
    });
    Ok(server?)
}

/// Serves until a signal comes.
pub(crate) fn run(options: ServeOptions) -> anyhow::Result<()> {
    let options = options.with_file()?;
    start_log(options.log_format.unwrap_or_default());
    let settings = Settings::from_options(options)?;
    open_files::raise(settings.limits.connections);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(settings))?;
    // What a client holds open may still have tasks; the process ends with or without them.
    runtime.shutdown_background();
    Ok(())
}

async fn serve(settings: Settings) -> anyhow::Result<()> {
    let running = Running::bind(settings).await?;
    let operations = running.operations.runtime().clone();
    let (announced, up) = tokio::sync::oneshot::channel();
    let until_stopped = operations.spawn(async move {
        let mut signals = Signals::new()?;
        // Whoever started the program may signal it once it is announced.
        announced.send(announce(&running)).ok();
        signals.next().await;
        tokio::select! {
            () = running.stop() => {}
            () = signals.next() => tracing::warn!("a second signal: stopping at once"),
        }
        anyhow::Ok(())
    });
    if let Ok(announced) = up.await {
        announced?;
    }
    until_stopped.await?
}

/// A server that is bound and answers, in the runtime that started it.
pub struct Running {
    server: Arc<Server>,
    addresses: Vec<SocketAddr>,
    operations: Operations,
}

impl Running {
    /// Starts what `manywire serve` with these flags would start. It has no log and takes no signals: those are its
    /// program's.
    pub async fn start(flags: &[String]) -> anyhow::Result<Self> {
        let Flags { options } =
            Flags::try_parse_from(flags).map_err(|error| anyhow::anyhow!(in_one_line(&error)))?;
        Self::bind(Settings::from_options(options.with_file()?)?).await
    }

    async fn bind(settings: Settings) -> anyhow::Result<Self> {
        let operations = Operations::start().context("cannot start a thread for the operations port")?;
        let server = Arc::new(Server::new(settings)?);
        let mut bound = Vec::new();
        for listen in &server.settings.listen {
            bound.push((listen, bind(listen).await?));
        }
        let addresses = bound.iter().map(|(_, (_, address))| *address).collect();
        let wires = Places::of_the_wires(&server.settings);
        let ops = Places::of_operations()?;
        for (listen, (listener, _)) in bound {
            if listen.wires.has(Wire::Ops) {
                // Its events have to reach the other thread.
                let listener = listener.into_std()?;
                let _inside = operations.runtime().enter();
                let acceptor = ops.acceptor(&server, listen);
                operations.runtime().spawn(acceptor.run(TcpListener::from_std(listener)?));
            } else {
                tokio::spawn(wires.acceptor(&server, listen).run(listener));
            }
        }
        let ticking = server.clone();
        tokio::spawn(async move { ticking.events.tick(ticking.settings.tick).await });
        server.set_ready(true);
        Ok(Self { server, addresses, operations })
    }

    /// The wires of each listener, by name and with commas between, and the address where they answer.
    pub fn addresses(&self) -> impl Iterator<Item = (String, SocketAddr)> {
        self.listeners().map(|(listen, address)| (listen.wires.to_string(), address))
    }

    fn listeners(&self) -> impl Iterator<Item = (&Listen, SocketAddr)> {
        self.server.settings.listen.iter().zip(self.addresses.iter().copied())
    }

    /// Lets calls under way finish for as long as `--drain` says, and cuts what is left.
    pub async fn stop(self) {
        wind_down(&self.server).await;
    }
}

/// What is wrong with flags, without the hints for a command line.
fn in_one_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let lines = text.lines().map(str::trim).take_while(|line| !line.is_empty()).collect::<Vec<_>>();
    lines.join(" ").trim_start_matches("error: ").to_owned()
}

/// The flags of `manywire serve`, without the words before them.
#[derive(Debug, Parser)]
#[command(name = "manywire serve", no_binary_name = true)]
struct Flags {
    #[command(flatten)]
    options: ServeOptions,
}

/// Where the connections of some listeners find their places.
struct Places {
    room: Arc<Room>,
    spare: Option<Arc<Spare>>,
}

impl Places {
    fn of_the_wires(settings: &Settings) -> Self {
        let limit = open_files::room_for(settings.limits.connections);
        Self { room: Room::new(limit, settings.connections_per_address), spare: None }
    }

    /// A flood on the wires must not shut out the operator.
    fn of_operations() -> anyhow::Result<Self> {
        let spare = Spare::new().context("cannot keep open files for the operations port")?;
        Ok(Self { room: Room::new(OPERATIONS_CONNECTIONS, None), spare: Some(spare) })
    }

    fn acceptor(&self, server: &Arc<Server>, listen: &Listen) -> Acceptor {
        Acceptor {
            server: server.clone(),
            wires: Arc::new(listen.wires.clone()),
            room: self.room.clone(),
            spare: self.spare.clone(),
            unsaid: Unsaid::default(),
        }
    }
}

async fn wind_down(server: &Server) {
    server.set_ready(false);
    let (open, drain) = (server.shutdown.open(), server.settings.drain);
    tracing::info!(connections = open, ?drain, "winding down: calls under way may finish");
    let cut = server.shutdown.finish(drain).await;
    if cut == 0 {
        tracing::info!("all calls finished");
    } else {
        tracing::warn!(connections = cut, "cut off after the drain limit; raise --drain to wait longer");
    }
    server.ops_shutdown.finish(std::time::Duration::from_millis(500)).await;
}

/// SIGTERM and SIGINT.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("cannot listen for signals");
        Ok(Self { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Prints a line for each listener on stdout, for programs, and a table on stderr, for people.
fn announce(running: &Running) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    let mut table = String::from("manywire is up:\n");
    for (listen, address) in running.listeners() {
        writeln!(out, "LISTENING {} {address}", listen.wires)?;
        table.push_str(&format!("  {:<22} {}\n", address.to_string(), listen.wires.about()));
    }
    out.flush()?;
    eprint!("{table}");
    Ok(())
}

fn start_log(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
}
