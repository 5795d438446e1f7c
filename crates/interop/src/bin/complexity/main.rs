//! Twice the input costs about twice the work, in every decoder and encoder: instructions are counted, not time.
//!
//! The program runs itself below callgrind, which counts nearly the same each time and on each machine, however busy it is.
//! There it does the same work at two sizes: `work`, by our own client (`calls`) and by bytes that it would not send (`raw`),
//! in whole packets and in pieces (`relay`). Everything is on one thread.

mod calls;
mod raw;
mod relay;
mod work;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, ensure};
use clap::Parser;

/// Twice, and room for what grows a little faster: maps that are made anew, sorting, the ends of buffers.
const MOST: f64 = 2.6;

/// Counts instructions at two sizes, and fails where twice the input takes more than 2.6 times as many.
#[derive(Debug, Parser)]
struct Options {
    /// Does the work and counts nothing, as callgrind is told to run it
    #[arg(long)]
    work: bool,
    /// Only rows whose names contain this
    #[arg(default_value = "")]
    rows: String,
}

fn main() -> anyhow::Result<ExitCode> {
    let options = Options::parse();
    if options.work {
        work::run(&options.rows)?;
        return Ok(ExitCode::SUCCESS);
    }
    let folder = tempfile::tempdir()?;
    let counts = folder.path().join("counts");
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--dump-line=no", "--toggle-collect=complexity::work::counted"]);
    valgrind.args([
        "--dump-after=complexity::work::counted",
        &format!("--callgrind-out-file={}", counts.display()),
    ]);
    valgrind.arg(std::env::current_exe()?).args(["--work", &options.rows]);
    let mut working = valgrind
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .context("valgrind counts the instructions; on Debian: apt install valgrind")?;
    let mut names = Vec::new();
    for name in BufReader::new(working.stdout.take().context("no output")?).lines() {
        names.push(name?);
    }
    ensure!(working.wait()?.success(), "the work ended early, at {}", names.last().map_or("", |name| name));
    judge(&names, &counts)
}

/// Prints what was counted; whether every row keeps to the limit.
fn judge(names: &[String], counts: &Path) -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout();
    let mut worse = 0;
    for (at, name) in names.iter().enumerate() {
        let part = |part: usize| count(&counts.with_extension((work::PARTS * at + part).to_string()));
        let (nothing, once, twice) = (part(1)?, part(2)?, part(3)?);
        // What a connection and an empty call cost is not the input's.
        let ratio = twice.saturating_sub(nothing) as f64 / once.saturating_sub(nothing).max(1) as f64;
        let mark = if ratio > MOST { "more than it may" } else { "" };
        worse += usize::from(ratio > MOST);
        writeln!(out, "{ratio:.2}  {once:>12} {twice:>12}  {name} {mark}")?;
    }
    writeln!(out, "{} rows, {worse} with more than {MOST} times the instructions", names.len())?;
    Ok(if worse == 0 && !names.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The instructions that a file of callgrind's counts in all.
fn count(file: &Path) -> anyhow::Result<u64> {
    let text = std::fs::read_to_string(file).with_context(|| format!("no {}", file.display()))?;
    let total = text.lines().find_map(|line| line.strip_prefix("totals: "));
    total.and_then(|total| total.trim().parse().ok()).context("a file of callgrind's without a total")
}
