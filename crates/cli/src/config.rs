//! Where settings come from: flags, then the environment, then the file, then the defaults.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use bytesize::ByteSize;
use clap::Args;
use serde::Deserialize;

use crate::cli::SERVE_EXAMPLES;
use crate::settings::{Count, Duration, LogFormat, Size};
use manywire_server::{Error, Listen};

/// Declares an option once, for the command line, the environment and the file.
macro_rules! options {
    ($($(#[$meta:meta])* $env:literal $name:ident: $kind:ty,)*) => {
        /// What `serve` can be told.
        #[derive(Debug, Default, Args, Deserialize)]
        #[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
        #[command(after_help = SERVE_EXAMPLES)]
        pub(crate) struct ServeOptions {
            /// Read options from this TOML file; their names are those of the flags
            #[arg(long, value_name = "FILE", env = "MANYWIRE_CONFIG")]
            #[serde(skip)]
            config: Option<PathBuf>,

            /// Answer WIRES at ADDR:PORT instead of the default set; may be repeated, port 0 picks a free one
            #[arg(long, value_name = "WIRES=ADDR:PORT", env = "MANYWIRE_LISTEN", value_delimiter = ' ', value_parser = listener)]
            #[serde(deserialize_with = "parse_all")]
            pub(crate) listen: Vec<Listen>,

            /// Let web pages from this origin call, which is refused to all others; may be repeated, * stands for any
            #[arg(long, value_name = "ORIGIN", env = "MANYWIRE_WEB_ORIGIN", value_delimiter = ' ')]
            pub(crate) web_origin: Vec<String>,

            /// Answer HTTP to this name on loopback addresses, beside localhost; may be repeated, * stands for any
            #[arg(long, value_name = "NAME", env = "MANYWIRE_HOST_NAME", value_delimiter = ' ')]
            pub(crate) host_name: Vec<String>,

            /// Serve grpc.testing.TestService too, for the official gRPC interop client
            #[arg(long, env = "MANYWIRE_INTEROP")]
            pub(crate) interop: bool,

            /// Write a line to the log for each call: wire, method, peer, time and outcome
            #[arg(long, env = "MANYWIRE_ACCESS_LOG")]
            pub(crate) access_log: bool,

            /// Serve plaintext, too, where a certificate is given; not with --tls-client-ca
            #[arg(long, env = "MANYWIRE_ALLOW_PLAINTEXT", help_heading = "TLS")]
            pub(crate) allow_plaintext: bool,

            $(
                $(#[$meta])*
                #[arg(long, env = $env)]
                pub(crate) $name: Option<$kind>,
            )*
        }

        impl ServeOptions {
            /// Takes from `file` what was not given here.
            fn or(self, file: Self) -> Self {
                Self {
                    config: self.config,
                    listen: if self.listen.is_empty() { file.listen } else { self.listen },
                    web_origin: if self.web_origin.is_empty() { file.web_origin } else { self.web_origin },
                    host_name: if self.host_name.is_empty() { file.host_name } else { self.host_name },
                    interop: self.interop || file.interop,
                    access_log: self.access_log || file.access_log,
                    allow_plaintext: self.allow_plaintext || file.allow_plaintext,
                    $($name: self.$name.or(file.$name),)*
                }
            }
        }
    };
}

options! {
    /// Bind the default set to this address [default: 127.0.0.1]
    #[arg(value_name = "ADDR")]
    "MANYWIRE_HOST" host: String,
    /// Time between two items of a ticking stream [default: 1s]
    #[arg(value_name = "TIME")]
    "MANYWIRE_TICK" tick: Duration,
    /// Folder of the files that FileService and UpFileService serve [default: data]
    #[arg(value_name = "DIR")]
    "MANYWIRE_DATA_DIR" data_dir: PathBuf,
    /// Ask every gRPC call for this pair in its metadata [default: off]
    #[arg(value_name = "APPID:APPKEY", hide_env_values = true)]
    "MANYWIRE_TOKEN" token: String,
    /// How long calls under way may take to finish after SIGTERM [default: 10s]
    #[arg(value_name = "TIME")]
    "MANYWIRE_DRAIN" drain: Duration,
    /// How the log is written [default: text]
    #[arg(value_name = "FORMAT", value_enum)]
    "MANYWIRE_LOG_FORMAT" log_format: LogFormat,

    /// Certificate chain (PEM); with it every listener but ops speaks TLS, and no plaintext
    #[arg(value_name = "FILE", help_heading = "TLS", requires = "tls_key")]
    "MANYWIRE_TLS_CERT" tls_cert: PathBuf,
    /// Private key of the certificate (PEM)
    #[arg(value_name = "FILE", help_heading = "TLS", requires = "tls_cert")]
    "MANYWIRE_TLS_KEY" tls_key: PathBuf,
    /// Ask clients for a certificate signed by one of these (PEM): mutual TLS
    #[arg(value_name = "FILE", help_heading = "TLS", requires = "tls_cert")]
    "MANYWIRE_TLS_CLIENT_CA" tls_client_ca: PathBuf,

    /// Longest message, decompressed too; it may hold a quarter as many values [default: 16MiB]
    #[arg(value_name = "SIZE", help_heading = "Limits")]
    "MANYWIRE_MAX_MESSAGE" max_message: Size,
    /// Longest stored file [default: 2GiB]
    #[arg(value_name = "SIZE", help_heading = "Limits")]
    "MANYWIRE_MAX_FILE" max_file: ByteSize,
    /// Most bytes of stored files, those on their way too [default: 16GiB]
    #[arg(value_name = "SIZE", help_heading = "Limits")]
    "MANYWIRE_MAX_DATA" max_data: ByteSize,
    /// Deepest nesting of values [default: 128]
    #[arg(value_name = "LEVELS", help_heading = "Limits")]
    "MANYWIRE_MAX_NESTING" max_nesting: Count,
    /// Most calls in one batch [default: 1000]
    #[arg(value_name = "CALLS", help_heading = "Limits")]
    "MANYWIRE_MAX_BATCH" max_batch: Count,
    /// Most connections at one time; for one more an idle one is closed, of the address with most [default: 16384]
    #[arg(value_name = "NUMBER", help_heading = "Limits")]
    "MANYWIRE_MAX_CONNECTIONS" max_connections: Count,
    /// Most connections of one address, or of one /64 in IPv6; a proxy is one address [default: off]
    #[arg(value_name = "NUMBER", help_heading = "Limits")]
    "MANYWIRE_MAX_CONNECTIONS_PER_ADDRESS" max_connections_per_address: Count,
    /// Most calls in flight on one connection; more wait to be read [default: 4096]
    #[arg(value_name = "CALLS", help_heading = "Limits")]
    "MANYWIRE_MAX_IN_FLIGHT" max_in_flight: Count,
    /// Bytes that one connection may make the server hold: requests, replies, files [default: 64MiB]
    #[arg(value_name = "SIZE", help_heading = "Limits")]
    "MANYWIRE_MAX_CONNECTION_MEMORY" max_connection_memory: Size,
    /// Bytes that all connections may make the server hold [default: 256MiB]
    #[arg(value_name = "SIZE", help_heading = "Limits")]
    "MANYWIRE_MAX_MEMORY" max_memory: Size,
    /// Close a connection whose peer takes nothing of an answer for this long, end an upload that stops [default: 30s]
    #[arg(value_name = "TIME", help_heading = "Limits")]
    "MANYWIRE_STALL" stall: Duration,
    /// Time for a greeting, request headers or a first message [default: 10s]
    #[arg(value_name = "TIME", help_heading = "Limits")]
    "MANYWIRE_HANDSHAKE" handshake: Duration,
    /// Time that an HTTP/1 connection may wait for its next request [default: 75s]
    #[arg(value_name = "TIME", help_heading = "Limits")]
    "MANYWIRE_KEEP_ALIVE" keep_alive: Duration,
    /// Most calls per second on one connection [default: off]
    #[arg(value_name = "CALLS", help_heading = "Limits")]
    "MANYWIRE_RATE_LIMIT" rate_limit: NonZeroU32,

    /// Ping a silent HTTP/2 peer this often [default: 60s]
    #[arg(value_name = "TIME", help_heading = "HTTP/2")]
    "MANYWIRE_HTTP2_PING" http2_ping: Duration,
    /// Take a peer for gone that leaves a ping unanswered this long [default: 20s]
    #[arg(value_name = "TIME", help_heading = "HTTP/2")]
    "MANYWIRE_HTTP2_PING_TIMEOUT" http2_ping_timeout: Duration,
    /// End HTTP connections of this age, with their calls finished [default: off]
    #[arg(value_name = "TIME", help_heading = "HTTP/2")]
    "MANYWIRE_MAX_CONNECTION_AGE" max_connection_age: Duration,
}

impl ServeOptions {
    /// Adds what the configuration file says, where there is one.
    pub(crate) fn with_file(self) -> anyhow::Result<Self> {
        match self.config.clone() {
            None => Ok(self),
            Some(path) => Ok(self.or(read_file(&path)?)),
        }
    }
}

fn read_file(path: &Path) -> anyhow::Result<ServeOptions> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the configuration file {}", path.display()))?;
    parse(&text).with_context(|| format!("the configuration file {} has a mistake", path.display()))
}

fn parse(text: &str) -> anyhow::Result<ServeOptions> {
    let told = |error: toml::de::Error| anyhow::anyhow!("{}", error.to_string().trim_end());
    let table: toml::Table = text.parse().map_err(told)?;
    table.keys().try_for_each(|key| known(key))?;
    toml::from_str(text).map_err(told)
}

/// Whether there is an option of this name, and which may be meant.
fn known(key: &str) -> anyhow::Result<()> {
    let flags = ServeOptions::augment_args(clap::Command::new("serve"));
    // A file cannot name another.
    let names = flags.get_arguments().filter_map(clap::Arg::get_long).filter(|name| *name != "config");
    let names: Vec<&str> = names.collect();
    if names.contains(&key) {
        return Ok(());
    }
    match manywire_client::nearest(key, names) {
        Some(near) => anyhow::bail!("no option {key}; did you mean {near}?"),
        None => anyhow::bail!("no option {key}; manywire serve --help has them all, as flags"),
    }
}

/// A listener, or what is wrong with it, without the text that clap and TOML show beside it.
fn listener(text: &str) -> Result<Listen, String> {
    text.parse().map_err(|error| match error {
        Error::Listen { why, .. } => why,
        error => error.to_string(),
    })
}

fn parse_all<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Listen>, D::Error> {
    let list = Vec::<String>::deserialize(deserializer)?;
    list.iter().map(|text| listener(text).map_err(serde::de::Error::custom)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_beats_the_file_and_the_file_fills_the_rest() {
        let file =
            "host = \"::1\"\ntick = \"50ms\"\nmax-message = \"1MiB\"\nlisten = [\"any=127.0.0.1:0\"]\n";
        let file: ServeOptions = toml::from_str(file).unwrap();
        let flags = ServeOptions { host: Some("0.0.0.0".into()), ..ServeOptions::default() };
        let merged = flags.or(file);
        assert_eq!(merged.host.as_deref(), Some("0.0.0.0"));
        assert_eq!(merged.tick.unwrap().0.as_millis(), 50);
        assert_eq!(merged.max_message, Some(Size(ByteSize::mib(1))));
        assert_eq!(merged.listen.len(), 1);
    }

    #[test]
    fn a_slip_in_the_file_is_named() {
        for (text, words) in [
            ("tik = \"50ms\"", "no option tik; did you mean tick?"),
            ("max_message = \"1MiB\"", "no option max_message; did you mean max-message?"),
            ("[limits]\nnesting = 3", "no option limits; manywire serve --help has them all, as flags"),
            ("config = \"x\"", "no option config; manywire serve --help"),
            ("max-connections = 0", "0 would serve nobody"),
            ("max-memory = 0", "0 bytes would serve nobody"),
            ("tick = 5", "invalid type"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
