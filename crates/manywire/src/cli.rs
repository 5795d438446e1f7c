//! The command line.

use clap::{Args, Parser, Subcommand};

use crate::config::ServeOptions;

/// One service, every wire: Go net/rpc, JSON-RPC, XML-RPC, zerorpc, gRPC and plain HTTP, served from one program.
#[derive(Debug, Parser)]
#[command(name = "manywire", version, arg_required_else_help = true, max_term_width = 110)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve every wire
    Serve(Box<ServeOptions>),
    /// Ask a running server whether it is ready; exits 0 when it is
    Health(HealthOptions),
}

/// Where to ask.
#[derive(Debug, Args)]
pub(crate) struct HealthOptions {
    /// The operations port of the server
    #[arg(default_value = "127.0.0.1:8000", value_name = "ADDR:PORT")]
    pub(crate) address: String,
}

/// Shown after the options of `serve`.
pub(crate) const SERVE_EXAMPLES: &str = "\
Examples:
  manywire serve                                          every wire on its default port
  manywire serve --host 0.0.0.0                           the same, reachable from outside
  manywire serve --listen any=127.0.0.1:0                 every wire on one free port, which is printed
  manywire serve --listen netrpc,zerorpc=127.0.0.1:1234 --listen ops=127.0.0.1:8000
  manywire serve --config manywire.toml                   the options below as a file: host = \"0.0.0.0\", tick = \"50ms\", …

Wires: any, netrpc, grpc, jsonrpc, xmlrpc, http, zerorpc, zerorpc-pub, ops.
A flag beats its environment variable, which beats the file. Logs go to stderr; RUST_LOG=debug says more.";
