//! The options of `gateway`.

use std::path::PathBuf;

use clap::Args;

use super::client::{RetryOptions, SchemaOptions, TlsOptions};
use super::examples;
use crate::config::ServeOptions;
use crate::settings::Duration;

/// Whose methods to serve, and how.
#[derive(Debug, Args)]
#[command(after_help = examples::GATEWAY)]
#[command(after_help = examples::GATEWAY)]
pub(crate) struct GatewayOptions {
    /// The servers: gob://HOST:PORT, jsonrpc://, xmlrpc://, zerorpc://, grpc://, …; `users=URL` puts `users.` before its names
    #[arg(value_name = "[PREFIX=]URL", required = true)]
    pub(crate) servers: Vec<String>,

    /// A method that the server does not tell of, or not as it is: 'Arith.Multiply(A: int, B: int) -> int'; may be repeated.
    /// With several servers, their prefix stands before it
    #[arg(long, value_name = "METHOD", help_heading = "Methods")]
    pub(crate) method: Vec<String>,
    /// The same from a file, a line for each; # begins a comment
    #[arg(long, value_name = "FILE", help_heading = "Methods")]
    pub(crate) methods: Vec<PathBuf>,
    /// Hand calls of any other name on as they come; gRPC and gob have manywire.Value and interface{} then
    #[arg(long, help_heading = "Methods")]
    pub(crate) pass_through: bool,

    /// Longest time until an answer, or the first item of a stream [default: as long as the caller waits]
    #[arg(long, value_name = "TIME", help_heading = "Servers behind the gateway")]
    pub(crate) timeout: Option<Duration>,
    /// Longest time to connect
    #[arg(long, value_name = "TIME", default_value = "10s", help_heading = "Servers behind the gateway")]
    pub(crate) connect_timeout: Duration,
    /// Sent with every call to servers of gRPC and HTTP; may be repeated
    #[arg(long, short = 'H', value_name = "KEY:VALUE", help_heading = "Servers behind the gateway")]
    pub(crate) header: Vec<String>,
    /// Hand this header of the caller's on, where both wires have headers; may be repeated
    #[arg(long, value_name = "NAME", help_heading = "Servers behind the gateway")]
    pub(crate) forward_header: Vec<String>,

    #[command(flatten)]
    pub(crate) schema: SchemaOptions,
    #[command(flatten)]
    pub(crate) tls: TlsOptions,
    #[command(flatten)]
    pub(crate) retry: RetryOptions,
    #[command(flatten)]
    pub(crate) serve: ServeOptions,
}
