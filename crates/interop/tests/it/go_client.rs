//! Go's own clients, unmodified, against our server: each form on the port of net/rpc, and on the port of every wire.

use std::process::Command;

use manywire_interop::build::{go_program, manywire};
use manywire_interop::peer::Peer;

#[test]
fn gob_over_tcp() {
    check("gob");
}

#[test]
fn gob_over_http() {
    check("http");
}

#[test]
fn json_over_tcp() {
    check("json");
}

#[test]
fn json_by_post() {
    check("post");
}

/// Runs every case of the Go program in one form.
fn check(form: &str) {
    let Some(client) = go_program("netrpc-client") else { return };
    for wires in ["netrpc", "any"] {
        let mut serve = Command::new(manywire());
        serve.args(["serve", "--listen", &format!("{wires}=127.0.0.1:0")]);
        let server = Peer::start(serve, 1);
        let address = server.address(wires);
        let ran = Command::new(&client).args(["-form", form, "-addr", address]).output().unwrap();
        let said = String::from_utf8_lossy(&ran.stdout);
        assert!(ran.status.success(), "{form} at the port of {wires}:\n{said}");
    }
}
