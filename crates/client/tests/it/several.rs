//! Several servers behind one URL: which one a call goes to, and when it is made again.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use manywire_client::{Client, Options, Retry};
use manywire_core::ErrorKind;

use crate::cable::{Cable, Record};
use crate::calls::{WIRES, sleep};
use crate::{named, pair, serve};

/// An address at which nobody listens.
pub(crate) async fn nobody() -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}

/// A wire's own call that any server answers.
async fn call(client: &Client, scheme: &str) -> Result<(), manywire_core::RpcError> {
    if scheme.starts_with("grpc") {
        client.call("Greeter/SayHello", Vec::new()).await.map(drop)
    } else {
        client.call("Arith.Multiply", pair(2, 3)).await.map(drop)
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_left_out_on_every_wire() {
    let (_running, at) = serve(&[]).await;
    let nobody = nobody().await;
    for (scheme, path) in WIRES {
        let url = format!("{scheme}://{nobody},{at}{path}");
        let client =
            Client::connect(&url, Options { retry: Retry::none(), ..Options::default() }).await.unwrap();
        for _ in 0..4 {
            call(&client, scheme).await.unwrap_or_else(|error| panic!("{scheme}: {error}"));
        }
    }
}

#[tokio::test]
async fn nobody_there_is_said_at_once_and_by_name() {
    let nobody = nobody().await;
    for (scheme, path) in WIRES {
        let url = format!("{scheme}://{nobody}{path}");
        let begun = Instant::now();
        let error = match Client::connect(&url, Options::default()).await {
            Err(error) => error,
            Ok(client) => call(&client, scheme).await.unwrap_err(),
        };
        assert!(error.kind() == ErrorKind::Unavailable && error.is_unsent(), "{scheme}: {error}");
        let words = error.message();
        assert!(words.contains(&nobody.to_string()) && words.contains("refused"), "{scheme}: {error}");
        assert!(begun.elapsed() < Duration::from_secs(2), "{scheme}");
    }
}

#[tokio::test]
async fn calls_go_where_the_least_are_under_way() {
    let (_running, at) = serve(&[]).await;
    let (left, right) = (Cable::to(at).await, Cable::to(at).await);
    let record = Arc::new(Record::default());
    let url = format!("gob://{},{}", left.address, right.address);
    let client =
        Client::connect(&url, Options { tap: Some(record.clone()), ..Options::default() }).await.unwrap();
    // What the method takes is asked for once, of either.
    client.call("Demo.Sleep", vec![0.into()]).await.unwrap();
    let sent = || [&left, &right].map(|cable| record.sent_to(cable.address, "Demo.Sleep"));
    let before = sent();
    let calls = (0..20).map(|_| {
        let client = client.clone();
        tokio::spawn(async move { client.call("Demo.Sleep", vec![300.into()]).await })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap().unwrap();
    }
    for (at, cable) in [&left, &right].into_iter().enumerate() {
        assert_eq!(sent()[at] - before[at], 10);
        assert_eq!(cable.connections(), 1);
    }
}

#[tokio::test]
async fn a_lost_server_is_found_again_when_it_is_back() {
    let (_running, at) = serve(&[]).await;
    for (scheme, path) in WIRES {
        let cable = Cable::to(at).await;
        let near = cable.address;
        let options = Options { retry: Retry::none(), ..Options::default() };
        let client = Client::connect(&format!("{scheme}://{near}{path}"), options).await.unwrap();
        call(&client, scheme).await.unwrap();
        cable.unplug().await;
        // The first calls may still find the end of the old connection, the next ones that nobody is there.
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let error = call(&client, scheme).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unavailable, "{scheme}: {error}");
            if error.is_unsent() {
                break;
            }
            assert!(Instant::now() < deadline, "{scheme}: {error}");
        }
        let _back = Cable::at(near, at).await;
        call(&client, scheme).await.unwrap_or_else(|error| panic!("{scheme}: {error}"));
    }
}

#[tokio::test]
async fn a_dead_one_is_tried_again_while_the_other_serves() {
    let (_running, at) = serve(&[]).await;
    let (left, right) = (Cable::to(at).await, Cable::to(at).await);
    let near = left.address;
    let url = format!("zerorpc://{near},{}", right.address);
    let client = Client::connect(&url, Options::default()).await.unwrap();
    left.unplug().await;
    let deadline = Instant::now() + Duration::from_secs(20);
    for _ in 0..20 {
        // One that was under way at the moment of the cut may fail; none after it may.
        let _ = call(&client, "zerorpc").await;
    }
    for _ in 0..20 {
        call(&client, "zerorpc").await.unwrap();
    }
    let back = Cable::at(near, at).await;
    // Until a probe has found it, calls go to the other one alone.
    while back.connections() < 2 {
        call(&client, "zerorpc").await.unwrap();
        assert!(Instant::now() < deadline, "it was never tried again");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_broken_call_is_made_again_only_if_that_does_no_harm() {
    let (_running, at) = serve(&[]).await;
    // gRPC has no method that sleeps, and a WebSocket masks what is sent, so that the calls cannot be counted.
    let countable = |(scheme, _): &&(&str, &str)| !scheme.starts_with("grpc") && !scheme.ends_with("ws");
    for (scheme, path) in WIRES.iter().filter(countable) {
        let cable = Cable::to(at).await;
        let record = Arc::new(Record::default());
        let options = Options { tap: Some(record.clone()), ..Options::default() };
        let client = Client::connect(&format!("{scheme}://{}{path}", cable.address), options).await.unwrap();
        let (method, arguments) = sleep(scheme, 400);
        let word = method.rsplit('.').next().unwrap();
        // What the method takes is asked for once.
        client.call(method, sleep(scheme, 0).1).await.unwrap();
        let mut seen = record.sent_to(cable.address, word);
        for is_idempotent in [false, true] {
            let client = if is_idempotent { client.idempotent() } else { client.clone() };
            let arguments = arguments.clone();
            let calling = tokio::spawn(async move { client.call(method, arguments).await });
            while record.sent_to(cable.address, word) == seen {
                tokio::task::yield_now().await;
            }
            // So that the server has it before the cable is cut.
            while tokio::time::timeout(Duration::from_millis(50), std::future::pending::<()>()).await.is_ok()
            {
            }
            cable.cut();
            let outcome = calling.await.unwrap();
            let sent = record.sent_to(cable.address, word) - seen;
            seen += sent;
            match is_idempotent {
                true => assert!(outcome.is_ok() && sent == 2, "{scheme}: {outcome:?}, sent {sent} times"),
                false => {
                    let error = outcome.unwrap_err();
                    assert!(
                        error.kind() == ErrorKind::Unavailable && !error.is_unsent(),
                        "{scheme}: {error}"
                    );
                    assert_eq!(sent, 1, "{scheme}");
                }
            }
        }
    }
}

#[tokio::test]
async fn attempts_end_with_the_time_limit() {
    let retry = Retry { attempts: 1000, budget: 1000, ..Retry::default() };
    let options = Options { timeout: Some(Duration::from_millis(300)), retry, ..Options::default() };
    let client = Client::connect(&format!("xmlrpc://{}/RPC2", nobody().await), options).await.unwrap();
    let begun = Instant::now();
    let error = client.call("add", vec![1.into(), 2.into()]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DeadlineExceeded, "{error}");
    assert!(begun.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn a_name_is_looked_up() {
    let (_running, at) = serve(&[]).await;
    // It may stand for two addresses, of which one refuses.
    let url = format!("gob://localhost:{}", at.port());
    let client = Client::connect(&url, Options::default()).await.unwrap();
    for _ in 0..10 {
        assert_eq!(client.call("Arith.Multiply", pair(2, 3)).await, Ok(6.into()));
    }
    let error = Client::connect("gob://no-such-host.invalid:1", Options::default()).await.unwrap_err();
    assert!(error.message().contains("cannot find the address of no-such-host.invalid:1"), "{error}");
}

/// The wires on which a server has a say before the first call.
const GREETED: [&str; 4] = ["gob+http", "jsonrpc+ws", "zerorpc", "grpc+http"];

#[tokio::test]
async fn one_that_takes_connections_and_says_nothing_leaves_time_for_the_next() {
    let (_running, at) = serve(&[]).await;
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    for scheme in GREETED {
        let url = format!("{scheme}://{},{at}", silent.local_addr().unwrap());
        let options = Options { timeout: Some(Duration::from_millis(600)), ..Options::default() };
        let client = Client::connect(&url, options).await.unwrap_or_else(|error| panic!("{scheme}: {error}"));
        for _ in 0..4 {
            call(&client, scheme).await.unwrap_or_else(|error| panic!("{scheme}: {error}"));
        }
    }
}

#[tokio::test]
async fn calls_that_wait_for_one_connection_fail_with_it() {
    let (_running, at) = serve(&[]).await;
    for scheme in ["gob+http", "jsonrpc+ws", "zerorpc"] {
        let cable = Cable::to(at).await;
        let near = cable.address;
        let limit = Duration::from_millis(200);
        let options = Options { connect_timeout: Some(limit), retry: Retry::none(), ..Options::default() };
        let client = Client::connect(&format!("{scheme}://{near}"), options).await.unwrap();
        call(&client, scheme).await.unwrap();
        cable.unplug().await;
        while call(&client, scheme).await.is_err_and(|error| !error.is_unsent()) {}
        let _silent = tokio::net::TcpListener::bind(near).await.unwrap();
        let begun = Instant::now();
        let calls = (0..20).map(|_| {
            let client = client.clone();
            tokio::spawn(async move { call(&client, scheme).await })
        });
        for failed in calls.collect::<Vec<_>>() {
            let error = failed.await.unwrap().unwrap_err();
            assert!(error.is_unsent() && error.kind() == ErrorKind::Unavailable, "{scheme}: {error}");
        }
        assert!(begun.elapsed() < limit * 5, "{scheme}: {:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn streams_of_requests_leave_out_a_server_that_is_gone() {
    let (_running, at) = serve(&[]).await;
    let (left, right) = (Cable::to(at).await, Cable::to(at).await);
    let url = format!("grpc://{},{}", left.address, right.address);
    let client = Client::connect(&url, Options::default()).await.unwrap();
    let send = || client.send("Greeter/PutStream", futures_util::stream::iter([named("data", "a")]));
    while left.connections() == 0 || right.connections() == 0 {
        send().await.unwrap();
    }
    left.unplug().await;
    let mut failed = 0;
    for _ in 0..20 {
        failed += usize::from(send().await.is_err());
    }
    // One finds the end of the connection, and one that nobody is there.
    assert!(failed <= 2, "{failed} of 20 failed");
}
