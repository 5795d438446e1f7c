//! Our client on our server; Go's peers have their turn in the interop crate.

use manywire_core::{ErrorKind, Limits, Timestamp, Value, from_value};
use manywire_netrpc::{Client, GOB_PATH};
use manywire_notes::arith::{Args, Quotient};

use crate::{Form, serve};

async fn clients() -> Vec<(Form, Client)> {
    let limits = Limits::default();
    let over_http =
        Client::gob_over_http(serve(Form::Connect, limits.clone()), GOB_PATH, &limits).await.unwrap();
    vec![
        (Form::Gob, Client::gob(serve(Form::Gob, limits.clone()), &limits)),
        (Form::Connect, over_http),
        (Form::Json, Client::json(serve(Form::Json, limits.clone()), &limits)),
    ]
}

#[tokio::test]
async fn typed_calls_and_errors_that_leave_the_connection_alive() {
    for (form, client) in clients().await {
        let quotient: Quotient = client.call("Arith.Divide", Args { a: 17, b: 8 }).await.unwrap();
        assert_eq!(quotient, Quotient { quo: 2, rem: 1 }, "{form:?}");
        let error = client.call::<_, Quotient>("Arith.Divide", Args { a: 1, b: 0 }).await.unwrap_err();
        assert_eq!((error.kind(), error.message()), (ErrorKind::Failed, "divide by zero."));
        let error = client.call::<_, i64>("Arith.Nope", Args::default()).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.message()),
            (ErrorKind::UnknownMethod, "rpc: can't find method Arith.Nope")
        );
        let error = client.call::<_, i64>("Arith.Multiply", "text".to_owned()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidParams, "{error}");
        let hello: String = client.call("h.Hello", "wörld".to_owned()).await.unwrap();
        assert_eq!(hello, "hello,wörld");
    }
}

#[tokio::test]
async fn dynamic_calls_need_no_types() {
    for (_, client) in clients().await {
        let args = Value::map([("A", 17.into()), ("B", 8.into())]);
        let answer: Value = client.call("Arith.Divide", args).await.unwrap();
        assert_eq!(from_value::<Quotient>(answer).unwrap(), Quotient { quo: 2, rem: 1 });
        let zero: Value = client.call("Arith.Multiply", Value::map([("A", 17.into())])).await.unwrap();
        assert_eq!(zero, 0.into());
    }
}

#[tokio::test]
async fn a_thousand_calls_in_flight_come_back_in_any_order() {
    for (form, client) in clients().await {
        let slow = client.start::<_, i64>("Demo.Sleep", 30_i64);
        let calls: Vec<_> =
            (0..1_000).map(|a| client.start::<_, i64>("Arith.Multiply", Args { a, b: 3 })).collect();
        for (a, call) in calls.into_iter().enumerate() {
            assert_eq!(call.await, Ok(a as i64 * 3), "{form:?}");
        }
        assert_eq!(slow.await, Ok(30));
    }
}

#[tokio::test]
async fn a_forgotten_call_disturbs_no_other() {
    for (_, client) in clients().await {
        drop(client.start::<_, i64>("Arith.Multiply", Args { a: 1, b: 1 }));
        assert_eq!(client.call("Arith.Multiply", Args { a: 2, b: 2 }).await, Ok(4_i64));
    }
}

#[tokio::test]
async fn an_argument_that_gob_cannot_carry_leaves_the_stream_whole() {
    let limits = Limits::default();
    let client = Client::gob(serve(Form::Gob, limits.clone()), &limits);
    // A time beyond Go's calendar cannot be written.
    let impossible =
        Value::map([("A", Timestamp { seconds: 0, nanos: u32::MAX, offset: Some(i32::MAX) }.into())]);
    client.call::<_, i64>("Arith.Multiply", impossible).await.unwrap_err();
    assert_eq!(client.call("Arith.Multiply", Args { a: 2, b: 3 }).await, Ok(6_i64));
}

#[tokio::test]
async fn calls_fail_when_the_server_is_gone() {
    let (ours, theirs) = tokio::io::duplex(1 << 10);
    let client = Client::gob(ours, &Limits::default());
    let pending = client.start::<_, i64>("Arith.Multiply", Args { a: 1, b: 1 });
    drop(theirs);
    assert_eq!(pending.await.unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(
        client.call::<_, i64>("Arith.Multiply", Args { a: 1, b: 1 }).await.unwrap_err().kind(),
        ErrorKind::Unavailable
    );
}
