//! Servers that are not ours, behind the gateway, and calls of them by every wire.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

use futures_util::TryStreamExt as _;
use manywire_client::{Client, Options};
use manywire_core::{ErrorKind, Value};
use manywire_gateway::Source;
use manywire_server::Running;

use crate::{methods, serve_methods};

/// A foreign server, which ends with its standard input.
struct Peer {
    child: Child,
    input: Option<ChildStdin>,
    addresses: Vec<(String, String)>,
}

impl Peer {
    /// One that interop's tests have too.
    fn start(mut command: Command, listeners: usize) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().take(listeners);
        let addresses = lines.map(|line| {
            let line = line.unwrap();
            let words: Vec<&str> = line.split(' ').collect();
            assert_eq!((words.len(), words[0]), (3, "LISTENING"), "{line}");
            (words[1].to_owned(), words[2].to_owned())
        });
        Self { addresses: addresses.collect(), input: child.stdin.take(), child }
    }

    fn python(module: &str, script: &str) -> Option<Self> {
        let python = manywire_peers::python(module)?;
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../interop/python").join(script);
        let mut command = Command::new(python);
        command.arg(script).arg("--until-eof");
        Some(Self::start(command, 1))
    }

    fn go() -> Option<Self> {
        let module = Path::new(env!("CARGO_MANIFEST_DIR")).join("../interop/go");
        let mut command = Command::new(manywire_peers::go::build(&module, "./cmd/netrpc-server")?);
        command.arg("-until-eof");
        Some(Self::start(command, 3))
    }

    fn address(&self, name: &str) -> &str {
        &self.addresses.iter().find(|(known, _)| known == name).unwrap().1
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.input = None;
        let _ = self.child.wait();
    }
}

/// A gateway before one server, on every wire of one port.
async fn gateway(source: Source) -> (Running, String) {
    let (running, address) = serve_methods(methods(vec![source]).await.unwrap(), "127.0.0.1:0").await;
    (running, address.to_string())
}

async fn client(scheme: &str, address: &str) -> Client {
    Client::connect(&format!("{scheme}://{address}"), Options::default()).await.unwrap()
}

#[tokio::test]
async fn python_s_xmlrpc_server_is_called_by_every_wire() {
    let Some(peer) = Peer::python("xmlrpc", "xmlrpc_server.py") else { return };
    let (_running, gateway) = gateway(Source::of(&format!("xmlrpc://{}", peer.address("xmlrpc")))).await;
    for scheme in ["jsonrpc", "jsonrpc+ws", "xmlrpc", "zerorpc"] {
        let client = client(scheme, &gateway).await;
        assert_eq!(client.call("add", vec![2.into(), 3.into()]).await, Ok(5.into()), "{scheme}");
    }
    for scheme in ["gob", "gob+http", "jsonrpc1", "jsonrpc1+http"] {
        let scheme = if scheme == "jsonrpc1" { "jsonrpc1+tcp" } else { scheme };
        let client = client(scheme, &gateway).await;
        let sum = client.call("add", vec![Value::Array(vec![2.into(), 3.into()])]).await;
        assert_eq!(sum, Ok(5.into()), "{scheme}");
    }
    let grpc = client("grpc", &gateway).await;
    let numbers = Value::Array(vec![2.into(), 3.into()]);
    assert_eq!(grpc.call("Methods.add", vec![numbers]).await, Ok(5.into()));
}

#[tokio::test]
async fn a_fault_is_the_same_with_and_without_the_gateway() {
    let Some(peer) = Peer::python("xmlrpc", "xmlrpc_server.py") else { return };
    let url = format!("xmlrpc://{}", peer.address("xmlrpc"));
    let (_running, gateway) = gateway(Source::of(&url)).await;
    let direct = Client::connect(&url, Options::default()).await.unwrap();
    let through = client("xmlrpc", &gateway).await;
    let wrong = || vec![1.into(), "x".into()];
    let there = direct.call("add", wrong()).await.unwrap_err();
    assert_eq!(through.call("add", wrong()).await.unwrap_err(), there);
    assert_eq!(there.code(), Some(1));
    // A fault's own code is the method's, which JSON-RPC has too.
    let json = client("jsonrpc", &gateway).await.call("add", wrong()).await.unwrap_err();
    assert_eq!((json.code(), json.message()), (Some(1), there.message()));
}

#[tokio::test]
async fn python_s_zerorpc_server_keeps_its_exceptions_and_its_streams() {
    let Some(peer) = Peer::python("zerorpc", "zerorpc_server.py") else { return };
    let url = format!("zerorpc://{}", peer.address("zerorpc"));
    let source = Source {
        methods: vec!["streaming_range(fr: int, to: int, step: int) -> stream of int".parse().unwrap()],
        ..Source::of(&url)
    };
    let (_running, gateway) = gateway(source).await;
    let direct = Client::connect(&url, Options::default()).await.unwrap();
    let through = client("zerorpc", &gateway).await;
    let wrong = || vec![1.into(), "x".into()];
    let there = direct.call("add", wrong()).await.unwrap_err();
    assert_eq!(through.call("add", wrong()).await.unwrap_err(), there);
    assert_eq!(there.name(), Some("TypeError"));
    let data = there.data().unwrap().get("traceback").and_then(Value::as_str).unwrap();
    assert!(data.starts_with("Traceback (most recent call last)"));
    let range = || vec![0.into(), 5.into(), 2.into()];
    let items: Vec<Value> =
        through.stream("streaming_range", range()).await.unwrap().try_collect().await.unwrap();
    assert_eq!(items, [0.into(), 2.into(), 4.into()]);
    let grpc = client("grpc", &gateway).await;
    let named = [("fr", 0.into()), ("to", 5.into()), ("step", 2.into())];
    let items = grpc.stream("Methods.streaming_range", vec![Value::map(named)]).await.unwrap();
    let items: Vec<Value> = items.try_collect().await.unwrap();
    assert_eq!(items, [0.into(), 2.into(), 4.into()]);
}

#[tokio::test]
async fn a_stream_that_was_not_told_of_is_an_error_that_says_how_to() {
    let Some(peer) = Peer::python("zerorpc", "zerorpc_server.py") else { return };
    let (_running, gateway) = gateway(Source::of(&format!("zerorpc://{}", peer.address("zerorpc")))).await;
    let through = client("jsonrpc", &gateway).await;
    let error = through.call("streaming_range", vec![0.into(), 5.into(), 2.into()]).await.unwrap_err();
    assert!(error.message().ends_with("--method 'streaming_range(...) -> stream of any'"), "{error}");
}

#[tokio::test]
async fn go_s_server_is_served_by_what_was_written_down() {
    let Some(peer) = Peer::go() else { return };
    let url = format!("gob://{}", peer.address("gob"));
    let silent = manywire_gateway::Gateway::connect(vec![Source::of(&url)]).await.err().unwrap();
    assert!(silent.message().contains("--method 'Arith.Multiply(A: int, B: int) -> int'"), "{silent}");
    let written =
        ["Arith.Multiply(A: int, B: int) -> int", "Arith.Divide(A: int, B: int) -> {Quo: int, Rem: int}"];
    let source = Source { methods: written.map(|text| text.parse().unwrap()).into(), ..Source::of(&url) };
    let (_running, gateway) = gateway(source).await;
    for scheme in ["gob", "jsonrpc1+tcp", "jsonrpc", "xmlrpc", "zerorpc"] {
        let client = client(scheme, &gateway).await;
        let product = client.call("Arith.Multiply", vec![17.into(), 8.into()]).await;
        assert_eq!(product, Ok(136.into()), "{scheme}");
        let zero = client.call("Arith.Divide", vec![1.into(), 0.into()]).await.unwrap_err();
        assert_eq!((zero.kind(), zero.message()), (ErrorKind::Failed, "divide by zero."), "{scheme}");
    }
    let grpc = client("grpc", &gateway).await;
    let arguments = Value::map([("A", 17.into()), ("B", 8.into())]);
    let divided = grpc.call("Arith.Divide", vec![arguments]).await.unwrap();
    assert_eq!((divided.get("Quo"), divided.get("Rem")), (Some(&2.into()), Some(&1.into())));
}

#[tokio::test]
async fn go_s_server_takes_any_name_that_passes_through() {
    let Some(peer) = Peer::go() else { return };
    let url = format!("gob://{}", peer.address("gob"));
    let (_running, gateway) = gateway(Source { pass_through: true, ..Source::of(&url) }).await;
    let both = || Value::map([("A", 17.into()), ("B", 8.into())]);
    for scheme in ["gob", "jsonrpc1+tcp", "jsonrpc", "xmlrpc", "zerorpc"] {
        let client = client(scheme, &gateway).await;
        assert_eq!(client.call("Arith.Multiply", vec![both()]).await, Ok(136.into()), "{scheme}");
        assert_eq!(client.call("h.Hello", vec!["x".into()]).await, Ok("hello,x".into()), "{scheme}");
        let unknown = client.call("No.Such", vec![1.into()]).await.unwrap_err();
        assert_eq!(unknown.kind(), ErrorKind::UnknownMethod, "{scheme}: {unknown}");
    }
}

#[tokio::test]
async fn grpcio_s_services_are_the_same_with_and_without_the_gateway() {
    let Some(peer) = Peer::python("grpc", "grpcio_server.py") else { return };
    let url = format!("grpc://{}", peer.address("grpc"));
    let (_running, gateway) = gateway(Source::of(&url)).await;
    let direct = Client::connect(&url, Options::default()).await.unwrap();
    let through = client("grpc", &gateway).await;
    let named = |id: i64| vec![Value::map([("id", id.into())])];
    assert_eq!(
        through.call("UserService.GetUser", named(7)).await,
        direct.call("UserService.GetUser", named(7)).await
    );
    let there = direct.call("UserService.GetUser", named(0)).await.unwrap_err();
    assert_eq!(through.call("UserService.GetUser", named(0)).await.unwrap_err(), there);
    let requests = || futures_util::stream::iter(vec![Value::map([("data", "x".into())]); 3]);
    let there = direct.send("Greeter.PutStream", requests()).await;
    assert!(there.is_ok());
    assert_eq!(through.send("Greeter.PutStream", requests()).await, there);
    let texts = || futures_util::stream::iter(vec![Value::map([("message", "x".into())]); 3]);
    let chat = |client: Client| async move {
        let answers = client.exchange("ChatService.TextChat", texts()).await?;
        answers.try_collect::<Vec<Value>>().await
    };
    assert_eq!(chat(through.clone()).await, chat(direct.clone()).await);
    // What values have no place for, too: a message in an Any, a zero that was set, 64 bits without a sign.
    let any = Value::map([("@type", "type.googleapis.com/AllTypes.Nested".into()), ("text", "in".into())]);
    let all = || {
        Value::map([
            ("any", any.clone()),
            ("optionalInt32", 0.into()),
            ("uint64Value", Value::from(u64::MAX)),
            ("color", "COLOR_RED".into()),
            ("doubles", Value::Array(vec![f64::NEG_INFINITY.into()])),
            ("choiceNumber", 1.into()),
        ])
    };
    let there = direct.call("TypesService.Echo", vec![all()]).await;
    assert!(there.is_ok(), "{there:?}");
    assert_eq!(through.call("TypesService.Echo", vec![all()]).await, there);
    let json = client("jsonrpc", &gateway).await;
    let user = json.call("UserService.GetUser", vec![7.into()]).await.unwrap();
    assert_eq!(user.get("name"), Some(&"itxiaoshen".into()));
    assert_eq!(json.call("UserService.GetUser", vec![0.into()]).await.unwrap_err().kind(), ErrorKind::Failed);
}

#[tokio::test]
async fn a_call_passes_through_two_gateways() {
    let Some(peer) = Peer::python("xmlrpc", "xmlrpc_server.py") else { return };
    let url = format!("xmlrpc://{}", peer.address("xmlrpc"));
    let (_first, inner) = gateway(Source::of(&url)).await;
    for scheme in ["zerorpc", "jsonrpc", "xmlrpc"] {
        let (_second, outer) = gateway(Source::of(&format!("{scheme}://{inner}"))).await;
        let client = client("jsonrpc", &outer).await;
        assert_eq!(client.call("add", vec![2.into(), 3.into()]).await, Ok(5.into()), "{scheme}");
        let nested = Value::Array(vec![Value::map([("a", Value::Array(vec![1.into(), "é".into()]))])]);
        assert_eq!(client.call("echo", vec![nested.clone()]).await, Ok(nested), "{scheme}");
    }
}
