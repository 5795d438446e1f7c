//! A server inside of a program: where it listens, how it starts and stops, and why it does not.

use std::collections::HashMap;
use std::time::Duration;

use manywire::{Address, Client, Error, Limits, Methods, Metrics, RpcError, Server};

fn doubling() -> Methods {
    let mut methods = Methods::new();
    methods.add("double", "Twice the number.", async |number: i64| Ok(number.saturating_mul(2)));
    methods
}

async fn double(url: &str) -> Result<i64, RpcError> {
    Client::connect(url, Default::default()).await?.call_as("double", vec![21.into()]).await
}

#[tokio::test]
async fn several_servers_answer_every_wire_in_one_process_and_count_apart() {
    let metrics = [Metrics::new(), Metrics::new()];
    let mut servers = Vec::new();
    for metrics in &metrics {
        let server = Server::new(doubling()).metrics(metrics.clone()).listen("any=127.0.0.1:0").unwrap();
        servers.push(server.start().await.unwrap());
    }
    let at = servers[0].addresses().next().unwrap();
    for wire in ["gob", "jsonrpc1+tcp", "jsonrpc", "xmlrpc", "zerorpc"] {
        assert_eq!(double(&format!("{wire}://{at}")).await, Ok(42), "{wire}");
    }
    assert_eq!((metrics[0].calls_of("double"), metrics[1].calls_of("double")), (5, 0));
    servers[0].stop(Duration::ZERO).await;
    double(&format!("gob://{at}")).await.unwrap_err();
    let other = servers[1].addresses().next().unwrap();
    assert_eq!(double(&format!("gob://{other}")).await, Ok(42));
    drop(servers);
    double(&format!("gob://{other}")).await.unwrap_err();
}

#[tokio::test(flavor = "current_thread")]
async fn a_socket_that_the_program_has_bound_and_a_unix_socket_are_served() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("service.sock");
    let bound = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let at = bound.local_addr().unwrap();
    let unix = format!("jsonrpc,netrpc=unix:{}", path.display());
    let server = Server::new(doubling()).listen_on("any", bound).unwrap().listen(&unix).unwrap();
    let running = server.start().await.unwrap();
    assert_eq!(running.listeners()[1].address(), &Address::Unix(path.clone()));
    assert_eq!(double(&format!("gob://{at}")).await, Ok(42));
    assert_eq!(double(&format!("gob://unix:{}", path.display())).await, Ok(42));
    assert_eq!(double(&format!("jsonrpc://unix:{}", path.display())).await, Ok(42));
    // Another server may not take it over while somebody listens.
    let taken = Server::new(doubling()).listen(&unix).unwrap().start().await;
    assert!(matches!(taken, Err(Error::Bind { .. })));
    drop(running);
    assert!(!path.exists());
}

#[tokio::test]
async fn a_unix_socket_that_was_left_behind_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("service.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let listen = format!("any=unix:{}", path.display());
    let _running = Server::new(doubling()).listen(&listen).unwrap().start().await.unwrap();
    assert_eq!(double(&format!("zerorpc://unix:{}", path.display())).await, Ok(42));
}

#[tokio::test]
async fn what_keeps_a_server_from_starting_is_an_error_of_its_kind() {
    let listen = |text: &str| Server::new(doubling()).listen(text).err();
    assert!(matches!(listen("soap=127.0.0.1:0"), Some(Error::Listen { .. })));
    assert!(matches!(listen("any"), Some(Error::Listen { .. })));
    assert!(matches!(Server::new(doubling()).start().await, Err(Error::NoListener)));

    let holder = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = format!("any={}", holder.local_addr().unwrap());
    let bound = Server::new(doubling()).listen(&taken).unwrap().start().await;
    let error = bound.err().unwrap();
    assert!(matches!(error, Error::Bind { .. }), "{error}");
    // What a `main` that returns it prints.
    assert!(format!("{error:?}").starts_with("cannot listen on 127.0.0.1:"), "{error:?}");

    let mut twice = doubling();
    twice.add("double", "Again.", async |number: i64| Ok(number));
    let error = Server::new(twice).listen("any=127.0.0.1:0").unwrap().start().await.err().unwrap();
    assert!(matches!(error, Error::Methods(_)));
    assert!(error.to_string().contains("double is registered twice"), "{error}");

    let mut replaced = doubling();
    replaced.add("double", "Again.", async |number: i64| Ok(number)).replace();
    Server::new(replaced).listen("any=127.0.0.1:0").unwrap().start().await.unwrap();

    let mut unsayable = Methods::new();
    unsayable.add("odd", "", async |_: HashMap<Option<i64>, i64>| Ok(0));
    let start = |wires: &str| Server::new(unsayable.clone()).listen(wires).unwrap().start();
    assert!(matches!(start("grpc=127.0.0.1:0").await, Err(Error::Grpc(_))));
    start("netrpc=127.0.0.1:0").await.unwrap();
}

#[tokio::test]
async fn the_limits_are_those_of_the_server() {
    let limits = Limits { message_bytes: 1 << 10, ..Limits::default() };
    let mut methods = Methods::new();
    methods.add("length", "", async |text: String| Ok(text.len()));
    let server = Server::new(methods).limits(limits).listen("any=127.0.0.1:0").unwrap();
    let running = server.start().await.unwrap();
    let url = format!("jsonrpc://{}", running.addresses().next().unwrap());
    let client = Client::connect(&url, Default::default()).await.unwrap();
    let long = client.call("length", vec!["x".repeat(2 << 10).into()]).await.unwrap_err();
    assert_eq!(long.kind(), manywire::ErrorKind::ResourceExhausted, "{long}");
}
