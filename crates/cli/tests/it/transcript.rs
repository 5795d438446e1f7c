//! What the client's commands print, word for word: each file in `transcripts/` is a session in a terminal.
//!
//! `SNAPSHOTS=overwrite cargo test -p manywire-cli --test it` writes them anew.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::TcpListener;
use std::process::{Output, Stdio};

use snapbox::{Data, assert_data_eq};

use crate::{Server, program};

/// A session, with what differs from run to run under fixed names.
pub(crate) struct Transcript {
    text: String,
    names: Vec<(String, &'static str)>,
}

impl Transcript {
    pub(crate) fn new(names: impl IntoIterator<Item = (String, &'static str)>) -> Self {
        Self { text: String::new(), names: names.into_iter().collect() }
    }

    /// Runs a command that is typed as a shell would have it; `'` quotes.
    pub(crate) fn run(&mut self, typed: &str) {
        self.run_with(typed, "");
    }

    /// Runs a command with something on stdin.
    pub(crate) fn run_with(&mut self, typed: &str, input: &str) {
        let mut real = typed.to_owned();
        for (value, name) in &self.names {
            real = real.replace(name, value);
        }
        let mut child = program()
            .args(words(&real))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that does not read is no failure.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        let _ = write!(self.text, "$ manywire {typed}\n{}", self.said(&output));
    }

    fn said(&self, output: &Output) -> String {
        let mut said = String::from_utf8_lossy(&[&*output.stdout, &output.stderr].concat()).into_owned();
        for (value, name) in &self.names {
            said = said.replace(value, name);
        }
        assert!(!said.contains("panicked"), "{said}");
        match output.status.code() {
            Some(0) => {}
            Some(code) => _ = writeln!(said, "[exit {code}]"),
            None => _ = writeln!(said, "[{}]", output.status),
        }
        said
    }

    pub(crate) fn compare(self, expected: Data) {
        assert_data_eq!(self.text, expected.raw());
    }
}

fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for (at, part) in line.split('\'').enumerate() {
        if at % 2 == 1 {
            words.last_mut().unwrap().push_str(part);
        } else {
            let mut pieces = part.split(' ');
            words.last_mut().unwrap().push_str(pieces.next().unwrap());
            words.extend(pieces.map(str::to_owned));
        }
    }
    words
}

/// A session with a server of every wire at HOST:PORT, and its folder at DIR.
pub(crate) fn session() -> (Server, tempfile::TempDir, Transcript) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap().to_owned();
    let server = Server::start(&["any"], &["--tick", "10ms", "--data-dir", &path]);
    let names = [(server.address("any").to_owned(), "HOST:PORT"), (path, "DIR")];
    (server, folder, Transcript::new(names))
}

#[test]
fn wrong_urls() {
    let mut shell = Transcript::new([]);
    for url in [
        "127.0.0.1:7070",
        "example.org:80/RPC2",
        "gob:/127.0.0.1:1234",
        "soap://127.0.0.1:80",
        "grcp://127.0.0.1:7070",
        "http://127.0.0.1:8080/",
        "ws://127.0.0.1:8080",
        "grpc://localhost",
        "xmlrpc://localhost/RPC2",
        "grpc://localhost:7070/Greeter/SayHello",
        "gob://localhost:http",
        "gob://",
        "gob://a:1,b",
    ] {
        shell.run(&format!("call {url} add 1 2"));
    }
    shell.compare(snapbox::file!["transcripts/wrong_urls.txt"]);
}

#[test]
fn another_wire_than_the_url_says() {
    let listeners = [
        ("ops", "HOST:PORT"),
        ("netrpc", "NETRPC"),
        ("jsonrpc", "JSONRPC"),
        ("xmlrpc", "XMLRPC"),
        ("zerorpc", "ZERORPC"),
        ("grpc", "GRPC"),
    ];
    let folder = tempfile::tempdir().unwrap();
    let data_dir = ["--data-dir", folder.path().to_str().unwrap()];
    let server = Server::start(&listeners.map(|(wires, _)| wires), &data_dir);
    let mut shell = Transcript::new(listeners.map(|(wires, name)| (server.address(wires).to_owned(), name)));
    for url in [
        "gob://HOST:PORT",
        "jsonrpc1+tcp://HOST:PORT",
        "zerorpc://HOST:PORT",
        "jsonrpc://NETRPC",
        "jsonrpc://HOST:PORT",
        "xmlrpc://NETRPC",
        "grpc://NETRPC",
        "grpc://JSONRPC",
        "jsonrpc://GRPC",
        "jsonrpc://XMLRPC",
        "jsonrpc://ZERORPC",
        "jsonrpc+ws://GRPC",
        "xmlrpc://JSONRPC",
        "xmlrpc://GRPC",
        "gob://JSONRPC",
        "gob://ZERORPC",
        "gob+http://XMLRPC",
        "zerorpc://NETRPC",
        "jsonrpc1+tcp://XMLRPC",
        "grpc://ZERORPC",
    ] {
        shell.run(&format!("call {url} add 1"));
    }
    shell.compare(snapbox::file!["transcripts/another_wire_than_the_url_says.txt"]);
}

#[test]
fn wrong_arguments() {
    let (_server, _folder, mut shell) = session();
    shell.run("call gob://HOST:PORT Arith.Multiply {A:17,B:8}");
    shell.run("call gob://HOST:PORT Arith.Multiply A:17 B:8");
    shell.run("call gob://HOST:PORT Arith.Multiply '{\"A\":17'");
    shell.run("call gob://HOST:PORT Arith.Multiply 1 2");
    shell.run("call gob://HOST:PORT Arith.Multiply '{\"A\":\"x\"}'");
    shell.run("call gob://HOST:PORT h.Hello world");
    shell.run("call gob://HOST:PORT h.Hello @DIR/none.json");
    shell.run("call gob://HOST:PORT h.Hello --set =5");
    shell.run("call gob://HOST:PORT h.Hello --set A=5 6");
    shell.run_with("call gob://HOST:PORT h.Hello -", "{");
    shell.run("call jsonrpc://HOST:PORT add - -");
    shell.run("call jsonrpc://HOST:PORT add 1");
    shell.run("call jsonrpc://HOST:PORT add 1 '\"x\"'");
    shell.run("call xmlrpc://HOST:PORT add 1 two");
    shell.run("call zerorpc://HOST:PORT add 1");
    shell.run("call grpc://HOST:PORT Greeter/SayHello '{\"nam\":\"x\"}'");
    shell.run("call grpc://HOST:PORT Greeter/SayHello 1 2");
    shell.run("call grpc://HOST:PORT Greeter/PutStream '{\"data\":1}'");
    shell.run_with("call grpc://HOST:PORT Greeter/PutStream -", "{\"data\":\"a\"} nonsense");
    shell.run_with("call grpc://HOST:PORT Greeter/PutStream -", "{\"data\":\"a\"}{\"dat\":\"b\"}");
    shell.run("call grpc://HOST:PORT UserService/GetUser --set id=99999999999999999999");
    shell.run_with("call grpc://HOST:PORT Greeter/PutStream - --repeat 2", "{\"data\":\"a\"}");
    shell.run_with("call grpc://HOST:PORT Greeter/PutStream '{\"data\":\"a\"}' -", "{\"data\":");
    shell.compare(snapbox::file!["transcripts/wrong_arguments.txt"]);
}

#[test]
fn wrong_methods() {
    let (_server, _folder, mut shell) = session();
    for (wire, method) in [
        ("gob", "Arith.Multply"),
        ("gob", "Arth.Multiply"),
        ("gob", "nothing.like.it"),
        ("gob", "Arith/Multiply"),
        ("jsonrpc1+tcp", "Js.Jay"),
        ("jsonrpc", "ad"),
        ("jsonrpc+ws", "pong"),
        ("xmlrpc", "substract"),
        ("zerorpc", "streaming_rang"),
        ("grpc", "Greeter/SayHi"),
        ("grpc", "Greter.SayHello"),
        ("grpc", "sayhello"),
        ("grpc", "Nothing/AtAll"),
    ] {
        shell.run(&format!("call {wire}://HOST:PORT {method}"));
    }
    shell.run("describe jsonrpc://HOST:PORT ad");
    shell.run("describe grpc://HOST:PORT UserService.GetUsr");
    shell.run("describe zerorpc://HOST:PORT nothing");
    shell.compare(snapbox::file!["transcripts/wrong_methods.txt"]);
}

#[test]
fn errors_of_the_server() {
    let (_server, _folder, mut shell) = session();
    shell.run("call gob://HOST:PORT Arith.Divide '{\"A\":1,\"B\":0}'");
    shell.run("call gob+http://HOST:PORT Arith.Divide --set A=1 --set B=0");
    shell.run("call jsonrpc1+tcp://HOST:PORT Arith.Divide '{\"A\":1,\"B\":0}'");
    shell.run("call jsonrpc1+http://HOST:PORT Arith.Divide '{\"A\":1,\"B\":0}'");
    shell.run("call jsonrpc://HOST:PORT pow 0 -1");
    shell.run("call jsonrpc+ws://HOST:PORT pow 0 -1");
    shell.run("call xmlrpc://HOST:PORT divide 1 0");
    shell.run("call zerorpc://HOST:PORT getpow 0 -1");
    shell.run("call grpc://HOST:PORT UserService/GetUser '{\"id\":0}'");
    shell.run("call grpc://HOST:PORT FileService/DownLoad '{\"name\":\"none\"}'");
    shell.run("call --repeat 5 jsonrpc://HOST:PORT pow 0 -1");
    shell.run("call zerorpc://HOST:PORT divide 1 0");
    shell.run("call --json-errors zerorpc://HOST:PORT divide 1 0");
    shell.run("call --json-errors grpc://HOST:PORT UserService/GetUser '{\"id\":0}'");
    shell.run("call --json-errors gob://HOST:PORT Arith.Divide '{\"A\":1,\"B\":0}'");
    shell.run("call --json-errors jsonrpc://HOST:PORT ad 1");
    shell.run("describe --json-errors xmlrpc://HOST:PORT nothing");
    shell.run("call --json-errors xmlrpc://127.0.0.1:1 add 1 2");
    shell.run("call --json-errors gob://HOST:PORT h.Hello you");
    shell.run("call --json-errors nonsense add");
    shell.compare(snapbox::file!["transcripts/errors_of_the_server.txt"]);
}

#[test]
fn what_a_wire_cannot_do() {
    let (_server, _folder, mut shell) = session();
    for wire in ["gob", "xmlrpc", "zerorpc", "grpc"] {
        shell.run(&format!("call --notify {wire}://HOST:PORT add 1"));
    }
    shell.run("call jsonrpc://HOST:PORT subscribe_ticks");
    shell.run("call -H a:b gob://HOST:PORT h.Hello '\"x\"'");
    shell.run("call -H a gob://HOST:PORT h.Hello '\"x\"'");
    shell.run("call -H 'a b: c' jsonrpc://HOST:PORT add 1 2");
    shell.run("call -H 'a b: c' grpc://HOST:PORT Greeter/SayHello");
    shell.run("call -k zerorpc://HOST:PORT hello '\"x\"'");
    shell.run("call --cacert DIR/none.pem grpcs://HOST:PORT Greeter/SayHello");
    shell.run("call --cert DIR/none.pem grpcs://HOST:PORT Greeter/SayHello");
    shell.run("call --repeat 0 gob://HOST:PORT h.Hello '\"x\"'");
    shell.run("upload jsonrpc://HOST:PORT DIR");
    shell.run("upload grpc://HOST:PORT DIR");
    shell.run("upload grpc://HOST:PORT DIR/none");
    shell.run("upload grpc://HOST:PORT -");
    shell.run("download zerorpc://HOST:PORT name");
    shell.run("download grpc://HOST:PORT none DIR/target");
    shell.run("download grpc://HOST:PORT a/b");
    shell.run("download grpc://HOST:PORT name DIR");
    shell.run("man nothing");
    shell.compare(snapbox::file!["transcripts/what_a_wire_cannot_do.txt"]);
}

#[test]
fn servers_that_are_not_there_or_silent() {
    // Bound and never accepting: a connection is made, and no answer comes.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut shell = Transcript::new([(silent.local_addr().unwrap().to_string(), "SILENT")]);
    for wire in [
        "gob",
        "gob+http",
        "jsonrpc1+tcp",
        "jsonrpc1+http",
        "jsonrpc",
        "jsonrpc+ws",
        "xmlrpc",
        "zerorpc",
        "grpc",
    ] {
        shell.run(&format!("call {wire}://127.0.0.1:1 add 1"));
    }
    for wire in [
        "gob",
        "gob+http",
        "jsonrpc1+tcp",
        "jsonrpc1+http",
        "jsonrpc",
        "jsonrpc+ws",
        "xmlrpc",
        "zerorpc",
        "grpc",
    ] {
        shell.run(&format!("call --timeout 50ms {wire}://SILENT add 1"));
    }
    shell.run("call --retries 1 gob://127.0.0.1:1,127.0.0.1:2 add 1");
    shell.compare(snapbox::file!["transcripts/servers_that_are_not_there_or_silent.txt"]);
}

#[test]
fn what_works() {
    let (_server, folder, mut shell) = session();
    std::fs::write(folder.path().join("args.json"), "{\"A\":6,\n\"B\":7}\n").unwrap();
    shell.run("call gob://HOST:PORT Arith.Multiply @DIR/args.json");
    shell.run_with("call jsonrpc://HOST:PORT subtract 9 -", "4\n");
    shell.run_with("call jsonrpc://HOST:PORT subtract - 9", "4\n");
    shell.run("call jsonrpc://HOST:PORT --set x=2 --set y=5 subtract");
    shell.run("call jsonrpc://HOST:PORT ping '{\"a\":[1.5,null,\"é\\u001b\"]}'");
    shell.run("call --notify jsonrpc://HOST:PORT add 1 2");
    shell.run("call -H 'accept-language: zh' grpc://HOST:PORT Greeter/SayHello --set name=you");
    shell.run("call grpc://HOST:PORT Greeter/PutStream '{\"data\":\"a\"}' '{\"data\":\"b\"}'");
    shell.run_with("call grpc://HOST:PORT Greeter/PutStream -", "{\"data\":\"a\"}{\"data\":\n\"b\"}\n\n{}\n");
    shell.run_with(
        "call grpc://HOST:PORT ChatService/TextChat '{\"message\":\"a\"}' - '{\"message\":\"c\"}'",
        "{\"message\":\"b\"}",
    );
    shell.run_with("call grpc://HOST:PORT Greeter/PutStream -", "");
    shell.run("list gob://HOST:PORT");
    shell.run("describe jsonrpc://HOST:PORT pow");
    shell.run("describe grpc://HOST:PORT UpFileService/UpLoad");
    shell.compare(snapbox::file!["transcripts/what_works.txt"]);
}
