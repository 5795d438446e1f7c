//! What a shell and `man` are told about the program.

use std::io::Write as _;

use anyhow::Context as _;
use clap::{Command, CommandFactory as _};
use clap_mangen::Man;

use crate::cli::{Cli, CompletionsOptions, ManOptions};

/// `manywire completions`.
pub(crate) fn completions(options: &CompletionsOptions) -> anyhow::Result<()> {
    // The generator panics where it cannot write, as when nobody reads.
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut Cli::command(), "manywire", &mut script);
    write(&script)
}

/// `manywire man`.
pub(crate) fn pages(options: &ManOptions) -> anyhow::Result<()> {
    let program = program();
    let commands = || program.get_subcommands();
    if let Some(folder) = &options.dir {
        let pages = std::iter::once(&program).chain(commands());
        return pages.cloned().map(page).try_for_each(|page| {
            let file = folder.join(page.get_filename());
            std::fs::write(&file, roff(&page)?).with_context(|| format!("cannot write {}", file.display()))
        });
    }
    let command = match options.command.as_deref() {
        None | Some("manywire") => &program,
        Some(name) => {
            let name = name.strip_prefix("manywire-").unwrap_or(name);
            let names: Vec<&str> = commands().map(Command::get_name).collect();
            commands()
                .find(|command| command.get_name() == name)
                .with_context(|| format!("there is no command {name}; there are {}", names.join(", ")))?
        }
    };
    write(&roff(&page(command.clone()))?)
}

fn page(command: Command) -> Man {
    Man::new(command).source(concat!("manywire ", env!("CARGO_PKG_VERSION")))
}

fn roff(page: &Man) -> std::io::Result<Vec<u8>> {
    let mut roff = Vec::new();
    page.render(&mut roff)?;
    Ok(roff)
}

/// The whole command line, each part of it under its full name.
fn program() -> Command {
    let mut program = Cli::command().disable_help_subcommand(true);
    program.build();
    program
}

fn write(text: &[u8]) -> anyhow::Result<()> {
    match std::io::stdout().lock().write_all(text) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
