//! Streams from a terminal: items as they come, requests as they are typed, and Ctrl-C.

use std::io::{BufRead as _, BufReader, Lines, Read as _, Write as _};
use std::process::{Child, ChildStdout, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::{Server, get, program};

fn spawn(arguments: &[&str]) -> (Child, impl FnMut() -> String + use<>) {
    let (child, mut lines) = start(arguments);
    (child, move || lines.next().unwrap().unwrap())
}

fn start(arguments: &[&str]) -> (Child, Lines<BufReader<ChildStdout>>) {
    let mut child = program()
        .arg("call")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    (child, lines)
}

#[test]
fn requests_are_sent_as_they_are_typed() {
    let server = Server::start(&["any"], &[]);
    let url = format!("grpc://{}", server.address("any"));
    let (mut child, mut next) = spawn(&[&url, "ChatService/TextChat", "-"]);
    let mut stdin = child.stdin.take().unwrap();
    for at in 0..3 {
        // The next line is typed only after the answer to the last was read.
        writeln!(stdin, "{{\"message\":\"{at}\"}}").unwrap();
        assert_eq!(next(), format!("{{\"message\":\"server send world to client!i={at}\"}}"));
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

#[test]
fn whoever_types_may_take_longer_than_a_server() {
    let server = Server::start(&["any"], &[]);
    let url = format!("grpc://{}", server.address("any"));
    let (mut child, mut next) = spawn(&["--timeout", "500ms", &url, "Greeter/PutStream", "-"]);
    let mut stdin = child.stdin.take().unwrap();
    writeln!(stdin, "{{}}").unwrap();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(800) && child.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    writeln!(stdin, "{{}}").unwrap();
    drop(stdin);
    assert_eq!(next(), "{\"data\":\"received 2\"}");
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_server_that_is_killed_under_way_is_not_taken_for_one_of_another_wire() {
    for (scheme, call) in [
        ("jsonrpc+ws", &["subscribe_ticks"][..]),
        ("grpc", &["Greeter/AllStream", "-"]),
        ("zerorpc", &["streaming_range", "0", "1000000000", "1"]),
        ("gob", &["--repeat", "1000000000", "h.Hello", "\"x\""]),
    ] {
        let mut server = Server::start(&["any"], &["--tick", "10ms"]);
        let url = format!("{scheme}://{}", server.address("any"));
        let (mut child, mut lines) = start(&[&[&*url], call].concat());
        lines.next().unwrap().unwrap();
        server.child.kill().unwrap();
        server.child.wait().unwrap();
        lines.for_each(drop);
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert!(!child.wait().unwrap().success(), "{scheme}");
        assert!(!said.contains("spoken"), "{scheme}: {said}");
    }
}

#[test]
fn ctrl_c_ends_a_stream_and_the_server_is_told() {
    let server = Server::start(&["any", "ops"], &["--tick", "10ms"]);
    let at = server.address("any");
    for (url, call) in [
        (format!("jsonrpc+ws://{at}"), &["subscribe_ticks"][..]),
        (format!("grpc://{at}"), &["Greeter/AllStream", "-"]),
        (format!("zerorpc://{at}"), &["streaming_range", "0", "1000000000", "1"]),
    ] {
        for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
            let (mut child, mut next) = spawn(&[&[&*url], call].concat());
            next();
            // Nobody reads on, and stdin stays open.
            kill_process(Pid::from_child(&child), signal).unwrap();
            assert_eq!(child.wait().unwrap().code(), Some(code), "{url}");
            let said = std::io::read_to_string(child.stderr.take().unwrap()).unwrap();
            assert_eq!(said, "", "{url}");
        }
    }
    let deadline = Instant::now() + Duration::from_secs(20);
    let open = || {
        let metrics = get(server.connect("ops"), "/metrics");
        let open = metrics.lines().filter(|line| line.starts_with("manywire_connections{"));
        // The one that asks is of HTTP.
        open.filter(|line| !line.ends_with(" 0") && !line.ends_with("{wire=\"http\"} 1"))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    while !open().is_empty() {
        assert!(Instant::now() < deadline, "{:?}", open());
    }
}

#[test]
fn a_call_is_repeated_on_one_connection() {
    let server = Server::start(&["any", "ops"], &[]);
    let url = format!("gob://{}", server.address("any"));
    let output = program().args(["call", "--repeat", "50", &url, "h.Hello", "\"x\""]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "\"hello,x\"\n");
    let said = crate::text(&output);
    assert!(said.starts_with("50 calls in ") && said.contains(", median "), "{said}");
    let metrics = get(server.connect("ops"), "/metrics");
    assert!(metrics.contains("manywire_calls_total{method=\"h.Hello\",wire=\"gob\"} 50"), "{metrics}");
    assert!(metrics.contains("manywire_connections_total{wire=\"gob\"} 1"), "{metrics}");
}

#[test]
fn a_server_that_is_not_there_yet_is_waited_for() {
    // A port that was free a moment ago.
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for url in [format!("gob://{address}"), format!("grpc://{address}")] {
        let (method, argument) =
            if url.starts_with("gob") { ("h.Hello", "\"x\"") } else { ("Greeter/SayHello", "{}") };
        let arguments = ["call", "--retries", "50", "--timeout", "20s", &url, method, argument];
        let child = program().args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let refused = program().args(["call", &url, method]).output().unwrap();
        assert_eq!(refused.status.code(), Some(3));
        let mut server = program()
            .args(["serve", "--listen", &format!("any={address}")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let output = child.wait_with_output().unwrap();
        server.kill().unwrap();
        server.wait().unwrap();
        assert!(output.status.success(), "{}", crate::text(&output));
    }
}
