//! `manywire gateway`: what it says at its start, and how it follows its servers.

use std::process::Output;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::{Server, get, program, text};

fn gateway(words: &[&str]) -> Output {
    program().arg("gateway").args(words).args(["--listen", "any=127.0.0.1:0"]).output().unwrap()
}

fn call(url: &str, words: &[&str]) -> Output {
    program().args(["call", url]).args(words).output().unwrap()
}

/// Waits until something is so.
fn until(is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(20), "it never came to be so");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn what_cannot_be_served_is_one_clear_line() {
    let server = Server::start(&["any"], &[]);
    let (gob, zerorpc) =
        (format!("gob://{}", server.address("any")), format!("zerorpc://{}", server.address("any")));
    for (words, said) in [
        (&[&*gob, &*zerorpc][..], "is a method of"),
        (&["gob://127.0.0.1:1"], "cannot connect to gob+tcp://127.0.0.1:1"),
        (&["nowhere"], "nowhere"),
        (&["a.b=gob://127.0.0.1:1"], "\"a.b\" is no prefix"),
        (&[&gob, "--method", "add(a: itn)"], "a type (nil, bool, int"),
        (&[&gob, "--methods", "no-such-file"], "--methods cannot be read: no-such-file"),
        (&[&gob, &zerorpc, "--method", "add(a, b)"], "--method add is of no server"),
        (&[&gob, "--forward-header", "Host"], "Host says how one connection sends its messages"),
    ] {
        let output = gateway(words);
        assert_eq!(output.status.code(), Some(1), "{words:?}");
        let line = text(&output);
        let lines: Vec<&str> = line.lines().filter(|line| line.starts_with("manywire: ")).collect();
        assert!(lines.len() == 1 && lines[0].contains(said), "{words:?}: {line}");
    }
}

#[test]
fn methods_are_served_from_a_file_and_under_a_prefix() {
    let server = Server::start(&["any"], &[]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("methods");
    std::fs::write(&file, "# Those that are wanted.\n\nold.add(a: int, b: int) -> int\n").unwrap();
    let zerorpc = format!("old=zerorpc://{}", server.address("any"));
    let gateway = Server::gateway(&zerorpc, &["any"], &["--methods", file.to_str().unwrap()]);
    let sum = call(&format!("xmlrpc://{}", gateway.address("any")), &["old.add", "2", "3"]);
    assert_eq!((sum.status.code(), &*sum.stdout), (Some(0), &b"5\n"[..]));
    let described = program()
        .args(["describe", &format!("gob://{}", gateway.address("any")), "old.add"])
        .output()
        .unwrap();
    let described = String::from_utf8(described.stdout).unwrap();
    assert!(described.starts_with("old.add(a: int, b: int) -> int"), "{described}");
}

#[test]
fn readiness_health_and_metrics_follow_the_server() {
    let server = Server::start(&["any"], &[]);
    let url = format!("gob://{}", server.address("any"));
    let gateway = Server::gateway(&url, &["any", "ops"], &[]);
    let ops = |path: &str| get(gateway.connect("ops"), path);
    assert!(ops("/readyz").starts_with("HTTP/1.1 200"));
    assert!(ops("/metrics").contains(&format!("manywire_upstream_up{{server=\"{url}\"}} 1")));
    // It asks again, and goes on.
    gateway.signal(Signal::HUP);
    let address = gateway.address("any");
    let product = call(&format!("jsonrpc://{address}"), &["Arith.Multiply", "17", "8"]);
    assert_eq!(&*product.stdout, b"136\n");
    drop(server);
    until(|| ops("/readyz").contains("not ready"));
    assert!(ops("/metrics").contains(&format!("manywire_upstream_up{{server=\"{url}\"}} 0")));
    let health = call(&format!("grpc://{address}"), &["grpc.health.v1.Health/Check"]);
    assert_eq!(&*health.stdout, b"{\"status\":\"NOT_SERVING\"}\n");
    let gone = call(&format!("jsonrpc://{address}"), &["Arith.Multiply", "17", "8"]);
    assert_eq!(gone.status.code(), Some(1));
    assert!(text(&gone).contains("(code -32004)"), "{}", text(&gone));
}
