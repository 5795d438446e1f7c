//! Servers that fail, and callers that leave.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use manywire_client::{Client, Options, Retry};
use manywire_core::{Context, Empty, ErrorKind, Limits, Methods, Metrics, RpcError, Value};
use manywire_gateway::{Gateway, Source};
use manywire_server::Running;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::serve_methods;

/// Counts the calls that are under way.
#[derive(Clone, Default)]
struct UnderWay(Arc<AtomicUsize>);

struct One(Arc<AtomicUsize>);

impl UnderWay {
    fn begin(&self) -> One {
        self.0.fetch_add(1, Ordering::SeqCst);
        One(self.0.clone())
    }

    async fn reaches(&self, count: usize) {
        until(|| self.0.load(Ordering::SeqCst) == count).await;
    }
}

impl Drop for One {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Waits until something is so.
async fn until(is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(20), "it never came to be so");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Methods that wait for ever, and a stream without an end.
fn waiting(under_way: &UnderWay) -> Methods {
    let mut methods = Methods::new();
    let waits = under_way.clone();
    methods.add("wait", "", move |_: Empty| {
        let one = waits.begin();
        async move {
            let _one = one;
            std::future::pending::<Result<i64, RpcError>>().await
        }
    });
    let streams = under_way.clone();
    methods.add_stream("count", "", move |_: Empty| {
        let one = streams.begin();
        futures_util::stream::iter(0_i64..).map(move |n| {
            let _ = &one;
            Ok(n)
        })
    });
    methods.add("echo", "", |value: Value| async move { Ok(value) });
    methods
}

/// A server with these methods, and a gateway before it, reached by this wire.
async fn behind(methods: Methods, scheme: &str) -> (Running, SocketAddr, Gateway, Running, String) {
    let (server, address) = serve_methods(methods, "127.0.0.1:0").await;
    let options = Options { retry: Retry::none(), ..Options::default() };
    let source = Source { options, ..Source::of(&format!("{scheme}://{address}")) };
    let gateway = Gateway::connect(vec![source]).await.unwrap();
    let (running, address_of_gateway) = serve_gateway(&gateway).await;
    (server, address, gateway, running, address_of_gateway)
}

async fn serve_gateway(gateway: &Gateway) -> (Running, String) {
    let mut methods = Methods::new();
    gateway.add_to(&mut methods).unwrap();
    let (running, address) = serve_methods(methods, "127.0.0.1:0").await;
    (running, address.to_string())
}

async fn client(url: String) -> Client {
    Client::connect(&url, Options { retry: Retry::none(), ..Options::default() }).await.unwrap()
}

#[tokio::test]
async fn a_server_that_dies_in_mid_call_and_mid_stream_ends_them_alone() {
    for scheme in ["zerorpc", "grpc"] {
        let under_way = UnderWay::default();
        let (server, _, _gateway, _running, gateway) = behind(waiting(&under_way), scheme).await;
        let client = client(format!("zerorpc://{gateway}")).await;
        let names = if scheme == "grpc" { ["Methods.wait", "Methods.count"] } else { ["wait", "count"] };
        let mut stream = client.stream(names[1], Vec::new()).await.unwrap();
        assert!(stream.next().await.unwrap().is_ok());
        let call = tokio::spawn({
            let client = client.clone();
            async move { client.call(names[0], Vec::new()).await }
        });
        under_way.reaches(2).await;
        // Its connections are cut.
        server.stop(Duration::ZERO).await;
        drop(server);
        let error = call.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{scheme}: {error}");
        let broken = loop {
            match stream.next().await {
                Some(Ok(_)) => {}
                other => break other.unwrap().unwrap_err(),
            }
        };
        assert_eq!(broken.kind(), ErrorKind::Unavailable, "{scheme}: {broken}");
        // The gateway itself goes on.
        let error = client.call("no.such", Vec::new()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnknownMethod);
    }
}

#[tokio::test]
async fn a_client_that_leaves_ends_its_calls_at_the_server() {
    let under_way = UnderWay::default();
    let (_server, _, _gateway, _running, gateway) = behind(waiting(&under_way), "grpc").await;
    for scheme in ["zerorpc", "grpc", "jsonrpc+ws"] {
        let client = client(format!("{scheme}://{gateway}")).await;
        let mut stream = client.stream("Methods.count", Vec::new()).await.unwrap();
        let first = stream.next().await.unwrap();
        assert!(first.is_ok(), "{scheme}: {first:?}");
        under_way.reaches(1).await;
        drop(stream);
        drop(client);
        under_way.reaches(0).await;
    }
}

#[tokio::test]
async fn a_stream_is_read_no_faster_than_its_reader_reads() {
    let produced = Arc::new(AtomicUsize::new(0));
    let mut methods = Methods::new();
    let counter = produced.clone();
    methods.add_stream("blocks", "", move |_: Empty| {
        let counter = counter.clone();
        futures_util::stream::iter(0..10_000).map(move |_| {
            counter.fetch_add(1, Ordering::SeqCst);
            Ok(Value::Bytes(vec![0; 1 << 20]))
        })
    });
    let (_server, _, _gateway, _running, gateway) = behind(methods, "zerorpc").await;
    let client = client(format!("grpc://{gateway}")).await;
    let mut stream = client.stream("Methods.blocks", Vec::new()).await.unwrap();
    for _ in 0..3 {
        assert!(stream.next().await.unwrap().is_ok());
    }
    // Whoever would read ahead has all the time for it.
    let mut last = 0;
    loop {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let now = produced.load(Ordering::SeqCst);
        if std::mem::replace(&mut last, now) == now {
            break;
        }
    }
    assert!(last < 200, "{last} MiB were sent to one who has read 3");
}

#[tokio::test]
async fn a_server_that_hangs_or_answers_garbage_fails_its_own_calls() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut first = [0; 512];
                let read = stream.read(&mut first).await.unwrap_or(0);
                let asked = String::from_utf8_lossy(&first[..read]).into_owned();
                if asked.contains("garbage") {
                    let _ = stream.write_all(&[0xff; 4096]).await;
                    return;
                }
                // It says nothing more, and closes nothing.
                std::future::pending::<()>().await;
            });
        }
    });
    let written = ["hang() -> any", "garbage() -> any"].map(|text| text.parse().unwrap());
    let options = Options {
        timeout: Some(Duration::from_millis(300)),
        limits: Limits { handshake: Duration::from_millis(300), ..Limits::default() },
        retry: Retry::none(),
        ..Options::default()
    };
    let source = Source { options, methods: written.into(), ..Source::of(&format!("xmlrpc://{address}")) };
    let unlearnt = Gateway::connect(vec![source.clone()]).await.err().unwrap();
    assert_eq!(unlearnt.kind(), ErrorKind::DeadlineExceeded, "{unlearnt}");
    let gateway = Gateway::connect(vec![Source { is_told: true, ..source }]).await.unwrap();
    let (_running, gateway) = serve_gateway(&gateway).await;
    let client = client(format!("jsonrpc://{gateway}")).await;
    let hung = client.call("hang", Vec::new()).await.unwrap_err();
    assert_eq!(hung.kind(), ErrorKind::DeadlineExceeded, "{hung}");
    let garbage = client.call("garbage", Vec::new()).await.unwrap_err();
    assert!(matches!(garbage.kind(), ErrorKind::Internal | ErrorKind::Unavailable), "{garbage:?}");
}

#[tokio::test]
async fn a_server_that_comes_back_with_other_methods_is_learnt_again() {
    let answering = |name: &str| {
        let mut methods = Methods::new();
        methods.add(name, "", |_: Empty| async move { Ok(1_i64) });
        methods
    };
    let (server, address, gateway, running, of_gateway) = behind(answering("old"), "gob").await;
    let metrics = Metrics::new();
    gateway.count_in(&metrics);
    let control = running.control();
    let watched = gateway.clone();
    let watching = tokio::spawn(async move {
        watched
            .watch(|looked| {
                if let Ok(true) = looked.outcome {
                    let mut methods = Methods::new();
                    watched.add_to(&mut methods).unwrap();
                    control.replace(methods).unwrap();
                }
            })
            .await;
    });
    let clients = [
        client(format!("jsonrpc+ws://{of_gateway}")).await,
        client(format!("grpc://{of_gateway}")).await,
        client(format!("zerorpc://{of_gateway}")).await,
    ];
    assert_eq!(clients[0].call("old", Vec::new()).await, Ok(1.into()));
    server.stop(Duration::from_secs(5)).await;
    drop(server);
    until(|| !gateway.is_up()).await;
    assert!(metrics.render().contains(&format!("manywire_upstream_up{{server=\"gob://{address}\"}} 0")));
    let _again = serve_methods(answering("new"), &address.to_string()).await;
    until(|| gateway.is_up() && running.methods().get("new").is_some()).await;
    // Connections that were open have the new methods too.
    assert_eq!(clients[0].call("new", Vec::new()).await, Ok(1.into()));
    assert_eq!(clients[2].call("new", Vec::new()).await, Ok(1.into()));
    assert_eq!(clients[0].call("old", Vec::new()).await.unwrap_err().kind(), ErrorKind::UnknownMethod);
    let fresh = client(format!("grpc://{of_gateway}")).await;
    assert!(fresh.call("Methods.new", Vec::new()).await.is_ok());
    assert!(metrics.render().contains(&format!("manywire_upstream_up{{server=\"gob://{address}\"}} 1")));
    watching.abort();
}

#[tokio::test]
async fn headers_that_are_named_go_on_and_no_others() {
    let mut methods = Methods::new();
    methods.add("seen", "", |context: Context, _: Empty| async move {
        let seen = |name: &str| context.metadata().text(name).unwrap_or("-").to_owned();
        Ok(format!("{} {}", seen("x-request-id"), seen("x-secret")))
    });
    for scheme in ["jsonrpc", "xmlrpc", "grpc", "jsonrpc1+http"] {
        let (_server, address) = serve_methods(methods.clone(), "127.0.0.1:0").await;
        let mut source = Source::of(&format!("{scheme}://{address}"));
        source.forward_header("X-Request-Id").unwrap();
        let gateway = Gateway::connect(vec![source]).await.unwrap();
        let (_running, of_gateway) = serve_gateway(&gateway).await;
        let metadata = [("x-request-id", "7"), ("x-secret", "no")];
        let options = Options {
            metadata: metadata.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            ..Options::default()
        };
        let client = Client::connect(&format!("jsonrpc://{of_gateway}"), options).await.unwrap();
        let name = if scheme == "grpc" { "Methods.seen" } else { "seen" };
        let seen = client.call(name, Vec::new()).await.unwrap();
        assert_eq!(seen, "7 -".into(), "{scheme}");
    }
}

#[tokio::test]
async fn a_drain_lets_calls_that_were_handed_on_finish() {
    let (release, released) = tokio::sync::watch::channel(false);
    let under_way = UnderWay::default();
    let mut methods = Methods::new();
    let began = under_way.clone();
    methods.add("wait", "", move |_: Empty| {
        let (mut released, one) = (released.clone(), began.begin());
        async move {
            let _one = one;
            released.wait_for(|is_so| *is_so).await.map_err(|_| RpcError::failed("gone"))?;
            Ok("done".to_owned())
        }
    });
    let (_server, _, _gateway, running, gateway) = behind(methods, "zerorpc").await;
    let client = client(format!("gob://{gateway}")).await;
    let call = tokio::spawn(async move { client.call("wait", Vec::new()).await });
    under_way.reaches(1).await;
    let stopping = tokio::spawn(async move { running.stop(Duration::from_secs(10)).await });
    release.send(true).unwrap();
    assert_eq!(call.await.unwrap(), Ok("done".into()));
    stopping.await.unwrap();
}
