//! What holds for any bytes at all, on either side of every wire: nothing panics, and everything ends.
//!
//! Each [`Target`] runs under cargo-fuzz (`fuzz/`), for as long as one likes on mutated seeds (`scripts/fuzz`), and for a few
//! hundred of them in the tests.

mod client;
mod mutate;
mod server;
mod url;

use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

pub use self::mutate::Mutator;

/// One way in for bytes that a peer may send.
#[derive(Clone, Copy)]
pub struct Target {
    /// What `fuzz/fuzz_targets` and `scripts/fuzz` call it.
    pub name: &'static str,
    /// What the bytes are.
    pub about: &'static str,
    /// Takes the bytes, and panics where something does not hold.
    pub run: fn(&[u8]),
    /// Bytes to begin with, of peers that behave.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// Every target.
pub const TARGETS: &[&[Target]] = &[server::TARGETS, client::TARGETS, url::TARGETS];

/// The targets in one row.
pub fn targets() -> impl Iterator<Item = &'static Target> {
    TARGETS.iter().copied().flatten()
}

/// Runs one target; the name is one of this list.
pub fn run(name: &str, bytes: &[u8]) {
    let target = targets().find(|target| target.name == name);
    (target.unwrap_or_else(|| panic!("no target {name:?}")).run)(bytes);
}

/// No input of a few kilobytes may keep a peer busy for longer.
const PATIENCE: Duration = Duration::from_secs(20);

/// A runtime of one thread, so that the same bytes do the same again.
fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime needs nothing but files")
}
