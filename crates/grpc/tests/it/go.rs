//! Go programs from the module in `go/`, where Go is new enough for it.

use std::path::PathBuf;

use tokio::process::Command;

/// Builds a program of the module; without a Go that can, says that the test is skipped.
pub(crate) async fn build(package: &str, name: &str) -> Option<PathBuf> {
    let module = concat!(env!("CARGO_MANIFEST_DIR"), "/go");
    let version = Command::new("go").args(["env", "GOVERSION"]).current_dir("/").output().await;
    let version = version.map(|output| String::from_utf8(output.stdout).unwrap()).unwrap_or_default();
    let minor =
        version.trim().strip_prefix("go1.").and_then(|rest| rest.split('.').next()?.parse::<u32>().ok());
    if minor.is_none_or(|minor| minor < 24) {
        let found = if version.is_empty() { "no Go".into() } else { version.trim().to_owned() };
        eprintln!("SKIPPED: {name} (grpc-go's module needs Go 1.24, found {found})");
        return None;
    }
    let target = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let build = Command::new("go")
        .args(["build", "-o"])
        .arg(&target)
        .arg(package)
        .current_dir(module)
        .output()
        .await
        .unwrap();
    assert!(build.status.success(), "{}", String::from_utf8_lossy(&build.stderr));
    Some(target)
}
