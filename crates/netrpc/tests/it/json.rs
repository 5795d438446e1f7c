//! JSON-RPC 1.0 over TCP, as a raw socket speaks it. What Go's own server answers to the same is in `expected`.

use std::time::Duration;

use manywire_core::Limits;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};

use crate::{Form, exchange, serve};

async fn answer(request: &str) -> String {
    String::from_utf8(exchange(Form::Json, request.as_bytes()).await).unwrap()
}

#[tokio::test]
async fn requests_need_no_delimiter() {
    let one = r#"{"method":"js.J","params":["a"],"id":1}"#;
    assert_eq!(
        answer(&format!("{one}{one}\r\n {one}")).await,
        "{\"id\":1,\"result\":\"123,a\",\"error\":null}\n".repeat(3)
    );
}

#[tokio::test]
async fn ids_come_back_as_they_were_sent() {
    for id in [
        "0",
        "-1",
        "1.50",
        "18446744073709551616",
        r#""é\u00e9""#,
        r#"{"a":[1]}"#,
        r#""\ud800""#,
        "1E400",
        "true",
    ] {
        let request = format!(r#"{{"id":{id},"method":"js.J","params":["x"]}}"#);
        assert_eq!(answer(&request).await, format!("{{\"id\":{id},\"result\":\"123,x\",\"error\":null}}\n"));
    }
    let pretty = "{\"id\": {\n  \"a b\": [1, 2]\n}, \"method\": \"js.J\", \"params\": [\"x\"]}";
    assert_eq!(answer(pretty).await, "{\"id\":{\"a b\":[1,2]},\"result\":\"123,x\",\"error\":null}\n");
    for request in [r#"{"method":"js.J","params":["x"]}"#, r#"{"method":"js.J","params":["x"],"id":null}"#] {
        assert_eq!(answer(request).await, "{\"id\":null,\"result\":\"123,x\",\"error\":null}\n");
    }
}

#[tokio::test]
async fn leniencies_and_errors_are_gos() {
    for (request, expected) in [
        (
            r#"{"METHOD":"Arith.Multiply","Params":[{"a":6,"B":7,"C":1}, 5],"ID":1,"x":{}}"#,
            r#""result":42,"error":null"#,
        ),
        (r#"{"method":"Arith.Multiply","params":[],"id":1}"#, r#""result":0,"error":null"#),
        (r#"{"method":"h.Hello","params":[null],"id":1}"#, r#""result":"hello,","error":null"#),
        (
            r#"{"method":"Arith.Divide","params":[{"A":-17,"B":8}],"id":1}"#,
            r#""result":{"Quo":-2,"Rem":-1},"error":null"#,
        ),
        (
            r#"{"method":"Arith.Divide","params":[{"A":1}],"id":1}"#,
            r#""result":null,"error":"divide by zero.""#,
        ),
        (
            r#"{"method":"Arith.Multiply","id":1}"#,
            r#""result":null,"error":"jsonrpc: request body missing params""#,
        ),
        (
            r#"{"method":"Arith.Multiply","params":null,"id":1}"#,
            r#""result":null,"error":"jsonrpc: request body missing params""#,
        ),
        (
            r#"{"method":"Arith.Multiply","params":{"A":1},"id":1}"#,
            r#""result":null,"error":"json: cannot unmarshal object into Go value of type [1]interface {}""#,
        ),
        (
            r#"{"method":"Arith.Multiply","params":[{"A":"x"}],"id":1}"#,
            r#""result":null,"error":"json: cannot unmarshal string into Go struct field Args.A of type int""#,
        ),
        (
            r#"{"method":"Arith.Multiply","params":[{"A":9223372036854775808}],"id":1}"#,
            r#""result":null,"error":"json: cannot unmarshal number 9223372036854775808 into Go struct field Args.A of type int""#,
        ),
        (
            r#"{"method":"Nope.X","params":[1],"id":1}"#,
            r#""result":null,"error":"rpc: can't find service Nope.X""#,
        ),
        (
            r#"{"method":"a.b.X","params":[1],"id":1}"#,
            r#""result":null,"error":"rpc: can't find service a.b.X""#,
        ),
        (r#"{"method":"Arith.X","id":1}"#, r#""result":null,"error":"rpc: can't find method Arith.X""#),
        (
            r#"{"method":"X","params":[1],"id":1}"#,
            r#""result":null,"error":"rpc: service/method request ill-formed: X""#,
        ),
        (r#"{"id":1}"#, r#""result":null,"error":"rpc: service/method request ill-formed: ""#),
        (
            r#"{"method":"Arith.Multiply","params":[{"A":4611686018427387904,"B":2}],"id":1}"#,
            r#""result":null,"error":"integer overflow: 4611686018427387904 * 2 is beyond 64 bits""#,
        ),
    ] {
        assert_eq!(answer(request).await, format!("{{\"id\":1,{expected}}}\n"), "{request}");
    }
}

#[tokio::test]
async fn what_is_no_request_ends_the_connection_without_a_word() {
    for request in [
        "[1]",
        "17",
        "\"x\"",
        "{]",
        "{\"method\":1}",
        "{\"method\":\"js.J\",,}",
        "nonsense",
        "{\"a\":\"\x01\"}",
    ] {
        assert_eq!(answer(request).await, "", "{request}");
    }
}

#[tokio::test]
async fn calls_before_an_unreadable_one_are_answered() {
    let answers = answer(
        r#"{"method":"Demo.Sleep","params":[5],"id":1}{"method":"js.J","params":["a"],"id":2}nonsense"#,
    )
    .await;
    let mut lines: Vec<_> = answers.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, [r#"{"id":1,"result":5,"error":null}"#, r#"{"id":2,"result":"123,a","error":null}"#]);
}

#[tokio::test]
async fn a_slow_call_does_not_hold_up_a_fast_one() {
    let (reading, mut writing) = tokio::io::split(serve(Form::Json, Limits::default()));
    writing.write_all(br#"{"method":"Demo.Sleep","params":[60000],"id":"slow"}{"method":"js.J","params":["a"],"id":"fast"}"#).await.unwrap();
    let mut line = String::new();
    BufReader::new(reading).read_line(&mut line).await.unwrap();
    assert!(line.starts_with(r#"{"id":"fast""#));
}

#[tokio::test]
async fn a_long_request_may_come_in_many_pieces() {
    let text = "x".repeat(1 << 20);
    let request = format!(r#"{{"method":"js.J","params":["{text}"],"id":1}}"#);
    let (mut reading, mut writing) = tokio::io::split(serve(Form::Json, Limits::default()));
    let sender = tokio::spawn(async move {
        for piece in request.as_bytes().chunks(1 << 10) {
            writing.write_all(piece).await.unwrap();
        }
        writing
    });
    let expected = format!("{{\"id\":1,\"result\":\"123,{text}\",\"error\":null}}\n");
    let mut answer = vec![0; expected.len()];
    reading.read_exact(&mut answer).await.unwrap();
    assert!(answer == expected.as_bytes());
    sender.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_first_request_that_never_ends_is_given_up_in_time() {
    let mut stream = serve(Form::Json, Limits::default());
    stream.write_all(b"{\"method\":").await.unwrap();
    let started = tokio::time::Instant::now();
    assert_eq!(crate::read_all(&mut stream).await, b"");
    assert!(started.elapsed() >= Duration::from_secs(10));
}

/// Answers of Go's own server to random requests; see `json-vectors` in the interop crate's `go/cmd`.
#[tokio::test]
async fn random_requests_are_answered_as_go_answered_them() {
    let vectors = include_str!("../vectors/json-requests-go1.26.8.txt");
    let lines: Vec<_> = vectors.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(lines.len() >= 2_000, "{}", lines.len());
    for pair in lines.chunks(2) {
        let ours = exchange(Form::Json, &unescaped(pair[0])).await;
        // Go's integers wrap.
        if !String::from_utf8_lossy(&ours).contains("integer overflow") {
            let (ours, gos) = (ours.trim_ascii_end().escape_ascii(), as_ours(unescaped(pair[1])));
            assert_eq!(ours.to_string(), gos.escape_ascii().to_string(), "{}", pair[0]);
        }
    }
}

/// Bytes other than printable ASCII are `\xNN` in the vectors.
fn unescaped(line: &str) -> Vec<u8> {
    let mut parts = line.split("\\x");
    let mut bytes = parts.next().unwrap().as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(&part[..2], 16).unwrap());
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    bytes
}

/// Go writes what means something in HTML as an escape, and knows the package of a struct.
fn as_ours(mut reply: Vec<u8>) -> Vec<u8> {
    for (gos, ours) in [
        ("\\u003c", "<"),
        ("\\u003e", ">"),
        ("\\u0026", "&"),
        ("\\u2028", "\u{2028}"),
        ("service.Args", "Args"),
    ] {
        while let Some(at) = reply.windows(gos.len()).position(|window| window == gos.as_bytes()) {
            reply.splice(at..at + gos.len(), ours.bytes());
        }
    }
    reply
}
