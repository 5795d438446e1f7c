//! The interpreter of the Python peers.

use std::collections::BTreeMap;
use std::env;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::skip;

/// An interpreter that has this module: `$MANYWIRE_PYTHON`, which must have it, or else the one in `.venv` or `python3`. Where
/// there is none, the test is skipped.
pub fn python(module: &str) -> Option<&'static str> {
    static INTERPRETER: OnceLock<String> = OnceLock::new();
    let chosen = env::var("MANYWIRE_PYTHON").ok();
    let interpreter = INTERPRETER.get_or_init(|| {
        let in_venv = concat!(env!("CARGO_MANIFEST_DIR"), "/../../.venv/bin/python");
        let found = if Path::new(in_venv).is_file() { in_venv } else { "python3" };
        chosen.clone().unwrap_or_else(|| found.to_owned())
    });
    if imports(interpreter, module) {
        return Some(interpreter);
    }
    assert!(chosen.is_none(), "{interpreter}, which MANYWIRE_PYTHON names, cannot import {module}");
    skip("no Python that has the packages of python/requirements-test.txt (MANYWIRE_PYTHON names one)");
    None
}

/// Whether a module is there, tried once.
fn imports(interpreter: &str, module: &str) -> bool {
    static TRIED: Mutex<BTreeMap<String, bool>> = Mutex::new(BTreeMap::new());
    let mut tried = TRIED.lock().unwrap_or_else(PoisonError::into_inner);
    *tried.entry(module.to_owned()).or_insert_with(|| {
        let mut import = Command::new(interpreter);
        import.args(["-c", &format!("import {module}")]).stdout(Stdio::null()).stderr(Stdio::null());
        import.status().is_ok_and(|status| status.success())
    })
}
