//! Python's `requests`, unmodified, against our server.

use std::path::PathBuf;

use manywire_core::Limits;
use tokio::process::Command;

use crate::serving::serve;

#[tokio::test]
async fn pythons_requests_calls_reads_streams_and_is_told_what_is_wrong() {
    let Some(interpreter) = manywire_peers::python("requests") else { return };
    let script: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests", "peers", "calls.py"].iter().collect();
    let address = serve(Limits::default()).await.address;
    let mut calls = Command::new(interpreter);
    calls.arg("-u").arg(script).arg(format!("http://{address}")).kill_on_drop(true);
    let output = calls.output().await.unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "every check held");
}
