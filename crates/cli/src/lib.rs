//! The program as a library: what `main` runs, and the server that the tests and the Python module start in themselves.

use std::process::ExitCode;

use clap::Parser as _;

mod access;
mod allocator;
mod call;
mod cli;
mod config;
mod gateway;
mod health;
mod manual;
mod serve;
mod settings;
mod trace;
mod transfer;

pub use manywire_server::Running;
pub use serve::start;

use call::Report;

/// Does what the command line asks for.
pub fn run() -> ExitCode {
    let cli::Cli { command } = cli::Cli::parse();
    let outcome = match command {
        cli::Command::Call(options) => return call::run(&Report::new(&options.server), call::call(*options)),
        cli::Command::List(options) => return call::run(&Report::new(&options.server), call::list(*options)),
        cli::Command::Describe(options) => {
            return call::run(&Report::new(&options.server), call::describe(*options));
        }
        cli::Command::Export(options) => {
            return call::run(&Report::new(&options.server), call::export(*options));
        }
        cli::Command::Upload(options) => {
            return call::run(&Report::new(&options.server), transfer::upload(*options));
        }
        cli::Command::Download(options) => {
            return call::run(&Report::new(&options.server), transfer::download(*options));
        }
        cli::Command::Completions(options) => manual::completions(&options),
        cli::Command::Man(options) => manual::pages(&options),
        cli::Command::Serve(options) => {
            allocator::give_back_early();
            serve::run(*options)
        }
        cli::Command::Gateway(options) => {
            allocator::give_back_early();
            gateway::run(*options)
        }
        cli::Command::Health(options) => health::run(&options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("manywire: {error:#}");
            ExitCode::FAILURE
        }
    }
}
