//! Our client on every wire, against our server and against each wire's own: what each kind of outcome looks like.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use futures_util::StreamExt as _;
use manywire_client::{Arguments, Client, Items, Options, Retry};
use manywire_core::{ErrorKind, RpcError, Value};
use manywire_interop::build::{go_program, manywire};
use manywire_interop::peer::Peer;

/// A server, and what is called there.
struct Row {
    title: &'static str,
    start: fn() -> Option<Peer>,
    /// The name in its LISTENING line.
    listener: &'static str,
    scheme: &'static str,
    path: &'static str,
    ok: (Call, Value),
    /// A call that the method itself refuses, and words of its error.
    refused: (Call, &'static str),
    unknown: &'static str,
    misfit: Call,
    /// A call that takes a minute; gRPC's services have none that answers once.
    slow: Option<Call>,
    /// A call that streams without end.
    endless: Option<Call>,
}

type Call = (&'static str, Arguments);

fn list(values: Vec<Value>) -> Arguments {
    Arguments::Positional(values)
}

fn pair(a: i64, b: i64) -> Arguments {
    Arguments::Named(vec![("A".into(), a.into()), ("B".into(), b.into())])
}

fn named(name: &str, value: impl Into<Value>) -> Arguments {
    Arguments::Named(vec![(name.into(), value.into())])
}

fn ours() -> Option<Peer> {
    let mut program = Command::new(manywire());
    let data_dir = std::env::temp_dir();
    program.args(["serve", "--listen", "any=127.0.0.1:0", "--tick", "10ms", "--data-dir"]).arg(data_dir);
    Some(Peer::start(program, 1))
}

fn go() -> Option<Peer> {
    Some(Peer::start(Command::new(go_program("netrpc-server")?), 3))
}

fn python(server: &str) -> Option<Peer> {
    let mut program = Command::new(manywire_peers::python("zerorpc")?);
    program.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("python").join(server)).arg("--until-eof");
    Some(Peer::start(program, 1))
}

fn netrpc(title: &'static str, start: fn() -> Option<Peer>, at: [&'static str; 3]) -> Row {
    let [listener, scheme, path] = at;
    Row {
        title,
        start,
        listener,
        scheme,
        path,
        ok: (("Arith.Multiply", pair(17, 8)), 136.into()),
        refused: (("Arith.Divide", pair(1, 0)), "divide by zero."),
        unknown: "Arith.Nothing",
        misfit: ("h.Hello", list(vec![1.into()])),
        slow: Some(("Demo.Sleep", list(vec![60_000.into()]))),
        endless: None,
    }
}

fn jsonrpc(title: &'static str, start: fn() -> Option<Peer>, at: [&'static str; 2]) -> Row {
    Row {
        title,
        start,
        listener: at[0],
        scheme: at[1],
        path: "",
        ok: (("add", list(vec![17.into(), 8.into()])), 25.into()),
        refused: (("pow", list(vec![0.into(), (-1).into()])), "negative power"),
        unknown: "nothing",
        misfit: ("add", list(vec![1.into()])),
        slow: Some(("sleep", list(vec![60_000.into()]))),
        endless: None,
    }
}

fn xmlrpc(title: &'static str, start: fn() -> Option<Peer>, listener: &'static str) -> Row {
    Row {
        title,
        start,
        listener,
        scheme: "xmlrpc",
        path: "/RPC2",
        ok: (("subtract", list(vec![17.into(), 25.into()])), 8.into()),
        refused: (("divide", list(vec![1.into(), 0.into()])), "division by zero"),
        unknown: "nothing",
        misfit: ("add", list(vec![1.into()])),
        slow: Some(("sleep", list(vec![60_000.into()]))),
        endless: None,
    }
}

fn zerorpc(title: &'static str, start: fn() -> Option<Peer>, listener: &'static str) -> Row {
    Row {
        title,
        start,
        listener,
        scheme: "zerorpc",
        path: "",
        ok: (("hello", list(vec!["RPC".into()])), "Hello,RPC".into()),
        refused: (("getpow", list(vec![0.into(), (-1).into()])), "negative power"),
        unknown: "nothing",
        misfit: ("hello", list(vec![])),
        slow: Some(("sleep", list(vec![60_000.into()]))),
        endless: Some(("streaming_range", list(vec![0.into(), 1_000_000_000.into(), 1.into()]))),
    }
}

fn grpc(title: &'static str, start: fn() -> Option<Peer>, listener: &'static str) -> Row {
    Row {
        title,
        start,
        listener,
        scheme: "grpc",
        path: "",
        ok: (("Greeter/SayHello", named("name", "you")), Value::map([("message", "hello you".into())])),
        refused: (("UserService/GetUser", named("id", 0)), "id"),
        unknown: "Greeter/Nothing",
        misfit: ("Greeter/SayHello", named("nmae", "you")),
        slow: None,
        endless: Some(("Greeter/GetStream", named("data", ""))),
    }
}

fn rows() -> Vec<Row> {
    let python_json = || python("jsonrpclib_server.py");
    let python_xml = || python("xmlrpc_server.py");
    let python_zerorpc = || python("zerorpc_server.py");
    let grpcio = || python("grpcio_server.py");
    vec![
        netrpc("manywire", ours, ["any", "gob", ""]),
        netrpc("manywire", ours, ["any", "gob+http", ""]),
        netrpc("manywire", ours, ["any", "jsonrpc1+tcp", ""]),
        netrpc("manywire", ours, ["any", "jsonrpc1+http", "/jsonrpc"]),
        netrpc("Go", go, ["gob", "gob", ""]),
        netrpc("Go", go, ["http", "gob+http", ""]),
        netrpc("Go", go, ["json", "jsonrpc1+tcp", ""]),
        netrpc("Go", go, ["http", "jsonrpc1+http", "/jsonrpc"]),
        jsonrpc("manywire", ours, ["any", "jsonrpc"]),
        Row {
            endless: Some(("subscribe_ticks", list(vec![]))),
            ..jsonrpc("manywire", ours, ["any", "jsonrpc+ws"])
        },
        // It keeps the method's words to its own log.
        Row {
            refused: (("pow", list(vec![0.into(), (-1).into()])), "Server error"),
            ..jsonrpc("jsonrpclib", python_json, ["jsonrpc", "jsonrpc"])
        },
        xmlrpc("manywire", ours, "any"),
        xmlrpc("xmlrpc.server", python_xml, "xmlrpc"),
        zerorpc("manywire", ours, "any"),
        zerorpc("Python's zerorpc", python_zerorpc, "zerorpc"),
        grpc("manywire", ours, "any"),
        grpc("grpcio", grpcio, "grpc"),
    ]
}

#[tokio::test]
async fn every_outcome_is_told_apart_on_every_wire_and_server() {
    for row in rows() {
        let Some(server) = (row.start)() else { continue };
        let at = server.address(row.listener).to_owned();
        let name = format!("{} over {}", row.title, row.scheme);
        let url = format!("{}://{at}{}", row.scheme, row.path);
        let options = Options { retry: Retry::none(), ..Options::default() };
        let client = Client::connect(&url, options).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        answered(&row, &client, &name).await;
        if let Some((method, arguments)) = row.endless.clone() {
            cancelled(client.stream(method, arguments).await, &row, &client, &name).await;
        }
        if let Some((method, arguments)) = row.slow.clone() {
            let hasty = client.with_timeout(Some(Duration::from_millis(60)));
            let error = hasty.call(method, arguments).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::DeadlineExceeded, "{name}: {error}");
            assert!(row.is_answered(&client).await, "{name}: after a time limit");
        }
        gone(row, client, server, &name).await;
        let refused =
            match Client::connect(&url, Options { retry: Retry::none(), ..Options::default() }).await {
                Ok(client) => client.call("x", list(vec![])).await.unwrap_err(),
                Err(error) => error,
            };
        assert!(refused.kind() == ErrorKind::Unavailable && refused.is_unsent(), "{name}: {refused}");
        assert!(refused.message().contains(&at), "{name}: {refused}");
    }
}

impl Row {
    async fn is_answered(&self, client: &Client) -> bool {
        let ((method, arguments), expected) = self.ok.clone();
        client.call(method, arguments).await == Ok(expected)
    }
}

/// What a server answers, in its own words.
async fn answered(row: &Row, client: &Client, name: &str) {
    let ((method, arguments), expected) = row.ok.clone();
    assert_eq!(client.call(method, arguments).await, Ok(expected), "{name}");

    let ((method, arguments), words) = row.refused.clone();
    let error = client.call(method, arguments).await.unwrap_err();
    assert!(error.message().contains(words) && !error.is_unsent(), "{name}: {error}");
    assert!(!matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Unsupported), "{name}: {error:?}");

    let error = client.call(row.unknown, list(vec![])).await.unwrap_err();
    let word = row.unknown.rsplit('/').next().unwrap_or_default();
    assert!(error.message().contains(word), "{name}: {error}");
    // Python's XML-RPC server has one fault code for everything.
    assert!(error.kind() == ErrorKind::UnknownMethod || row.title == "xmlrpc.server", "{name}: {error:?}");

    let (method, arguments) = row.misfit.clone();
    let error = client.call(method, arguments).await.unwrap_err();
    assert_ne!(error.kind(), ErrorKind::Unavailable, "{name}: {error:?}");
    assert!(row.is_answered(client).await, "{name}: after errors");
}

/// A stream that is dropped early leaves its connection well.
async fn cancelled(items: Result<Items, RpcError>, row: &Row, client: &Client, name: &str) {
    let mut items = items.unwrap_or_else(|error| panic!("{name}: {error}"));
    for _ in 0..2 {
        items.next().await.unwrap().unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    drop(items);
    assert!(row.is_answered(client).await, "{name}: after a stream was dropped");
}

/// The server is killed while a call, or a stream, is under way.
async fn gone(row: Row, client: Client, server: Peer, name: &str) {
    let error = match (row.slow, row.endless) {
        (Some((method, arguments)), _) => {
            let calling = tokio::spawn(async move { client.call(method, arguments).await });
            // So that the call is there; nothing tells from outside.
            tokio::time::sleep(Duration::from_millis(100)).await;
            assert!(!calling.is_finished(), "{name}");
            drop(server);
            calling.await.unwrap().unwrap_err()
        }
        (None, Some((method, arguments))) => {
            let mut items = client.stream(method, arguments).await.unwrap();
            items.next().await.unwrap().unwrap();
            drop(server);
            loop {
                match items.next().await {
                    Some(Ok(_)) => {}
                    Some(Err(error)) => break error,
                    None => panic!("{name}: a broken stream passed for a complete one"),
                }
            }
        }
        (None, None) => return,
    };
    assert!(error.kind() == ErrorKind::Unavailable && !error.is_unsent(), "{name}: {error:?}");
}
