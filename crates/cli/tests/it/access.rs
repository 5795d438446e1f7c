//! The access log: a line for each call, on every wire, and none where nobody asked for it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::ChildStderr;

use manywire_client::{Client, Options};
use manywire_core::Value;
use rustix::process::Signal;
use serde_json::{Value as Json, json};

use crate::Server;

/// The next line about a call of this method.
fn line_of(log: &mut BufReader<ChildStderr>, method: &str) -> String {
    let mut lines = log.by_ref().lines().map(|line| line.unwrap());
    lines.find(|line| line.contains("manywire::access") && line.contains(method)).unwrap()
}

fn divide_by_zero(server: &Server) -> String {
    let mut stream = server.connect("any");
    let peer = stream.local_addr().unwrap().to_string();
    stream.write_all(br#"{"method":"Arith.Divide","params":[{"A":1,"B":0}],"id":1}"#).unwrap();
    stream.read_exact(&mut [0]).unwrap();
    peer
}

#[tokio::test]
async fn each_call_is_a_line_on_every_wire() {
    let (server, mut log) = Server::start_logged(&["any"], &["--access-log", "--token", "me:secret"]);
    let at = server.address("any").to_owned();
    for (scheme, wire) in [
        ("gob", "gob"),
        ("gob+http", "gob"),
        ("jsonrpc1+tcp", "jsonrpc1"),
        ("jsonrpc", "jsonrpc"),
        ("jsonrpc+ws", "jsonrpc"),
        ("xmlrpc", "xmlrpc"),
        ("zerorpc", "zerorpc"),
    ] {
        let client = Client::connect(&format!("{scheme}://{at}"), Options::default()).await.unwrap();
        client.call("hello", vec!["you".into()]).await.unwrap();
        let line = line_of(&mut log, "method=\"hello\"");
        assert!(line.contains(&format!("wire=\"{wire}\"")) && line.contains("outcome=\"ok\""), "{line}");
    }
    let answer = crate::get(server.connect("any"), "/call/hello?name=you");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(line_of(&mut log, "method=\"hello\"").contains("wire=\"http\""));
    // A guard refuses this one before the registry runs anything.
    let client = Client::connect(&format!("grpc://{at}"), Options::default()).await.unwrap();
    client.call("UserService/GetUser", vec![Value::map([("id", 1.into())])]).await.unwrap_err();
    let line = line_of(&mut log, "method=\"UserService.GetUser\"");
    assert!(line.contains("wire=\"grpc\"") && line.contains("outcome=\"unauthenticated\""), "{line}");
}

#[test]
fn a_line_is_an_object_in_a_log_of_json() {
    let (server, mut log) = Server::start_logged(&["any"], &["--access-log", "--log-format", "json"]);
    let peer = divide_by_zero(&server);
    let line: Json = serde_json::from_str(&line_of(&mut log, "Arith.Divide")).unwrap();
    let call = &line["fields"];
    assert_eq!(
        (&call["wire"], &call["method"], &call["peer"], &call["outcome"]),
        (&json!("jsonrpc1"), &json!("Arith.Divide"), &json!(peer), &json!("divide_by_zero")),
        "{line}"
    );
    let seconds = call["seconds"].as_f64().unwrap();
    assert!(seconds > 0.0 && seconds < 20.0, "{line}");
}

#[test]
fn nobody_who_did_not_ask_has_such_lines() {
    let (server, mut log) = Server::start_logged(&["any"], &[]);
    divide_by_zero(&server);
    server.signal(Signal::TERM);
    let mut said = String::new();
    log.read_to_string(&mut said).unwrap();
    assert!(said.contains("all calls finished") && !said.contains("manywire::access"), "{said}");
}
