//! Many calls at once, on every wire.

use manywire_client::{Arguments, Client, Options};
use manywire_core::Value;

use crate::calls::WIRES;
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
