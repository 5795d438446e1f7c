//! The fuzz targets on mutated seeds, with any compiler: what cargo-fuzz does with coverage, this does without.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Parser;
use manywire_interop::fuzz::{Mutator, Target, targets};

/// Feeds mutated seeds to the fuzz targets.
#[derive(Debug, Parser)]
struct Options {
    /// The targets to run; all of them where none is named
    targets: Vec<String>,
    /// Lists the targets
    #[arg(long)]
    list: bool,
    /// Seconds for each target
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Other mutations than those of number 1
    #[arg(long, default_value_t = 1)]
    number: u64,
    /// Writes each target's seeds into a folder of its name inside this one, for cargo-fuzz, and ends
    #[arg(long)]
    write_seeds: Option<PathBuf>,
    /// Runs the bytes of a file, once
    #[arg(long)]
    file: Option<PathBuf>,
}

fn main() -> anyhow::Result<ExitCode> {
    let options = Options::parse();
    let chosen = chosen(&options.targets)?;
    let mut out = std::io::stdout();
    for target in chosen {
        if options.list {
            writeln!(out, "{:<18} {}", target.name, target.about)?;
        } else if let Some(folder) = &options.write_seeds {
            write_seeds(target, &folder.join(target.name))?;
        } else if let Some(file) = &options.file {
            (target.run)(&std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?);
        } else if let Some(crash) = run(target, &options) {
            let file = format!("crash-{}", target.name);
            std::fs::write(&file, crash).with_context(|| format!("cannot write {file}"))?;
            writeln!(out, "{}: failed; its input is in {file}", target.name)?;
            return Ok(ExitCode::FAILURE);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn chosen(names: &[String]) -> anyhow::Result<Vec<&'static Target>> {
    let all: Vec<_> = targets().collect();
    if names.is_empty() {
        return Ok(all);
    }
    let find = |name: &String| all.iter().copied().find(|target| target.name == *name);
    names
        .iter()
        .map(|name| find(name).with_context(|| format!("no target {name:?}; --list names them")))
        .collect()
}

fn write_seeds(target: &Target, folder: &PathBuf) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    for (at, seed) in (target.seeds)().into_iter().enumerate() {
        std::fs::write(folder.join(format!("seed-{at}")), seed)?;
    }
    Ok(())
}

/// Runs a target for its time; the input that it failed on, if any.
fn run(target: &Target, options: &Options) -> Option<Vec<u8>> {
    let has_panicked = watch_panics();
    let mut mutator = Mutator::new(options.number, (target.seeds)());
    let (begun, mut runs) = (Instant::now(), 0_u64);
    let mut told = begun;
    while begun.elapsed() < Duration::from_secs(options.seconds) {
        let input = mutator.next_input();
        let ended = std::panic::catch_unwind(|| (target.run)(&input));
        runs += 1;
        if ended.is_err() || *has_panicked.lock().unwrap_or_else(PoisonError::into_inner) {
            return Some(input);
        }
        if told.elapsed() > Duration::from_secs(10) {
            told = Instant::now();
            eprintln!("{}: {runs} inputs in {} s", target.name, begun.elapsed().as_secs());
        }
    }
    eprintln!("{}: {runs} inputs, none failed", target.name);
    None
}

/// Notices panics that somebody caught, too: a task's, or a method's.
fn watch_panics() -> Arc<Mutex<bool>> {
    let has_panicked = Arc::new(Mutex::new(false));
    let before = std::panic::take_hook();
    let noticed = has_panicked.clone();
    std::panic::set_hook(Box::new(move |panic| {
        *noticed.lock().unwrap_or_else(PoisonError::into_inner) = true;
        before(panic);
    }));
    has_panicked
}
