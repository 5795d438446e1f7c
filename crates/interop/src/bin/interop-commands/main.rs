//! Clients that are one command for each call, as `scripts/interop` runs them: `interop-commands PROGRAM WIRE ADDRESS`, where
//! the program is `manywire`, `grpcurl` or `curl`.

mod curl;
mod plain;
mod program;

use std::path::Path;
use std::process::ExitCode;

use manywire_interop::answers::answer_each;

use crate::program::Program;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, wire, address] = &arguments[..] else {
        eprintln!("interop-commands: give it a program, a wire and an address");
        return ExitCode::from(2);
    };
    if path.contains('/') && !Path::new(path).is_file() {
        return said("SKIPPED no grpcurl (it is built with Go 1.25)");
    }
    let Some(program) = Program::new(path, wire, address) else {
        eprintln!("interop-commands: it does not know how to call {path} on {wire}");
        return ExitCode::from(2);
    };
    match answer_each(|call| program.answer(call)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("interop-commands: {error}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "the driver reads it there")]
fn said(line: &str) -> ExitCode {
    println!("{line}");
    ExitCode::SUCCESS
}
