//! JSON-RPC 1.0 over TCP, as a raw socket speaks it. What Go's own server answers to the same is in `expected`.

use manywire_core::{Empty, ErrorKind, Limits, Methods, RpcError};
use manywire_netrpc::Client;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};

use crate::{Form, Server, exchange, serve};

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
            r#""result":null,"error":"json: cannot unmarshal string into Go struct field Args.A of type int; call it as Arith.Multiply(A: int, B: int)""#,
        ),
        (
            r#"{"method":"Arith.Multiply","params":[{"A":9223372036854775808}],"id":1}"#,
            r#""result":null,"error":"json: cannot unmarshal number 9223372036854775808 into Go struct field Args.A of type int; call it as Arith.Multiply(A: int, B: int)""#,
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

#[tokio::test]
async fn null_is_a_request_that_names_no_method() {
    let nameless = "{\"id\":null,\"result\":null,\"error\":\"rpc: service/method request ill-formed: \"}\n";
    let one = r#"{"method":"js.J","params":["a"],"id":1}"#;
    let answered = "{\"id\":1,\"result\":\"123,a\",\"error\":null}\n";
    // What Go 1.26.8's server answered to each.
    for (request, expected) in [
        ("null".to_owned(), nameless.to_owned()),
        ("null\n".to_owned(), nameless.to_owned()),
        ("nullnull\n".to_owned(), nameless.repeat(2)),
        (format!("null{one}"), format!("{nameless}{answered}")),
        (format!("null\n{one}"), format!("{nameless}{answered}")),
        (format!("nulll\n{one}"), nameless.to_owned()),
        (format!("nullx{one}"), nameless.to_owned()),
        (format!("nul\n{one}"), String::new()),
        ("nul".to_owned(), String::new()),
    ] {
        assert_eq!(answer(&request).await, expected, "{request}");
    }
}

#[tokio::test]
async fn a_float_that_json_has_not_is_an_error_of_its_call() {
    #[derive(serde::Deserialize, serde::Serialize, Default, Clone)]
    struct Measured {
        values: Vec<f32>,
        rest: Option<f64>,
    }
    let mut methods = Methods::new();
    methods.add("M.Infinite", "", async |_: Empty| Ok::<_, RpcError>(f64::NEG_INFINITY));
    methods.add("M.Nested", "", async |_: Empty| {
        Ok::<_, RpcError>(Measured { values: vec![1.5, f32::NAN], rest: None })
    });
    methods.add("M.Fine", "", async |_: Empty| Ok::<_, RpcError>(Measured { values: vec![1.5], rest: None }));
    let mut stream = Server::with(methods, Limits::default()).connect(Form::Json);
    for name in ["M.Infinite", "M.Nested", "M.Fine"] {
        let request = format!(r#"{{"method":"{name}","params":[{{}}],"id":"{name}"}}"#);
        stream.write_all(request.as_bytes()).await.unwrap();
    }
    stream.shutdown().await.unwrap();
    // The texts are those of Go's encoding/json. Go's server says them to its own log, and answers nothing.
    let expected = [
        r#"{"id":"M.Infinite","result":null,"error":"json: unsupported value: -Inf"}"#,
        r#"{"id":"M.Nested","result":null,"error":"json: unsupported value: NaN"}"#,
        r#"{"id":"M.Fine","result":{"values":[1.5],"rest":null},"error":null}"#,
    ];
    let answers = String::from_utf8(crate::read_all(&mut stream).await).unwrap();
    assert_eq!(answers.lines().collect::<Vec<_>>(), expected);

    let client = Client::json(serve(Form::Json, Limits::default()), &Limits::default());
    let call = client.call::<_, i64>("Arith.Multiply", Measured { values: vec![f32::INFINITY], rest: None });
    let error = call.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidParams);
    assert!(error.message().ends_with("json: unsupported value: +Inf"), "{error}");
    assert_eq!(client.call("js.J", "a".to_owned()).await, Ok("123,a".to_owned()));
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
            let gos = as_ours(unescaped(pair[1])).escape_ascii().to_string();
            let ours = without_our_words(&ours.trim_ascii_end().escape_ascii().to_string());
            assert_eq!(ours, gos, "{}", pair[0]);
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

/// Behind Go's words for an argument that does not fit stands how the method is called.
fn without_our_words(reply: &str) -> String {
    match reply.split_once("; call it as ") {
        Some((gos, ours)) => format!("{gos}{}", ours.split_once(')').unwrap().1),
        None => reply.to_owned(),
    }
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
