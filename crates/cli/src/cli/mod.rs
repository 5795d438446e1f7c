//! The command line.

mod client;
mod examples;
mod gateway;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

pub(crate) use client::{
    CallOptions, DescribeOptions, DownloadOptions, ExportOptions, Format, ListOptions, SchemaOptions,
    ServerOptions, TlsOptions, UploadOptions,
};
pub(crate) use examples::SERVE as SERVE_EXAMPLES;
pub(crate) use gateway::GatewayOptions;

use crate::config::ServeOptions;

/// One service, every wire: Go net/rpc, JSON-RPC, XML-RPC, zerorpc, gRPC and plain HTTP, served from one program and called by it.
#[derive(Debug, Parser)]
#[command(name = "manywire", version, arg_required_else_help = true, max_term_width = 110, after_help = examples::MAIN)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve every wire
    Serve(Box<ServeOptions>),
    /// Serve the methods of other servers, whatever they speak, on every wire
    Gateway(Box<GatewayOptions>),
    /// Call a method of any server, on any wire, and print its answer as JSON
    Call(Box<CallOptions>),
    /// List the methods of a server
    List(Box<ListOptions>),
    /// Say what a method takes and returns, and what it is for
    Describe(Box<DescribeOptions>),
    /// Print all that a server serves as an OpenRPC document, as JSON or as .proto files
    Export(Box<ExportOptions>),
    /// Send a file to a server of gRPC's UpFileService
    Upload(Box<UploadOptions>),
    /// Fetch a file from a server of gRPC's FileService
    Download(Box<DownloadOptions>),
    /// Ask a running server whether it is ready; exits 0 when it is
    Health(HealthOptions),
    /// Print a script that completes commands and options in a shell
    Completions(CompletionsOptions),
    /// Print a manual page, or write all of them into a folder
    Man(ManOptions),
}

/// Where to ask.
#[derive(Debug, Args)]
pub(crate) struct HealthOptions {
    /// The operations port of the server
    #[arg(default_value = "127.0.0.1:8000", value_name = "ADDR:PORT")]
    pub(crate) address: String,
}

/// For which shell.
#[derive(Debug, Args)]
#[command(after_help = examples::COMPLETIONS)]
pub(crate) struct CompletionsOptions {
    /// The shell
    pub(crate) shell: Shell,
}

/// Which page.
#[derive(Debug, Args)]
#[command(after_help = examples::MAN)]
pub(crate) struct ManOptions {
    /// The command that the page is about; the program itself where none is named
    pub(crate) command: Option<String>,
    /// Write a page for the program and one for each command into this folder
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    pub(crate) dir: Option<std::path::PathBuf>,
}
