//! Settings once they are known, and the small types that they are written in.

use std::path::PathBuf;
use std::str::FromStr;

use anyhow::Context as _;
use bytesize::ByteSize;
use clap::ValueEnum;
use manywire_core::Limits;
use manywire_http::{HostNames, Http2, Origins};
use manywire_notes::auth::Token;
use manywire_server::Listen;
use serde::Deserialize;

use crate::config::ServeOptions;

/// A time such as `50ms`, `10s` or `1m 30s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Duration(pub(crate) std::time::Duration);

impl FromStr for Duration {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed =
            text.parse::<jiff::SignedDuration>().ok().and_then(|d| std::time::Duration::try_from(d).ok());
        parsed.filter(|d| !d.is_zero()).map(Self).ok_or_else(|| "write a time such as 50ms, 10s or 2m".into())
    }
}

impl TryFrom<String> for Duration {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// A number that is not zero, with which nobody would be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "usize")]
pub(crate) struct Count(pub(crate) usize);

impl TryFrom<usize> for Count {
    type Error = String;

    fn try_from(number: usize) -> Result<Self, String> {
        let count = (number > 0).then_some(Self(number));
        count.ok_or_else(|| "0 would serve nobody; give a number from 1 up".into())
    }
}

impl FromStr for Count {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number: usize = text.parse().map_err(|_| "give a number from 1 up")?;
        number.try_into()
    }
}

/// A size such as `16MiB`, which is not zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "ByteSize")]
pub(crate) struct Size(pub(crate) ByteSize);

impl TryFrom<ByteSize> for Size {
    type Error = String;

    fn try_from(size: ByteSize) -> Result<Self, String> {
        let size = (size.as_u64() > 0).then_some(Self(size));
        size.ok_or_else(|| "0 bytes would serve nobody; give a size such as 16MiB".into())
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let size: ByteSize = text.parse().map_err(|_| "give a size such as 16MiB")?;
        size.try_into()
    }
}

/// How the log is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// One line of text for each event
    #[default]
    Text,
    /// One JSON object for each event
    Json,
}

/// The files of TLS.
#[derive(Debug, Clone)]
pub(crate) struct TlsFiles {
    pub(crate) cert: PathBuf,
    pub(crate) key: PathBuf,
    pub(crate) client_ca: Option<PathBuf>,
}

/// Everything that a server is told, with the defaults filled in.
pub(crate) struct Settings {
    pub(crate) listen: Vec<Listen>,
    pub(crate) tick: std::time::Duration,
    pub(crate) data_dir: PathBuf,
    pub(crate) token: Option<Token>,
    /// Which web pages may call.
    pub(crate) origins: Origins,
    /// By which names a loopback address is called.
    pub(crate) host_names: HostNames,
    pub(crate) interop: bool,
    /// Whether each call is written to the log.
    pub(crate) access_log: bool,
    pub(crate) drain: std::time::Duration,
    pub(crate) tls: Option<TlsFiles>,
    /// Whether listeners with TLS serve plaintext too.
    pub(crate) allow_plaintext: bool,
    pub(crate) connections_per_address: Option<usize>,
    pub(crate) limits: Limits,
    pub(crate) http2: Http2,
}

impl Settings {
    /// Fills in the defaults.
    pub(crate) fn from_options(options: ServeOptions) -> anyhow::Result<Self> {
        Ok(Self {
            listen: listen(&options)?,
            tick: options.tick.map_or(std::time::Duration::from_secs(1), |d| d.0),
            drain: options.drain.map_or(std::time::Duration::from_secs(10), |d| d.0),
            limits: limits(&options)?,
            http2: http2(&options),
            tls: tls(&options)?,
            access_log: options.access_log,
            allow_plaintext: options.allow_plaintext,
            connections_per_address: options.max_connections_per_address.map(|count| count.0),
            data_dir: options.data_dir.unwrap_or_else(|| PathBuf::from("data")),
            token: options
                .token
                .map(|pair| pair.parse())
                .transpose()
                .map_err(|e: String| anyhow::anyhow!("--token: {e}"))?,
            origins: Origins::new(&options.web_origin)
                .map_err(|why| anyhow::anyhow!("--web-origin: {why}"))?,
            host_names: HostNames::new(&options.host_name)
                .map_err(|why| anyhow::anyhow!("--host-name: {why}"))?,
            interop: options.interop,
        })
    }
}

fn listen(options: &ServeOptions) -> anyhow::Result<Vec<Listen>> {
    if options.listen.is_empty() {
        let host = options.host.as_deref().unwrap_or("127.0.0.1");
        return defaults(host);
    }
    if let Some(host) = &options.host {
        tracing::warn!(%host, "host has no effect: it binds the default set, and listen replaces that");
    }
    Ok(options.listen.clone())
}

/// Where the program listens when nothing was said.
const DEFAULTS: &[(&str, u16)] = &[
    ("netrpc,zerorpc", 1234),
    ("any", 2021),
    ("zerorpc", 4242),
    ("zerorpc-pub", 4243),
    ("grpc", 7070),
    ("http", 8003),
    ("jsonrpc", 8080),
    ("xmlrpc", 8088),
    ("ops", 8000),
];

fn defaults(host: &str) -> anyhow::Result<Vec<Listen>> {
    let is_bare = host.contains(':') && !host.starts_with('[');
    let host = if is_bare { format!("[{host}]") } else { host.to_owned() };
    let listen = DEFAULTS.iter().map(|(wires, port)| Ok(format!("{wires}={host}:{port}").parse()?));
    listen.collect()
}

fn limits(options: &ServeOptions) -> anyhow::Result<Limits> {
    let default = Limits::default();
    let bytes = |flag: &str, size: Option<Size>, default: usize| {
        let bytes = size.map_or(Ok(default), |size| usize::try_from(size.0.as_u64()));
        bytes.with_context(|| format!("{flag} does not fit into this machine's memory"))
    };
    let number = |count: Option<Count>, default: usize| count.map_or(default, |count| count.0);
    let limits = Limits {
        message_bytes: bytes("--max-message", options.max_message, default.message_bytes)?,
        connection_memory: bytes(
            "--max-connection-memory",
            options.max_connection_memory,
            default.connection_memory,
        )?,
        memory: bytes("--max-memory", options.max_memory, default.memory)?,
        stall: options.stall.map_or(default.stall, |d| d.0),
        file_bytes: options.max_file.map_or(default.file_bytes, |size| size.as_u64()),
        data_bytes: options.max_data.map_or(default.data_bytes, |size| size.as_u64()),
        nesting: number(options.max_nesting, default.nesting),
        batch: number(options.max_batch, default.batch),
        connections: number(options.max_connections, default.connections),
        in_flight: number(options.max_in_flight, default.in_flight),
        handshake: options.handshake.map_or(default.handshake, |d| d.0),
        keep_alive: options.keep_alive.map_or(default.keep_alive, |d| d.0),
        calls_per_second: options.rate_limit,
    };
    check_memory(&limits)?;
    Ok(limits)
}

/// A longest message has to fit into the budgets, beside the values that it is decoded to and its answer.
fn check_memory(limits: &Limits) -> anyhow::Result<()> {
    let size = |bytes: usize| ByteSize(bytes as u64);
    let message = size(limits.message_bytes);
    for (flag, budget) in
        [("--max-connection-memory", limits.connection_memory), ("--max-memory", limits.memory)]
    {
        let (room, advised) = (size(budget), size(budget / 4));
        anyhow::ensure!(
            limits.message_bytes <= budget,
            "a message of --max-message ({message}) does not fit into {flag} ({room}); give --max-message {advised} or less"
        );
        if limits.message_bytes > budget / 4 {
            tracing::warn!(
                "long messages may be refused: --max-message ({message}) is more than a quarter of {flag} ({room})"
            );
        }
    }
    Ok(())
}

fn http2(options: &ServeOptions) -> Http2 {
    let default = Http2::default();
    Http2 {
        ping_interval: options.http2_ping.map(|d| d.0).or(default.ping_interval),
        ping_timeout: options.http2_ping_timeout.map_or(default.ping_timeout, |d| d.0),
        max_age: options.max_connection_age.map(|d| d.0),
        ..default
    }
}

fn tls(options: &ServeOptions) -> anyhow::Result<Option<TlsFiles>> {
    anyhow::ensure!(
        !(options.allow_plaintext && options.tls_client_ca.is_some()),
        "--tls-client-ca lets in only who shows a certificate, and --allow-plaintext whoever comes; leave one of them out"
    );
    match (&options.tls_cert, &options.tls_key) {
        (Some(cert), Some(key)) => Ok(Some(TlsFiles {
            cert: cert.clone(),
            key: key.clone(),
            client_ca: options.tls_client_ca.clone(),
        })),
        (None, None) => Ok(None),
        _ => anyhow::bail!("TLS needs both a certificate and its key: give --tls-cert and --tls-key"),
    }
}
