//! The options of the commands that are a client.

use std::path::PathBuf;

use clap::{ArgAction, Args};
use manywire_notes::auth::Token;

use super::examples;
use crate::settings::Duration;

/// A server and how to reach it.
#[derive(Debug, Args)]
pub(crate) struct ServerOptions {
    /// Where the server is, and which wire it speaks: gob://HOST:PORT, jsonrpc://, xmlrpc://, zerorpc://, grpc://, …
    pub(crate) url: String,
    /// Show the bytes on the wire, piece by piece, and how long everything took; -vv shows all of long pieces
    #[arg(long, short, action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Tell an error on stderr as one line of JSON: kind, message, code, name, data and wire
    #[arg(long)]
    pub(crate) json_errors: bool,
    /// Longest time until the answer, or the first item of a stream
    #[arg(long, value_name = "TIME", default_value = "10s")]
    pub(crate) timeout: Duration,
    /// Longest time to connect; as --timeout where it is not given
    #[arg(long, value_name = "TIME")]
    pub(crate) connect_timeout: Option<Duration>,
    /// Metadata of gRPC, or a header of HTTP; may be repeated
    #[arg(long, short = 'H', value_name = "KEY:VALUE")]
    pub(crate) header: Vec<String>,
    /// Sent on gRPC as the metadata appid and appkey; other wires have no token
    #[arg(long, value_name = "APPID:APPKEY", env = "MANYWIRE_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<Token>,
    #[command(flatten)]
    pub(crate) schema: SchemaOptions,
    #[command(flatten)]
    pub(crate) tls: TlsOptions,
    #[command(flatten)]
    pub(crate) retry: RetryOptions,
}

/// What a gRPC server serves, in place of its reflection.
#[derive(Debug, Args)]
pub(crate) struct SchemaOptions {
    /// Call by this .proto file, where a gRPC server has no reflection; may be repeated
    #[arg(help_heading = "gRPC without reflection", long, value_name = "FILE")]
    pub(crate) proto: Vec<PathBuf>,
    /// Look for what it imports in this folder too; may be repeated
    #[arg(help_heading = "gRPC without reflection", long, value_name = "DIR", requires = "proto")]
    pub(crate) proto_path: Vec<PathBuf>,
    /// Call by this descriptor set, as protoc --include_imports and buf build write it; may be repeated
    #[arg(help_heading = "gRPC without reflection", long, value_name = "FILE")]
    pub(crate) protoset: Vec<PathBuf>,
}

/// Whom to trust, and who we are.
#[derive(Debug, Args)]
pub(crate) struct TlsOptions {
    /// Trust these authorities in place of the system's
    #[arg(help_heading = "TLS", long, value_name = "PEM FILE")]
    pub(crate) cacert: Option<PathBuf>,
    /// Show this certificate to the server
    #[arg(help_heading = "TLS", long, value_name = "PEM FILE", requires = "key")]
    pub(crate) cert: Option<PathBuf>,
    /// The key of --cert
    #[arg(help_heading = "TLS", long, value_name = "PEM FILE", requires = "cert")]
    pub(crate) key: Option<PathBuf>,
    /// The name to expect in the server's certificate, where it differs from the URL's
    #[arg(help_heading = "TLS", long, value_name = "NAME")]
    pub(crate) server_name: Option<String>,
    /// Accept any certificate: whoever is in between can read and change everything
    #[arg(help_heading = "TLS", long, short = 'k', conflicts_with = "cacert")]
    pub(crate) insecure: bool,
}

/// When to try again.
#[derive(Debug, Args)]
pub(crate) struct RetryOptions {
    /// Try so many times more, with growing pauses, when the server cannot be reached
    #[arg(help_heading = "Trying again", long, value_name = "N", default_value_t = 0)]
    pub(crate) retries: u32,
    /// The call may be made twice: --retries also holds when the connection is lost under way
    #[arg(help_heading = "Trying again", long)]
    pub(crate) idempotent: bool,
}

/// What to call.
#[derive(Debug, Args)]
#[command(after_help = examples::CALL)]
pub(crate) struct CallOptions {
    #[command(flatten)]
    pub(crate) server: ServerOptions,
    /// The method, as the server names it
    pub(crate) method: String,
    /// Arguments in JSON, one after the other; - reads one from stdin, @FILE from a file
    #[arg(value_name = "JSON", allow_negative_numbers = true)]
    pub(crate) arguments: Vec<String>,
    /// An argument by name; what is no JSON is taken as text. May be repeated
    #[arg(long, value_name = "NAME=VALUE", conflicts_with = "arguments")]
    pub(crate) set: Vec<String>,
    /// Call so many times on one connection, and say on stderr how long it took
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) repeat: Option<u32>,
    /// Ask for no answer, where the wire has that: JSON-RPC 2.0
    #[arg(long, conflicts_with = "repeat")]
    pub(crate) notify: bool,
}

/// Whose methods to list.
#[derive(Debug, Args)]
#[command(after_help = examples::URLS)]
pub(crate) struct ListOptions {
    #[command(flatten)]
    pub(crate) server: ServerOptions,
}

/// What to describe.
#[derive(Debug, Args)]
#[command(after_help = examples::URLS)]
pub(crate) struct DescribeOptions {
    #[command(flatten)]
    pub(crate) server: ServerOptions,
    /// The method, as the server names it
    pub(crate) method: String,
}

/// What to print, and of which server.
#[derive(Debug, Args)]
#[command(after_help = examples::EXPORT)]
pub(crate) struct ExportOptions {
    /// In which form
    #[arg(value_enum)]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) server: ServerOptions,
    /// Write each .proto as a file into this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
}

/// The forms of an export.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum Format {
    /// An OpenRPC 1.3 document, as rpc.discover answers it
    Openrpc,
    /// Methods and records with their types, as system.schema answers them
    Json,
    /// The .proto files of the methods, as they are on gRPC
    Proto,
}

/// What to send.
#[derive(Debug, Args)]
#[command(after_help = examples::UPLOAD)]
pub(crate) struct UploadOptions {
    #[command(flatten)]
    pub(crate) server: ServerOptions,
    /// The file; - is stdin
    pub(crate) file: PathBuf,
    /// Its name at the server; the file's own where none is given
    pub(crate) name: Option<String>,
    /// Longest time in which the server takes nothing of the file, or does not answer after its end
    #[arg(long, value_name = "TIME", default_value = "30s")]
    pub(crate) idle_timeout: Duration,
}

/// What to fetch.
#[derive(Debug, Args)]
#[command(after_help = examples::DOWNLOAD)]
pub(crate) struct DownloadOptions {
    #[command(flatten)]
    pub(crate) server: ServerOptions,
    /// The file's name at the server
    pub(crate) name: String,
    /// Where to put it; - is stdout. The name itself, here, where nothing is given
    pub(crate) file: Option<PathBuf>,
    /// Longest time in which nothing of the file comes
    #[arg(long, value_name = "TIME", default_value = "30s")]
    pub(crate) idle_timeout: Duration,
    /// Replace a file that is there
    #[arg(long, short)]
    pub(crate) force: bool,
}
