//! Where the programs come from that tests start: each is built once, into the target folder.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// A program of the Go module beside this crate; none, and the test is skipped, where there is no Go for it.
pub fn go_program(name: &str) -> Option<PathBuf> {
    let module = Path::new(env!("CARGO_MANIFEST_DIR")).join("go");
    manywire_peers::go::build(&module, &format!("./cmd/{name}"))
}

/// The `manywire` program, built as the tests are.
pub fn manywire() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args(["build", "--package", "manywire-cli", "--bin", "manywire", "--message-format", "json"]);
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

fn succeed(mut command: Command) -> Output {
    let ran = command.output().unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"));
    let errors = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{command:?} failed:\n{errors}");
    ran
}
