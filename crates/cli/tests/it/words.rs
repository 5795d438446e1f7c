//! What the program says when something is wrong: one clear line, and no backtrace.

use std::net::TcpListener;

use crate::{Server, program, text};

#[test]
fn a_taken_port_is_one_line_and_exit_1() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let output = program().args(["serve", "--listen", &format!("netrpc={address}")]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let whose = format!("(process {}) listens there", std::process::id());
    let said = text(&output);
    let (before, after) = said.split_once(&whose).unwrap_or_else(|| panic!("{said}"));
    assert!(
        before.starts_with(&format!(
            "manywire: cannot listen on {address} for netrpc: Address already in use (os error 98); "
        )),
        "{said}"
    );
    assert_eq!(
        after,
        "; choose another port with --listen, such as --listen netrpc=127.0.0.1:0, or another address with --host\n"
    );
    assert!(output.stdout.is_empty());
}

#[test]
fn mistakes_are_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, "tik = \"1s\"\n").unwrap();
    let file = file.path().to_str().unwrap();
    for (arguments, code, words) in [
        (&["serve", "--listen", "soap=127.0.0.1:1"][..], 2, "no wire \"soap\"; there are any, netrpc"),
        (&["serve", "--listen", "any"], 2, "write WIRES=ADDR:PORT"),
        (&["serve", "--tick", "soon"], 2, "write a time such as 50ms"),
        (&["serve", "--tls-cert", "x.pem"], 2, "--tls-key"),
        (&["serve", "--config", "/no/such/file"], 1, "cannot read the configuration file /no/such/file"),
        (&["serve", "--config", file], 1, "no option tik; did you mean tick?"),
        (&["serve", "--listen", "grpc,any=127.0.0.1:1"], 2, "any stands alone"),
        (&["serve", "--max-connections", "0"], 2, "0 would serve nobody; give a number from 1 up"),
        (&["serve", "--max-message", "0"], 2, "0 bytes would serve nobody"),
        (
            &["serve", "--max-connection-memory", "1MiB"],
            1,
            "a message of --max-message (16.0 MiB) does not fit into --max-connection-memory (1.0 MiB)",
        ),
        (&["serve", "--max-nesting", "deep"], 2, "give a number from 1 up"),
        (&["health", "127.0.0.1:1"], 1, "no answer from the operations port 127.0.0.1:1"),
        (&["serv"], 2, "serve"),
    ] {
        let output = program().args(arguments).output().unwrap();
        let said = text(&output);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(words), "{arguments:?}: {said}");
        assert!(!said.contains("backtrace") && !said.contains("panicked"), "{said}");
    }
}

#[test]
fn a_certificate_that_cannot_be_shown_is_explained() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../client/tests/it");
    let files = [
        "--tls-cert",
        &format!("{folder}/version_1.pem"),
        "--tls-key",
        &format!("{folder}/version_1_key.pem"),
    ];
    let output = program().args(["serve", "--listen", "any=127.0.0.1:0"]).args(files).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output).contains("version_1.pem: the certificate is of X.509's version 1"),
        "{}",
        text(&output)
    );
}

#[test]
fn a_host_beside_listeners_is_said_to_have_no_effect() {
    let arguments =
        ["serve", "--host", "0.0.0.0", "--listen", "any=127.0.0.1:0", "--tls-cert", "x", "--tls-key", "y"];
    let output = program().args(arguments).output().unwrap();
    assert!(text(&output).contains("host has no effect"), "{}", text(&output));
}

#[test]
fn little_memory_for_long_messages_is_said() {
    let arguments =
        ["serve", "--max-connection-memory=32MiB", "--listen=any=127.0.0.1:0", "--tls-cert=x", "--tls-key=y"];
    let output = program().args(arguments).output().unwrap();
    let warning = "long messages may be refused: --max-message (16.0 MiB) is more than a quarter of --max-connection-memory (32.0 MiB)";
    assert!(text(&output).contains(warning), "{}", text(&output));
}

#[test]
fn the_environment_is_heard_and_a_flag_beats_it() {
    let serve = |flags: &[&str]| {
        let mut command = program();
        command.env("MANYWIRE_TICK", "nonsense").env("MANYWIRE_LISTEN", "any=127.0.0.1:0 ops=127.0.0.1:0");
        command.arg("serve").args(flags).args(["--config", "/no/such/file"]).output().unwrap()
    };
    assert!(text(&serve(&[])).contains("nonsense"));
    assert!(text(&serve(&["--tick", "1s"])).contains("/no/such/file"));
}

#[test]
fn health_follows_readiness() {
    let server = Server::start(&["any", "ops"], &[]);
    let ready = program().args(["health", server.address("ops")]).output().unwrap();
    assert!(ready.status.success(), "{}", text(&ready));
    let wrong = program().args(["health", server.address("any")]).output().unwrap();
    assert!(text(&wrong).contains("does not look like an operations port"), "{}", text(&wrong));
}
