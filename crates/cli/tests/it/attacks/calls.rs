//! Calls under way: their ids and arguments count as long as they are held, however many there are.

use manywire_raw::{http1, zerorpc};

use super::flood::Flood;
use super::{Target, closed_within, push, tell};
use crate::Server;

/// Four connections, each with as many calls that sleep as are taken.
fn sleepers(begin: &[u8], call: impl Fn(usize) -> Vec<u8>) {
    let target = Target::start(&[]);
    target.withstands(|server| {
        let mut flood = Flood::connect(server, 4);
        flood.pour(begin);
        let mut calls = (0..100).map(call);
        while calls.next().is_some_and(|call| flood.pour(&call) == 4 * call.len()) {}
        flood
    });
}

#[test]
fn long_ids_of_json_rpc_1() {
    let id = "x".repeat(250 << 10);
    sleepers(b"", |_| format!(r#"{{"method":"Demo.Sleep","params":[60000],"id":"{id}"}}"#).into_bytes());
}

#[test]
fn long_ids_over_websocket() {
    let id = "x".repeat(250 << 10);
    let call = format!(r#"{{"jsonrpc":"2.0","method":"sleep","params":[60000],"id":"{id}"}}"#);
    sleepers(&http1::upgrade(""), |_| http1::websocket_text(&call));
}

#[test]
fn long_arguments_of_zerorpc() {
    // A second argument that the method does not take is held or refused.
    let arguments = [&[0x92, 0xcd, 0xea, 0x60][..], &zerorpc::bin(&[0; 250 << 10])].concat();
    sleepers(&zerorpc::begin(), |at| zerorpc::call(&at.to_string(), "sleep", &arguments));
}

#[test]
fn a_flood_of_ids_of_zerorpc() {
    let target = Target::start(&[]);
    let call = |id: usize| {
        zerorpc::call(&format!("{id:0>200}"), "streaming_range", b"\x93\x00\xce\x3b\x9a\xca\x00\x01")
    };
    let attack = [zerorpc::begin(), (0..50_000).flat_map(call).collect()].concat();
    target.withstands(|server| push(server, &attack));
}

#[test]
fn a_batch_that_sleeps_ends_with_its_caller() {
    let target = Target::start(&[]);
    let batch = format!("[{}]", vec![http1::json_call("sleep", "[60000]"); 1_000].join(","));
    let attack = http1::post("/", "", batch.as_bytes());
    target.withstands(|server| push(server, &attack).reset());
    closed_within(&target.server, "http");
}

#[test]
fn batches_of_any_length_get_one_answer() {
    let target = Target::of(Server::start(&["any", "ops"], &[]));
    let batch = format!("[{}]", vec!["1"; 500_000].join(","));
    let attack = http1::post("/", "connection: close\r\n", batch.as_bytes());
    target.withstands(|server| {
        let answer = String::from_utf8(tell(server, &attack)).unwrap();
        assert!(answer.contains("error") && answer.len() < 1_000, "{answer}");
    });
}

#[test]
fn bodies_that_stop_in_the_middle_stay_within_the_budget() {
    let target = Target::start(&[]);
    let whole = http1::post("/", "", &vec![b' '; 256 << 10]);
    target.withstands(|server| {
        let mut flood = Flood::connect(server, 100);
        flood.pour(&whole[..whole.len() - 10]);
        flood
    });
}
