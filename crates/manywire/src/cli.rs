//! The command line.

use clap::{Args, Parser, Subcommand};

use manywire_grpc::Token;

use crate::config::ServeOptions;
use crate::settings::Duration;

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
    /// Call a method of any server, on any wire, and print its answer as JSON
    Call(CallOptions),
    /// List the methods of a server
    List(ServerOptions),
    /// Say what a method takes and returns, and what it is for
    Describe(DescribeOptions),
    /// Ask a running server whether it is ready; exits 0 when it is
    Health(HealthOptions),
}

/// A server and how to reach it.
#[derive(Debug, Args)]
#[command(after_help = URLS)]
pub(crate) struct ServerOptions {
    /// Where the server is, and which wire it speaks
    pub(crate) url: String,
    /// Longest time to connect, and again for each answer
    #[arg(long, value_name = "TIME", default_value = "10s")]
    pub(crate) timeout: Duration,
    /// Metadata for gRPC; may be repeated
    #[arg(long, short = 'H', value_name = "KEY:VALUE")]
    pub(crate) header: Vec<String>,
    /// Sent as the gRPC metadata appid and appkey
    #[arg(long, value_name = "APPID:APPKEY", env = "MANYWIRE_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<Token>,
}

/// What to call.
#[derive(Debug, Args)]
#[command(after_help = CALL_EXAMPLES)]
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
}

/// What to describe.
#[derive(Debug, Args)]
pub(crate) struct DescribeOptions {
    #[command(flatten)]
    pub(crate) server: ServerOptions,
    /// The method, as the server names it
    pub(crate) method: String,
}

const URLS: &str = "\
URLs: gob://HOST:PORT (gob+tcp, gob+http), jsonrpc1+tcp:// and jsonrpc1+http://HOST:PORT/jsonrpc, jsonrpc:// (HTTP) and
jsonrpc+ws://, xmlrpc://HOST:PORT/RPC2, zerorpc://, grpc:// and grpcs://";

const CALL_EXAMPLES: &str = "\
Examples:
  manywire call gob://127.0.0.1:1234 Arith.Multiply '{\"A\":17,\"B\":8}'
  manywire call gob://127.0.0.1:1234 Arith.Multiply --set A=17 --set B=8
  manywire call jsonrpc://127.0.0.1:8080 add 3 2
  manywire call xmlrpc://127.0.0.1:8088/RPC2 divide 7 2
  manywire call zerorpc://127.0.0.1:4242 streaming_range 0 10 2          one line for each item
  manywire call grpc://127.0.0.1:7070 Greeter/SayHello '{\"name\":\"world\"}'
  manywire call jsonrpc+ws://127.0.0.1:8080 subscribe_ticks

Exit codes: 0 answered; 1 the server answered with an error; 2 bad usage; 3 could not connect, or timed out.";

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
