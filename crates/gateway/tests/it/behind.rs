//! Calls with one answer, by each wire to the server.

use std::time::{Duration, Instant};

use manywire_client::{Arguments, Client, Options, Retry};
use manywire_core::{ErrorKind, Methods, Params, Terms, Timestamp, Value};
use manywire_gateway::{Gateway, Source};

use crate::{before, call, methods, named, positional, serve, serve_at, session};

const URLS: &[&str] = &[
    "gob://",
    "gob+http://",
    "jsonrpc1+tcp://",
    "jsonrpc1+http://",
    "jsonrpc://",
    "jsonrpc+ws://",
    "xmlrpc://",
    "zerorpc://",
];

#[tokio::test]
async fn a_server_has_the_same_methods_here_as_there() {
    let (_running, address) = serve().await;
    let direct = Client::connect(&format!("zerorpc://{address}"), Options::default()).await.unwrap();
    let schema = direct.schema().await.unwrap();
    let told = schema.methods.iter().filter(|method| !method.name.starts_with("system."));
    let told: Vec<_> = told.map(|method| (method.signature.clone(), method.doc.clone())).collect();
    assert!(told.len() > 20);
    for scheme in URLS {
        let session = before(&format!("{scheme}{address}")).await;
        let here = session.methods().iter().map(|method| (method.signature(), method.doc().to_owned()));
        let here: Vec<_> = here.collect();
        for (told, here) in told.iter().zip(&here) {
            assert_eq!(told, here, "{scheme}");
        }
        assert_eq!(told.len(), here.len(), "{scheme}");
    }
}

#[tokio::test]
async fn arguments_come_however_the_caller_has_them() {
    let (_running, address) = serve().await;
    for scheme in URLS {
        let session = before(&format!("{scheme}{address}")).await;
        let product = |params: Params<'static, 'static>| call(&session, "Arith.Multiply", params);
        assert_eq!(product(positional([17.into(), 8.into()])).await, Ok(136.into()), "{scheme}");
        assert_eq!(product(named([("B", 8.into()), ("A", 17.into())])).await, Ok(136.into()), "{scheme}");
        let whole = Value::map([("A", 17.into()), ("B", 8.into())]);
        assert_eq!(product(positional([whole])).await, Ok(136.into()), "{scheme}");
        let hello = call(&session, "h.Hello", positional(["world".into()])).await;
        assert_eq!(hello, Ok("hello,world".into()), "{scheme}");
        let answer = call(&session, "Arith.Divide", positional([17.into(), 8.into()])).await.unwrap();
        assert_eq!((answer.get("Quo"), answer.get("Rem")), (Some(&2.into()), Some(&1.into())), "{scheme}");
    }
}

#[tokio::test]
async fn values_cross_as_they_are() {
    let (_running, address) = serve().await;
    let plain = Value::Array(vec![
        i64::MAX.into(),
        i64::MIN.into(),
        0.1.into(),
        Value::Bool(true),
        "é\u{1F600}".into(),
        Value::map([("nested", Value::Array(vec![Value::map([("deep", 1.into())])]))]),
    ]);
    let rich = Value::Array(vec![
        Value::Null,
        Value::Bytes(vec![0, 255]),
        Value::Timestamp(Timestamp { seconds: 1_700_000_000, nanos: 0, offset: None }),
        Value::Float(f64::INFINITY),
    ]);
    let zerorpc = before(&format!("zerorpc://{address}")).await;
    let xmlrpc = before(&format!("xmlrpc://{address}")).await;
    let jsonrpc = before(&format!("jsonrpc://{address}")).await;
    for (session, name) in [(&zerorpc, "echo"), (&xmlrpc, "echo"), (&jsonrpc, "ping")] {
        assert_eq!(call(session, name, positional([plain.clone()])).await, Ok(plain.clone()));
    }
    assert_eq!(call(&xmlrpc, "echo", positional([rich.clone()])).await, Ok(rich));
}

#[tokio::test]
async fn an_error_is_the_one_that_the_server_gives() {
    let (_running, address) = serve().await;
    for scheme in URLS {
        let url = format!("{scheme}{address}");
        let direct = Client::connect(&url, Options::default()).await.unwrap();
        let session = before(&url).await;
        let zero = || vec![("A".to_owned(), Value::from(1)), ("B".to_owned(), Value::from(0))];
        let there = direct.call("Arith.Divide", Arguments::Record(zero())).await.unwrap_err();
        let here = call(&session, "Arith.Divide", positional([1.into(), 0.into()])).await.unwrap_err();
        assert_eq!(here, there, "{scheme}");
        assert_eq!(here.message(), "divide by zero.");
    }
}

#[tokio::test]
async fn two_servers_with_one_name_need_a_prefix() {
    let (_running, address) = serve().await;
    let (gob, zerorpc) = (format!("gob://{address}"), format!("zerorpc://{address}"));
    let error = methods(vec![Source::of(&gob), Source::of(&zerorpc)]).await.err().unwrap();
    assert!(error.message().contains("is a method of gob://"), "{error}");
    assert!(error.message().ends_with(&format!("give one of them a prefix: PREFIX={zerorpc}")), "{error}");
    let prefixed = Source::read(&format!("old={zerorpc}")).unwrap();
    let session = session(methods(vec![Source::of(&gob), prefixed]).await.unwrap());
    for name in ["add", "old.add"] {
        assert_eq!(call(&session, name, positional([1.into(), 2.into()])).await, Ok(3.into()));
    }
}

#[tokio::test]
async fn what_is_written_down_goes_before_what_a_server_tells() {
    let (_running, address) = serve().await;
    let source = Source {
        methods: vec!["add(a: int, b: int) -> int".parse().unwrap(), "nowhere() -> nil".parse().unwrap()],
        ..Source::of(&format!("zerorpc://{address}"))
    };
    let session = session(methods(vec![source]).await.unwrap());
    let float = call(&session, "add", positional([1.5.into(), 2.into()])).await.unwrap_err();
    assert!(float.message().contains("expected int"), "{float}");
    assert_eq!(call(&session, "add", positional([1.into(), 2.into()])).await, Ok(3.into()));
    let nowhere = call(&session, "nowhere", Params::none()).await.unwrap_err();
    assert_eq!(nowhere.kind(), ErrorKind::UnknownMethod);
}

#[tokio::test]
async fn a_name_that_is_not_known_passes_through() {
    let (_running, address) = serve().await;
    for scheme in URLS {
        let source = Source {
            prefix: Some("p".to_owned()),
            pass_through: true,
            ..Source::of(&format!("{scheme}{address}"))
        };
        let mut open = Methods::new();
        open.set_fallback(Gateway::connect(vec![source]).await.unwrap().pass_through());
        let session = session(open);
        let product = call(&session, "p.Arith.Multiply", named([("A", 17.into()), ("B", 8.into())])).await;
        assert_eq!(product, Ok(136.into()), "{scheme}");
        let unknown = call(&session, "p.no.such", Params::none()).await.unwrap_err();
        assert_eq!(unknown.kind(), ErrorKind::UnknownMethod, "{scheme}: {unknown}");
        let elsewhere = call(&session, "q.Arith.Multiply", Params::none()).await.unwrap_err();
        assert_eq!(elsewhere.kind(), ErrorKind::UnknownMethod);
    }
}

#[tokio::test]
async fn a_caller_that_gives_up_or_leaves_ends_the_call_there_too() {
    let (running, address) = serve().await;
    let session = before(&format!("zerorpc://{address}")).await;
    let began = Instant::now();
    let terms = Terms { deadline: Some(began + Duration::from_millis(50)), ..Terms::default() };
    let late = session.call_on(terms, "sleep", positional([60_000.into()])).unwrap().await.err().unwrap();
    assert_eq!(late.kind(), ErrorKind::DeadlineExceeded);
    drop(session.call("sleep", positional([60_000.into()])).unwrap());
    // It has no call left to wait for.
    drop(session);
    running.stop(Duration::from_secs(10)).await;
    assert!(began.elapsed() < Duration::from_secs(8));
}

#[tokio::test]
async fn a_server_that_is_down_is_unavailable_at_once_and_found_again() {
    let (running, address) = serve().await;
    let source = Source {
        options: Options { retry: Retry::none(), ..Options::default() },
        ..Source::of(&format!("gob://{address}"))
    };
    let session = session(methods(vec![source]).await.unwrap());
    let add = || call(&session, "add", positional([1.into(), 2.into()]));
    assert_eq!(add().await, Ok(3.into()));
    running.stop(Duration::from_secs(10)).await;
    let began = Instant::now();
    assert_eq!(add().await.unwrap_err().kind(), ErrorKind::Unavailable);
    assert!(began.elapsed() < Duration::from_secs(1));
    let (_again, _) = serve_at(&address.to_string()).await;
    assert_eq!(add().await, Ok(3.into()));
}
