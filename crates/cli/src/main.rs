//! One service, every wire: the program.

use std::process::ExitCode;

fn main() -> ExitCode {
    manywire_cli::run()
}
