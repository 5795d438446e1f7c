//! Many calls at once, on every wire.

use std::sync::Arc;

use manywire_client::{Arguments, Client, Options, Retry};
use manywire_core::{ErrorKind, Limits, Value};

use crate::cable::{Cable, Record};
use crate::calls::WIRES;
use crate::several::nobody;
use crate::{named, pair, serve};

#[tokio::test]
async fn outcomes_come_in_order_and_one_failure_is_its_own() {
    let (_running, at) = serve(&[]).await;
    for (scheme, path) in WIRES {
        let client = Client::connect(&format!("{scheme}://{at}{path}"), Options::default()).await.unwrap();
        let is_grpc = scheme.starts_with("grpc");
        // More than any one batch of a wire may hold.
        let count = if scheme.ends_with("http") { 1_500 } else { 5_000 };
        let call = |i: i64| match (is_grpc, i) {
            (true, 700) => ("Greeter/SayHallo".to_owned(), Arguments::Positional(Vec::new())),
            (true, _) => ("Greeter/SayHello".to_owned(), vec![named("name", i.to_string())].into()),
            (false, 700) => ("Arith.Divide".to_owned(), pair(1, 0)),
            (false, _) => ("Arith.Multiply".to_owned(), pair(i, 2)),
        };
        let outcomes = client.batch((0..count).map(call).collect()).await.unwrap();
        assert_eq!(outcomes.len(), count as usize, "{scheme}");
        for (i, outcome) in (0..count).zip(outcomes) {
            let expected = if is_grpc { named("message", format!("hello {i}")) } else { Value::Int(i * 2) };
            match i {
                700 => assert!(outcome.is_err(), "{scheme}"),
                _ => assert_eq!(outcome, Ok(expected), "{scheme}: call {i}"),
            }
        }
        assert_eq!(client.batch(Vec::new()).await, Ok(Vec::new()), "{scheme}");
    }
}

#[tokio::test]
async fn a_batch_that_reached_nobody_goes_to_the_next_server() {
    let (_running, at) = serve(&[]).await;
    let nobody = nobody().await;
    for (scheme, path) in WIRES.iter().filter(|(scheme, _)| !scheme.starts_with("grpc")) {
        // Twice, so that each of the two is the first to be tried once.
        for _ in 0..2 {
            let url = format!("{scheme}://{nobody},{at}{path}");
            let client =
                Client::connect(&url, Options { retry: Retry::none(), ..Options::default() }).await.unwrap();
            for _ in 0..2 {
                let calls = vec![("Arith.Multiply".to_owned(), pair(2, 3)); 3];
                let outcomes = client.batch(calls).await.unwrap();
                assert_eq!(outcomes, vec![Ok(Value::Int(6)); 3], "{scheme}");
            }
        }
    }
}

#[tokio::test]
async fn the_parts_of_a_batch_before_a_broken_one_keep_their_outcomes_and_run_once() {
    let (_running, at) = serve(&[]).await;
    for (scheme, path) in [("jsonrpc+http", ""), ("xmlrpc+http", "/RPC2")] {
        let cable = Cable::to(at).await;
        let record = Arc::new(Record::default());
        let limits = Limits { batch: 2, ..Limits::default() };
        let options = Options { limits, tap: Some(record.clone()), ..Options::default() };
        let url = format!("{scheme}://{}{path}", cable.address);
        let client = Client::connect(&url, options).await.unwrap();
        // What the method takes is asked for once.
        client.call("Arith.Multiply", pair(1, 1)).await.unwrap();
        let before = record.sent_to(cable.address, "Arith.Multiply");
        let multiply = ("Arith.Multiply".to_owned(), pair(2, 3));
        let sleep = ("sleep".to_owned(), Arguments::Positional(vec![60_000.into()]));
        let calls = [&multiply, &multiply, &sleep, &sleep, &multiply].into_iter().cloned().collect();
        let batch = tokio::spawn(async move { client.batch(calls).await });
        while record.sent_to(cable.address, "60000") == 0 {
            tokio::task::yield_now().await;
        }
        cable.cut();
        let outcomes = batch.await.unwrap().unwrap();
        assert_eq!(outcomes[..2], [Ok(Value::Int(6)), Ok(Value::Int(6))], "{scheme}");
        assert_eq!(outcomes.len(), 5, "{scheme}");
        for outcome in &outcomes[2..] {
            let error = outcome.as_ref().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unavailable, "{scheme}: {error}");
        }
        assert_eq!(record.sent_to(cable.address, "Arith.Multiply") - before, 2, "{scheme}");
    }
}
