//! Values that JSON has no form for, and texts that stand for them where the server says what it takes.

use crate::{Server, program, text};

/// What a call prints, and what `-vv` shows of its bytes.
fn call(arguments: &[&str]) -> (String, String) {
    let output = program().args(["call", "-vv"]).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", text(&output));
    (String::from_utf8_lossy(&output.stdout).trim_end().to_owned(), text(&output))
}

#[test]
fn every_value_can_be_said_on_the_wires_that_have_it() {
    let server = Server::start(&["any"], &[]);
    let at = server.address("any");
    let (gob, xmlrpc) = (format!("gob://{at}"), format!("xmlrpc://{at}/RPC2"));
    let zerorpc = format!("zerorpc://{at}");
    for (arguments, answer, shown) in [
        (&[&*xmlrpc, "echo", r#"{"$bytes":"aGk="}"#][..], r#""aGk=""#, "base64>aGk="),
        (
            &[&xmlrpc, "echo", r#"{"$time":"2026-01-02T03:04:05"}"#],
            r#""2026-01-02T03:04:05""#,
            "dateTime.iso8601",
        ),
        (&[&xmlrpc, "echo", r#"{"$float":"NaN"}"#], "\"NaN\"", "<double>nan"),
        (&[&zerorpc, "echo", r#"{"$bytes":"aGk="}"#], r#""aGk=""#, "c4 02 68 69"),
        (&[&gob, "ping", r#"{"$bytes":"aGk="}"#], r#""aGk=""#, "[]byte"),
        (&[&gob, "ping", r#"{"$time":"2026-01-02T03:04:05Z"}"#], r#""2026-01-02T03:04:05Z""#, "GobEncoder"),
        (&[&gob, "ping", r#"{"$map":{"apples":3}}"#], r#"{"Apples":3}"#, "> gob type definition 67: map"),
        (&[&gob, "ping", r#"{"apples":3}"#], r#"{"Apples":3}"#, "> gob type definition 67: struct"),
        (&[&gob, "--set", "name=5", "hello"], r#""Hello,5""#, "Hello,5"),
    ] {
        let (said, trace) = call(arguments);
        // The texts beside the bytes, as one.
        let plain: String =
            trace.lines().filter_map(|line| line.strip_suffix('|')?.split('|').nth(1)).collect();
        assert_eq!(said, answer, "{arguments:?}");
        assert!(trace.contains(shown) || plain.contains(shown), "{arguments:?} shows no {shown}: {trace}");
    }
    let output = program().args(["call", &gob, "ping", r#"{"$bytes":"?"}"#]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output).contains("argument 1: \"?\" is no base64"), "{}", text(&output));
}

#[test]
fn a_text_stays_a_text_where_the_method_takes_one() {
    let server = Server::start(&["any"], &[]);
    let at = server.address("any");
    for wire in
        ["gob", "gob+http", "jsonrpc1+tcp", "jsonrpc1+http", "jsonrpc", "jsonrpc+ws", "xmlrpc", "zerorpc"]
    {
        let url = format!("{wire}://{at}");
        let output = program().args(["call", &url, "hello", "--set", "name=5"]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "\"Hello,5\"\n", "{wire}: {}", text(&output));
        let output = program().args(["call", &url, "sleep", "--set", "ms=1"]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "1\n", "{wire}: {}", text(&output));
    }
}

#[test]
fn an_error_is_the_same_line_on_every_wire() {
    let server = Server::start(&["any"], &[]);
    let at = server.address("any");
    for wire in
        ["gob", "gob+http", "jsonrpc1+tcp", "jsonrpc1+http", "jsonrpc", "jsonrpc+ws", "xmlrpc", "zerorpc"]
    {
        let url = format!("{wire}://{at}");
        for (call, kind, message) in [
            (&["Arith.Divide", "1", "0"][..], "failed", "divide by zero."),
            (&["add", "1"], "invalid_params", "add(a: number, b: number) takes 2 parameters, got 1"),
            (
                &["add", "--set", "a=1", "--set", "c=2"],
                "invalid_params",
                "add has no parameter `c`; call it as add(a: number, b: number)",
            ),
            (&["sleep", "-1"], "failed", "cannot sleep -1 ms; give 0 to 60000"),
        ] {
            let output = program().args(["call", "--json-errors", &url]).args(call).output().unwrap();
            let error: serde_json::Value = serde_json::from_str(&text(&output)).unwrap();
            assert_eq!(
                (&error["kind"], &error["message"]),
                (&kind.into(), &message.into()),
                "{wire} {call:?}"
            );
            let code = if error["origin"] == "usage" { 2 } else { 1 };
            assert_eq!(output.status.code(), Some(code), "{wire} {call:?}");
        }
    }
}
