//! `-v`: the bytes of one call on each wire, explained.

use snapbox::{assert_data_eq, file};

use crate::{Server, program, text};

/// What `-v` says of a call, without the times.
fn trace(arguments: &[&str]) -> String {
    let output = program().arg("call").args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    let said = text(&output);
    assert!(!said.contains('\x1b'), "no colours without a terminal: {said}");
    let last = said.lines().last().unwrap();
    assert!(last.starts_with("* connected after ") && last.ends_with(" ms in all"), "{last}");
    let address = arguments.iter().find_map(|word| word.split_once("://")).unwrap().1;
    let timeless =
        |line: &str| line.split("  +").next().unwrap_or_default().replace(address, "HOST:PORT") + "\n";
    said.lines().filter(|line| *line != last).map(timeless).collect()
}

/// The same without the bytes, on wires where they differ from run to run.
fn labels(arguments: &[&str]) -> String {
    let is_label = |line: &&str| !line.ends_with('|');
    let varies = |line: &str| ["   date: ", "   unmasked: "].iter().any(|name| line.contains(name));
    let said = trace(arguments);
    let mut lines: Vec<&str> = said.lines().filter(is_label).filter(|line| !varies(line)).collect();
    // Who speaks first is not always the same.
    lines.sort_by_key(|line| (!line.starts_with('*'), line.starts_with('<')));
    lines.join("\n") + "\n"
}

#[test]
fn the_same_bytes_every_time() {
    let server = Server::start(&["any"], &[]);
    let at = server.address("any");
    let said = trace(&["-v", &format!("gob://{at}"), "Arith.Multiply", r#"{"A":17,"B":8}"#]);
    assert_data_eq!(said, file!["transcripts/trace_gob.txt"].raw());
    let said = trace(&["-v", &format!("gob+http://{at}"), "h.Hello", r#""you""#]);
    assert_data_eq!(said, file!["transcripts/trace_gob_http.txt"].raw());
    let said = trace(&["-v", &format!("jsonrpc1+tcp://{at}"), "h.Hello", r#""you""#]);
    assert_data_eq!(said, file!["transcripts/trace_jsonrpc1.txt"].raw());
}

#[test]
fn the_same_pieces_every_time() {
    let server = Server::start(&["any"], &[]);
    let at = server.address("any");
    let mut said = String::new();
    for (wire, call) in [
        ("jsonrpc1+http", &["js.J", r#""you""#][..]),
        ("jsonrpc", &["add", "3", "2"]),
        ("jsonrpc+ws", &["add", "3", "2"]),
        ("xmlrpc", &["add", "3", "2"]),
        ("zerorpc", &["streaming_range", "0", "2", "1"]),
    ] {
        let url = format!("{wire}://{at}");
        said += &format!("$ manywire call -v {wire}://HOST:PORT {}\n", call.join(" "));
        said += &labels(&[&["-v", &url], call].concat());
    }
    assert_data_eq!(said, file!["transcripts/trace_labels.txt"].raw());
}

#[test]
fn a_call_of_grpc_has_its_frames_headers_and_messages() {
    let server = Server::start(&["any"], &[]);
    let url = format!("grpc://{}", server.address("any"));
    let said = labels(&["-v", &url, "Greeter/SayHello", r#"{"name":"you"}"#]);
    for line in [
        "> HTTP/2 preface, 24 bytes",
        "> HTTP/2 stream 1 (reflection) HEADERS",
        "< HTTP/2 stream 1 (reflection) DATA: gRPC message of",
        ">   :path: /Greeter/SayHello",
        "HEADERS, the last of its stream",
        "<   grpc-status: 0",
    ] {
        assert!(said.contains(line), "no {line} in {said}");
    }
    let sent = said.lines().rfind(|line| line.starts_with("> ") && line.contains("gRPC message of 5 bytes"));
    assert!(sent.is_some(), "{said}");
    let whole = trace(&["-vv", &url, "Greeter/SayHello", r#"{"name":"you"}"#]);
    assert!(
        whole.contains(">   :path: /grpc.reflection.v1.ServerReflection/ServerReflectionInfo"),
        "{whole}"
    );
    assert!(
        !said.contains("/grpc.reflection"),
        "one v tells of reflection, and shows what was asked for: {said}"
    );
}

#[test]
fn long_pieces_are_shortened_with_one_v_and_whole_with_two() {
    let server = Server::start(&["any"], &[]);
    let url = format!("jsonrpc1+tcp://{}", server.address("any"));
    let long = format!("\"{}\"", "x".repeat(1000));
    let once = trace(&["-v", &url, "h.Hello", &long]);
    assert_eq!(once.matches("; -vv shows all").count(), 2, "{once}");
    let twice = trace(&["-vv", &url, "h.Hello", &long]);
    assert_eq!(twice.matches("; -vv shows all").count(), 0);
    assert!(twice.matches("xxxxxxxxxxxxxxxx|").count() > 120, "{twice}");
}
