//! `manywire serve`: the notes' methods on every listener, until the program is told to stop.

use std::io::{IsTerminal as _, Write as _};

use anyhow::Context as _;
use clap::Parser;
use manywire_core::Methods;
use manywire_notes::files::Files;
use manywire_server::{Error, Running, Server, Tls, raise_open_files};
use tracing_subscriber::EnvFilter;

use crate::config::ServeOptions;
use crate::settings::{LogFormat, Settings};

/// Serves until a signal comes.
pub(crate) fn run(options: ServeOptions) -> anyhow::Result<()> {
    until_signalled(options, async |settings| {
        let methods = methods(&settings)?;
        server(methods, settings)?.run_with(announce).await.map_err(advise)
    })
}

/// Starts the log and the runtime, and serves by these settings for as long as `serve` takes.
pub(crate) fn until_signalled(
    options: ServeOptions,
    serve: impl AsyncFnOnce(Settings) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let options = options.with_file()?;
    start_log(options.log_format.unwrap_or_default());
    let settings = Settings::from_options(options)?;
    raise_open_files(settings.limits.connections);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(settings))?;
    // What a client holds open may still have tasks; the process ends with or without them.
    runtime.shutdown_background();
    Ok(())
}

/// Starts what `manywire serve` with these flags would start, in this runtime. It has no log and takes no signals: those are
/// its program's.
pub async fn start(flags: &[String]) -> anyhow::Result<Running> {
    let Flags { options } =
        Flags::try_parse_from(flags).map_err(|error| anyhow::anyhow!(in_one_line(&error)))?;
    let settings = Settings::from_options(options.with_file()?)?;
    server(methods(&settings)?, settings)?.start().await.map_err(advise)
}

/// The server of these methods, by these settings.
pub(crate) fn server(methods: Methods, settings: Settings) -> anyhow::Result<Server> {
    let events = manywire_zerorpc::Publisher::new();
    let (ticking, tick) = (events.clone(), settings.tick);
    tokio::spawn(async move { ticking.tick(tick).await });
    let mut server = Server::new(methods)
        .limits(settings.limits)
        .drain(settings.drain)
        .web_origins(settings.origins)
        .host_names(settings.host_names)
        .http2(settings.http2)
        .connections_per_address(settings.connections_per_address)
        .events(events)
        .grpc_interop(settings.interop);
    if let Some(files) = settings.tls {
        let (cert, key) = (&files.cert, &files.key);
        server = server.tls(match &files.client_ca {
            None => Tls::from_files(cert, key)?,
            Some(authorities) => Tls::mutual_from_files(cert, key, authorities)?,
        });
    }
    if settings.allow_plaintext {
        server = server.allow_plaintext();
    }
    for listen in settings.listen {
        server = server.listen_at(listen)?;
    }
    Ok(server)
}

/// The methods of the notes, behind the token.
fn methods(settings: &Settings) -> anyhow::Result<Methods> {
    let has_files = settings.listen.iter().any(|listen| listen.wires().has_grpc());
    let files = has_files.then(|| Files::open(&settings.data_dir, &settings.limits)).transpose();
    let files = files.with_context(|| {
        format!("--data-dir names a folder that cannot be used: {}", settings.data_dir.display())
    })?;
    let mut methods = manywire_notes::methods(manywire_notes::Settings { tick: settings.tick, files });
    if let Some(token) = settings.token.clone() {
        methods.guard("", token.guard());
    }
    if settings.access_log {
        methods.observe(crate::access::write);
    }
    Ok(methods)
}

/// The flag that helps, beside what the server could not do.
pub(crate) fn advise(error: Error) -> anyhow::Error {
    let Error::Bind { source, address, wires, .. } = &error else { return error.into() };
    if source.kind() != std::io::ErrorKind::AddrInUse {
        return error.into();
    }
    let address = address.to_string();
    match address.rsplit_once(':').filter(|_| !address.starts_with("unix:")) {
        Some((host, _)) => anyhow::anyhow!(
            "{error}; choose another port with --listen, such as --listen {wires}={host}:0, or another address with --host"
        ),
        None => anyhow::anyhow!("{error}; choose another path with --listen"),
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

/// Prints a line for each listener on stdout, for programs, and a table on stderr, for people.
pub(crate) fn announce(running: &Running) {
    let mut out = std::io::stdout().lock();
    let mut table = String::from("manywire is up:\n");
    for listener in running.listeners() {
        let (wires, address) = (listener.wires(), listener.address());
        // A program that does not read the lines finds out where it listens in some other way.
        let _ = writeln!(out, "LISTENING {wires} {address}");
        table.push_str(&format!("  {:<22} {}\n", address.to_string(), wires.about()));
    }
    let _ = out.flush();
    eprint!("{table}");
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
