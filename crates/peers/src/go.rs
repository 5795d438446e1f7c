//! Programs of the Go modules in this repository.

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, PoisonError};

use crate::skip;

/// Builds a package of a module, once, into the target folder. Where Go is missing or older than the module asks, the test is
/// skipped.
pub fn build(module: &Path, package: &str) -> Option<PathBuf> {
    let needed = needed(module);
    if minor_version().is_none_or(|found| found < needed) {
        skip(&format!("no Go 1.{needed} or newer"));
        return None;
    }
    static BUILT: Mutex<BTreeMap<String, PathBuf>> = Mutex::new(BTreeMap::new());
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    let program =
        built.entry(package.to_owned()).or_insert_with(|| build_into(&target_folder(), module, package));
    Some(program.clone())
}

fn build_into(target: &Path, module: &Path, package: &str) -> PathBuf {
    let folder = target.join("go-peers");
    std::fs::create_dir_all(&folder)
        .unwrap_or_else(|error| panic!("cannot create {}: {error}", folder.display()));
    let program = folder.join(package.rsplit('/').next().unwrap_or(package));
    let mut go = Command::new("go");
    go.args(["build", "-buildvcs=false", "-trimpath", "-o"]).arg(&program).arg(package).current_dir(module);
    // Neither another Go than was looked at, nor a C compiler.
    go.env("GOTOOLCHAIN", "local").env("CGO_ENABLED", "0");
    let ran = go.output().unwrap_or_else(|error| panic!("cannot run {go:?}: {error}"));
    assert!(ran.status.success(), "{go:?} failed:\n{}", String::from_utf8_lossy(&ran.stderr));
    program
}

/// The minor version that `go.mod` asks for.
fn needed(module: &Path) -> u32 {
    let file = module.join("go.mod");
    let text = std::fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("cannot read {}: {error}", file.display()));
    let line = text.lines().find_map(|line| line.strip_prefix("go "));
    line.and_then(minor).unwrap_or_else(|| panic!("{} has no line `go 1.N`", file.display()))
}

/// The minor version of the Go on the PATH.
pub fn minor_version() -> Option<u32> {
    // Not in a module, whose go.mod could have another Go fetched and asked instead.
    let said =
        Command::new("go").args(["env", "GOVERSION"]).env("GOTOOLCHAIN", "local").current_dir("/").output();
    let said: Output = said.ok()?;
    minor(String::from_utf8_lossy(&said.stdout).trim().strip_prefix("go")?)
}

fn minor(version: &str) -> Option<u32> {
    let digits = version.strip_prefix("1.")?;
    digits.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
}

/// The folder of this build, `target/debug` for example: tests lie in its `deps`.
fn target_folder() -> PathBuf {
    let test =
        env::current_exe().unwrap_or_else(|error| panic!("a test does not know where it lies: {error}"));
    let folder = test.ancestors().nth(2);
    folder.unwrap_or_else(|| panic!("{} lies in no target folder", test.display())).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_their_minor_number() {
        assert_eq!(minor("1.19.8"), Some(19));
        assert_eq!(minor("1.26rc1 X:nocoverageredesign"), Some(26));
        assert_eq!(minor("1.25.0"), Some(25));
        assert_eq!(minor("2.0"), None);
        assert_eq!(minor(""), None);
    }
}
