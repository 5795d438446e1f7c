//! Go programs from the module in `go/`.

use std::path::{Path, PathBuf};

/// Builds a package of the module, or one that it uses.
pub(crate) fn build(package: &str) -> Option<PathBuf> {
    manywire_peers::go::build(&Path::new(env!("CARGO_MANIFEST_DIR")).join("go"), package)
}
