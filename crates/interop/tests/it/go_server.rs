//! Our client against Go's own server, in all four forms.

use std::process::Command;

use manywire_core::{Arguments, ErrorKind, Limits, Returns, RpcError, Value, from_value};
use manywire_interop::build::go_program;
use manywire_interop::peer::Peer;
use manywire_netrpc::{Client, PostClient};
use manywire_notes::arith::{Args, Quotient};
use serde::{Deserialize, Serialize};

/// A client in one of the forms; each has another way to keep calls in flight.
#[derive(Clone)]
enum Caller {
    Stream(Client),
    Post(Box<PostClient>),
}

impl Caller {
    async fn call<A: Returns, R: Arguments>(&self, method: &str, argument: A) -> Result<R, RpcError> {
        match self {
            Caller::Stream(client) => client.call(method, argument).await,
            Caller::Post(client) => client.call(method, argument).await,
        }
    }

    fn start<R: Arguments>(
        &self,
        method: &'static str,
        argument: impl Returns,
    ) -> tokio::task::JoinHandle<Result<R, RpcError>> {
        match self {
            Caller::Stream(client) => tokio::spawn(client.start(method, argument)),
            Caller::Post(client) => {
                let client = client.clone();
                tokio::spawn(async move { client.call(method, argument).await })
            }
        }
    }
}

const FORMS: [&str; 4] = ["gob", "http", "json", "post"];

async fn connect(server: &Peer, form: &str) -> Caller {
    match form {
        "gob" => Caller::Stream(Client::dial(server.address("gob")).await.unwrap()),
        "http" => Caller::Stream(Client::dial_http(server.address("http")).await.unwrap()),
        "json" => Caller::Stream(Client::dial_json(server.address("json")).await.unwrap()),
        _ => {
            let uri = format!("http://{}/jsonrpc", server.address("http")).parse().unwrap();
            Caller::Post(Box::new(PostClient::new(uri, &Limits::default())))
        }
    }
}

/// Go's server, with a listener for gob, for HTTP and for JSON.
fn go_server() -> Option<Peer> {
    let mut server = Command::new(go_program("netrpc-server")?);
    server.arg("-until-eof");
    Some(Peer::start(server, 3))
}

fn args(a: i64, b: i64) -> Args {
    Args { a, b }
}

async fn expect_product(client: &Caller, form: &str) {
    assert_eq!(client.call("Arith.Multiply", args(17, 8)).await, Ok(136_i64), "{form}");
}

#[tokio::test]
async fn every_method_answers() {
    let Some(server) = go_server() else { return };
    for form in FORMS {
        let client = connect(&server, form).await;
        expect_product(&client, form).await;
        assert_eq!(client.call("MathService.Multiply", args(-3, 4)).await, Ok(-12_i64), "{form}");
        let quotient = client.call("Arith.Divide", args(-17, 8)).await;
        assert_eq!(quotient, Ok(Quotient { quo: -2, rem: -1 }), "{form}");
        assert_eq!(client.call("Arith.Multiply", args(i64::MIN, 1)).await, Ok(i64::MIN), "{form}");
        assert_eq!(client.call("Arith.Multiply", args(i64::MAX, 1)).await, Ok(i64::MAX), "{form}");
        assert_eq!(client.call("Demo.Sleep", 0_i64).await, Ok(0_i64), "{form}");
        for text in ["", "世界 🦀", "\0\u{1f}\"\\</>\u{2028}"] {
            assert_eq!(client.call("h.Hello", text.to_owned()).await, Ok(format!("hello,{text}")), "{form}");
            for method in ["js.J", "Js.J", "handler/js.J"] {
                assert_eq!(client.call(method, text.to_owned()).await, Ok(format!("123,{text}")), "{form}");
            }
        }
    }
}

#[tokio::test]
async fn errors_leave_the_connection_alive() {
    let Some(server) = go_server() else { return };
    for form in FORMS {
        let client = connect(&server, form).await;
        let by_zero = client.call::<_, Quotient>("Arith.Divide", args(1, 0)).await.unwrap_err();
        assert_eq!((by_zero.kind(), by_zero.message()), (ErrorKind::Failed, "divide by zero."), "{form}");
        for (method, kind, text) in [
            ("Arith.Nope", ErrorKind::UnknownMethod, "rpc: can't find method Arith.Nope"),
            ("Nope.Multiply", ErrorKind::UnknownMethod, "rpc: can't find service Nope.Multiply"),
            ("Multiply", ErrorKind::UnknownMethod, "rpc: service/method request ill-formed: Multiply"),
        ] {
            let error = client.call::<_, i64>(method, args(1, 1)).await.unwrap_err();
            assert_eq!((error.kind(), error.message()), (kind, text), "{form}");
            expect_product(&client, form).await;
        }
        let wrong = client.call::<_, String>("h.Hello", 5_i64).await.unwrap_err();
        assert_eq!(wrong.kind(), ErrorKind::InvalidParams, "{form}: {wrong}");
        // A reply of another type than its caller expects is that call's trouble alone.
        client.call::<_, String>("Arith.Multiply", args(1, 1)).await.unwrap_err();
        expect_product(&client, form).await;
    }
}

#[tokio::test]
async fn a_thousand_calls_in_flight_find_their_answers() {
    let Some(server) = go_server() else { return };
    for form in FORMS {
        let client = connect(&server, form).await;
        let slow = client.start::<i64>("Demo.Sleep", 50_i64);
        // Each POST in flight takes a connection, and so an open file.
        let calls = if form == "post" { 200 } else { 1_000 };
        let started: Vec<_> =
            (0..calls).map(|n| (n, client.start::<i64>("Arith.Multiply", args(n, n + 1)))).collect();
        for (n, call) in started {
            assert_eq!(call.await.unwrap(), Ok(n * (n + 1)), "{form}");
        }
        assert_eq!(slow.await.unwrap(), Ok(50), "{form}");
    }
}

#[tokio::test]
async fn a_slow_call_is_overtaken() {
    let Some(server) = go_server() else { return };
    for form in FORMS {
        let client = connect(&server, form).await;
        let slow = client.start::<i64>("Demo.Sleep", 1_000_i64);
        for _ in 0..10 {
            expect_product(&client, form).await;
        }
        assert!(!slow.is_finished(), "{form}");
        assert_eq!(slow.await.unwrap(), Ok(1_000), "{form}");
    }
}

#[tokio::test]
async fn sixty_four_connections_at_once() {
    let Some(server) = go_server() else { return };
    for form in FORMS {
        let mut clients = Vec::new();
        for _ in 0..64 {
            clients.push(connect(&server, form).await);
        }
        let started: Vec<_> = (0..640)
            .map(|n| (n, clients[n % 64].start::<i64>("Arith.Multiply", args(n as i64, -2))))
            .collect();
        for (n, call) in started {
            assert_eq!(call.await.unwrap(), Ok(n as i64 * -2), "{form}");
        }
    }
}

#[tokio::test]
async fn strings_of_one_mebibyte() {
    let Some(server) = go_server() else { return };
    for form in FORMS {
        let client = connect(&server, form).await;
        for text in ["x".repeat(1 << 20), "é\"\n<".repeat(1 << 18)] {
            let answer: String = client.call("js.J", text.clone()).await.unwrap();
            assert!(answer.strip_prefix("123,") == Some(&text), "{form}: {} bytes came back", answer.len());
        }
    }
}

/// What Go's server does not know of, among what it does.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename = "Args", rename_all = "PascalCase")]
struct MoreArgs {
    before: Vec<String>,
    a: i64,
    nested: Inner,
    lists: Vec<Vec<i64>>,
    b: i64,
    perhaps: Option<f64>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inner {
    on: bool,
    deep: std::collections::BTreeMap<String, Vec<f64>>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename = "Args", rename_all = "PascalCase")]
struct FewerArgs {
    a: i64,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct MoreQuotient {
    extra: Vec<String>,
    rem: i64,
    quo: i64,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct FewerQuotient {
    rem: i64,
}

#[tokio::test]
async fn extra_and_missing_fields() {
    let Some(server) = go_server() else { return };
    let more = MoreArgs {
        before: vec!["x".into()],
        a: 17,
        nested: Inner { on: true, deep: [("k".into(), vec![1.5])].into() },
        lists: vec![vec![1], vec![]],
        b: 8,
        perhaps: Some(2.5),
    };
    for form in FORMS {
        let client = connect(&server, form).await;
        // The second call comes without the types' definitions.
        for argument in [more.clone(), more.clone(), MoreArgs { a: 17, b: 8, ..MoreArgs::default() }] {
            assert_eq!(client.call("Arith.Multiply", argument).await, Ok(136_i64), "{form}");
        }
        assert_eq!(client.call("Arith.Multiply", FewerArgs { a: 17 }).await, Ok(0_i64), "{form}");
        let rem = client.call("Arith.Divide", args(17, 8)).await;
        assert_eq!(rem, Ok(FewerQuotient { rem: 1 }), "{form}");
        let all = client.call("Arith.Divide", args(17, 8)).await;
        assert_eq!(all, Ok(MoreQuotient { quo: 2, rem: 1, extra: vec![] }), "{form}");
    }
}

#[tokio::test]
async fn dynamic_arguments_and_replies() {
    let Some(server) = go_server() else { return };
    for form in FORMS {
        let client = connect(&server, form).await;
        let argument = Value::map([("A", 17.into()), ("B", 8.into())]);
        let reply: Value = client.call("Arith.Divide", argument).await.unwrap();
        assert_eq!(from_value::<Quotient>(reply).unwrap(), Quotient { quo: 2, rem: 1 }, "{form}");
        assert_eq!(client.call("h.Hello", Value::from("x")).await, Ok(Value::from("hello,x")), "{form}");
    }
}
