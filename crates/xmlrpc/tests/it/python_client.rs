//! Python's `xmlrpc.client`, unmodified, against our server.

use manywire_core::Limits;

use crate::serving::{python, serve};

#[tokio::test]
async fn pythons_client_finds_every_type_fault_and_method() {
    let Some(mut calls) = python("calls.py") else { return };
    let address = serve(Limits::default()).await;
    let output = calls.arg(format!("http://{address}/RPC2")).output().await.unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "every check held");
}
