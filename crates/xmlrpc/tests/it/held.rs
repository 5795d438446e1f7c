//! What a call makes the server hold is counted, bounded, and given back; an answer has a longest length.

use std::time::{Duration, Instant};

use manywire_core::{Limits, Value};
use manywire_xmlrpc::encode_call;

use crate::http::{Peer, post};
use crate::serving::serve_by_budget;

fn call(name: &str, params: &[Value]) -> Vec<u8> {
    post("", &encode_call(name, params).unwrap())
}

fn entry(name: &str, params: Vec<Value>) -> Value {
    Value::map([("methodName", Value::from(name)), ("params", Value::Array(params))])
}

#[tokio::test]
async fn a_call_that_waits_holds_what_it_was_given_and_no_longer() {
    let (address, budget) = serve_by_budget(Limits::default()).await;
    let mut peer = Peer::connect(address).await;
    let sleeps = vec![entry("sleep", vec![500.into()]); 100];
    peer.send(&call("system.multicall", &[sleeps.into()])).await;
    let until = |most: usize, least: usize| {
        let budget = budget.clone();
        let holds = async move {
            while !(least..=most).contains(&budget.held()) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), holds)
    };
    until(200_000, 50_000).await.expect("the calls were not counted");
    until(0, 0).await.expect("the calls are still held");
    drop(peer);
}

#[tokio::test]
async fn what_has_no_room_is_a_fault() {
    let limits = Limits { connection_memory: 1 << 20, ..Limits::default() };
    let (address, budget) = serve_by_budget(limits).await;
    let mut peer = Peer::connect(address).await;
    // Values take more room than their text.
    let texts = format!("<array><data>{}</data></array>", "<value/>".repeat(40_000));
    let many = String::from_utf8(encode_call("ping", &["X".into()]).unwrap()).unwrap();
    let many = many.replace("<string>X</string>", &texts);
    let fault = peer.exchange(&post("", many.as_bytes())).await.result().unwrap_err();
    assert!(fault.code == -32400 && fault.message.contains("holds too much"), "{fault:?}");
    assert_eq!(peer.exchange(&call("ping", &[1.into()])).await.result(), Ok(1.into()));
    assert_eq!(budget.held(), 0);
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_a_fault_and_in_a_multicall_its_own() {
    let limits = Limits { message_bytes: 20_000, ..Limits::default() };
    let (address, budget) = serve_by_budget(limits).await;
    let mut peer = Peer::connect(address).await;
    let long = |count: usize| Value::from("%c".repeat(count));
    let fault = peer.exchange(&call("strftime", &[long(1_000)])).await.result().unwrap_err();
    assert!(fault.code == -32400 && fault.message.contains("limit of 20000 bytes"), "{fault:?}");
    // A few letters of markup make much of a little text.
    let returns = String::from_utf8(encode_call("echo", &["X".into()]).unwrap()).unwrap();
    let returns = returns.replace('X', &"\r".repeat(5_000));
    let fault = peer.exchange(&post("", returns.as_bytes())).await.result().unwrap_err();
    assert_eq!(fault.code, -32400);
    let entries = vec![
        entry("strftime", vec![long(300)]),
        entry("sleep", vec![10.into()]),
        entry("strftime", vec![long(1_000)]),
        entry("strftime", vec![long(300)]),
        entry("strftime", vec![long(300)]),
        entry("add", vec![1.into(), 2.into()]),
    ];
    let Ok(Value::Array(outcomes)) =
        peer.exchange(&call("system.multicall", &[entries.into()])).await.result()
    else {
        panic!("no outcomes")
    };
    let is_result = |outcome: &Value| matches!(outcome, Value::Array(_));
    assert_eq!(outcomes.iter().map(is_result).collect::<Vec<_>>(), [true, true, false, true, false, true]);
    assert_eq!(outcomes[5], Value::Array(vec![3.into()]));
    assert_eq!(budget.held(), 0);
}

#[tokio::test]
async fn calls_of_a_multicall_wait_together_and_keep_their_order() {
    let (address, _) = serve_by_budget(Limits::default()).await;
    let mut peer = Peer::connect(address).await;
    let entries: Vec<Value> = (0..1_000).map(|n| entry("sleep", vec![(500 - n / 2).into()])).collect();
    let expected: Vec<Value> = (0..1_000).map(|n| Value::Array(vec![(500 - n / 2).into()])).collect();
    let began = Instant::now();
    let outcomes = peer.exchange(&call("system.multicall", &[entries.into()])).await.result();
    assert_eq!(outcomes, Ok(Value::Array(expected)));
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}
