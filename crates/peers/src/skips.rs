//! Tests that check less than they would on a machine that has everything.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::{env, io, thread};

/// Says that this test leaves something out, and why. libtest counts it as passed; `scripts/test` does not.
pub fn skip(why: &str) {
    let thread = thread::current();
    let package = env::var("CARGO_PKG_NAME").unwrap_or_default();
    record(1, "test", why, &format!("{package} {}", thread.name().unwrap_or("?")));
    // Not by a macro: what a passing test prints by macro is not shown.
    let _ = writeln!(io::stderr(), "SKIPPED: {why}");
}

/// Adds a line to the file that `MANYWIRE_SKIPPED` names: how many of what were left out, why, and which.
pub fn record(count: usize, unit: &str, why: &str, which: &str) {
    let Some(file) = env::var_os("MANYWIRE_SKIPPED") else { return };
    let line = format!("{count}\t{unit}\t{why}\t{which}\n");
    // One write, so that the lines of tests which run side by side stay whole.
    let written = OpenOptions::new().append(true).create(true).open(&file);
    let written = written.and_then(|mut file| file.write_all(line.as_bytes()));
    written.unwrap_or_else(|error| panic!("cannot write {}: {error}", file.display()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    /// Set where this runs as its own child, since a process cannot change its environment safely.
    const INSIDE: &str = "MANYWIRE_SKIPS_TEST";

    #[test]
    fn a_test_that_leaves_something_out_is_recorded_by_its_name() {
        if env::var_os(INSIDE).is_some() {
            return skip("no Perl");
        }
        let file = env::temp_dir().join(format!("manywire-skips-{}", std::process::id()));
        let name = "skips::tests::a_test_that_leaves_something_out_is_recorded_by_its_name";
        let mut again = Command::new(env::current_exe().unwrap());
        again
            .args(["--exact", name])
            .env(INSIDE, "1")
            .env("MANYWIRE_SKIPPED", &file)
            .env("CARGO_PKG_NAME", "peers");
        let ran = again.output().unwrap();
        let recorded = std::fs::read_to_string(&file);
        let _ = std::fs::remove_file(&file);
        assert!(ran.status.success());
        assert_eq!(recorded.unwrap(), format!("1\ttest\tno Perl\tpeers {name}\n"));
        assert!(String::from_utf8_lossy(&ran.stderr).contains("SKIPPED: no Perl"));
    }
}
