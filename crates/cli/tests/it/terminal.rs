//! What only a person at a terminal sees. Python's pty module is the terminal.

use std::process::Command;

use crate::{Server, text};

/// What a command writes to a terminal of 80 columns.
fn typed(arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let script = "import os, pty, sys\n\
        seen = []\n\
        def read(fd):\n\
        \x20   data = os.read(fd, 65536)\n\
        \x20   seen.append(data)\n\
        \x20   return b''  if not data else data\n\
        status = pty.spawn(sys.argv[1:], read)\n\
        sys.exit(os.waitstatus_to_exitcode(status))\n";
    let mut command = Command::new("python3");
    command.args(["-c", script, env!("CARGO_BIN_EXE_manywire")]).args(arguments);
    command.env("TERM", "xterm").env_remove("NO_COLOR").envs(environment.iter().copied());
    let output = command.stdin(std::process::Stdio::null()).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned() + &text(&output)
}

#[test]
fn colours_are_for_terminals_that_want_them() {
    let server = Server::start(&["any"], &[]);
    let url = format!("gob://{}", server.address("any"));
    let call = ["call", "-v", &url, "h.Hello", "\"x\""];
    assert!(typed(&call, &[]).contains("\x1b[32m> "));
    let plain = typed(&call, &[("NO_COLOR", "1")]);
    assert!(plain.contains("> gob request header") && !plain.contains('\x1b'), "{plain}");
    let wrong = typed(&["call", "soap://h:1", "x"], &[]);
    assert!(wrong.contains("\x1b[31mmanywire:\x1b[0m"), "{wrong:?}");
}

#[test]
fn only_a_long_answer_is_spread_over_lines() {
    let server = Server::start(&["any"], &[]);
    let url = format!("jsonrpc://{}", server.address("any"));
    assert_eq!(typed(&["call", &url, "ping", "[1,2]"], &[]), "[1,2]\r\n");
    let long = format!("[{}1]", "1,".repeat(80));
    let spread = typed(&["call", &url, "ping", &long], &[]);
    assert_eq!(spread.lines().count(), 83, "{spread}");
}

#[test]
fn a_transfer_has_a_bar_that_is_gone_in_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&["any"], &["--data-dir", folder.path().to_str().unwrap()]);
    let url = format!("grpc://{}", server.address("any"));
    let file = folder.path().join("file");
    std::fs::File::create(&file).unwrap().set_len(50_000_000).unwrap();
    let seen = typed(&["upload", &url, file.to_str().unwrap(), "copy"], &[]);
    assert!(seen.contains("MiB/s"), "{seen:?}");
    assert!(seen.ends_with("{\"state\":\"success\"}\r\n"), "{seen:?}");
    // The line was cleared before the answer was printed on it.
    assert!(seen.contains("\x1b[2K{\"state\"") || seen.contains("\x1b[2K\r{\"state\""), "{seen:?}");
}
