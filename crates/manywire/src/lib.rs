//! The program as a library: what `main` runs, and a server that other programs start inside themselves.

use std::process::ExitCode;

use clap::Parser as _;

mod allocator;
mod call;
mod cli;
mod config;
mod http;
mod listen;
mod manual;
mod open_files;
mod operations;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod properties;
mod serve;
mod settings;
mod tls;
mod trace;
mod transfer;
mod wires;

/// Makes a type one that methods can take and give on every wire.
///
/// ```
/// #[manywire::message(rename_all = "PascalCase")]
/// struct Args {
///     a: i64,
///     b: Option<i64>,
/// }
/// let args: Args = serde_json::from_str(r#"{"A":17}"#)?;
/// assert_eq!((args.a, args.b), (17, None));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[doc(inline)]
pub use manywire_macros::message;
pub use serve::Running;

/// What [`message`] writes its derives with.
#[doc(hidden)]
pub use serde;

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
        cli::Command::Health(options) => http::health::run(&options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("manywire: {error:#}");
            ExitCode::FAILURE
        }
    }
}
