//! Where the programs come from that tests start: each is built once, into the target folder.

use std::env;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

/// A program of the Go module beside this crate; none, and a line that says so, where there is no `go`.
pub fn go_program(name: &str) -> Option<PathBuf> {
    static FOLDER: OnceLock<Option<PathBuf>> = OnceLock::new();
    let folder = FOLDER.get_or_init(build_go);
    if folder.is_none() {
        // Not print!, which the test harness keeps to itself when a test passes.
        let _ = writeln!(std::io::stderr(), "SKIPPED: no Go");
    }
    folder.as_ref().map(|folder| folder.join(name))
}

fn build_go() -> Option<PathBuf> {
    Command::new("go").arg("version").stdout(Stdio::null()).stderr(Stdio::null()).status().ok()?;
    let folder = target_folder().join("interop-go");
    let mut go = Command::new("go");
    go.args(["build", "-trimpath", "-o"]).arg(&folder).arg("./...");
    go.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("go"));
    // The standard library is all that is needed: neither a network, nor another Go, nor a C compiler.
    go.env("GOPROXY", "off").env("GOTOOLCHAIN", "local").env("GOFLAGS", "").env("CGO_ENABLED", "0");
    std::fs::create_dir_all(&folder).unwrap_or_else(|e| panic!("cannot create {}: {e}", folder.display()));
    succeed(go);
    Some(folder)
}

/// The `manywire` program, built as the tests are.
pub fn manywire() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args(["build", "--package", "manywire", "--bin", "manywire", "--message-format", "json"]);
        cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
        executable(&succeed(cargo).stdout)
    })
}

/// The program among Cargo's messages.
fn executable(messages: &[u8]) -> PathBuf {
    let messages = String::from_utf8_lossy(messages);
    let found = messages.lines().find_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        message.get("executable")?.as_str().map(PathBuf::from)
    });
    found.unwrap_or_else(|| panic!("cargo names no program in {messages}"))
}

/// The folder of this build, `target/debug` for example: tests lie in its `deps`.
fn target_folder() -> PathBuf {
    let test = env::current_exe().unwrap_or_else(|e| panic!("a test does not know where it lies: {e}"));
    let folder = test.ancestors().nth(2);
    folder.unwrap_or_else(|| panic!("{} lies in no target folder", test.display())).to_owned()
}

fn succeed(mut command: Command) -> Output {
    let ran = command.output().unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"));
    let errors = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{command:?} failed:\n{errors}");
    ran
}
