//! Replies that nobody reads, on each wire: what is held stays within the budget, and a write without progress ends.

use manywire_raw::{gob, http1, zerorpc};

use super::flood::Flood;
use super::{Target, closed_within, every_wire_answers};
use crate::get;

/// Connects 20 times, calls again and again, and reads no answer; each connection takes a megabyte or more where answers
/// are kept. Calls of every wire are made after each, so that the next comes when the last was dealt with.
fn never_read(begin: &[u8], call: impl Fn(u64) -> Vec<u8>) {
    let target = Target::start(&[]);
    let calls: Vec<u8> = (0..12).flat_map(call).collect();
    target.withstands(|server| {
        let attack = |_| {
            let mut flood = Flood::connect(server, 1);
            flood.pour(begin);
            flood.pour(&calls);
            every_wire_answers(server);
            flood
        };
        (0..20).map(attack).collect::<Vec<_>>()
    });
}

fn spaces() -> String {
    " ".repeat(250 << 10)
}

#[test]
fn of_gob() {
    let text = gob::text(&spaces());
    never_read(&gob::begin(gob::STRING), |seq| gob::ping(seq, &text));
}

#[test]
fn of_json_rpc_1() {
    let call = format!(r#"{{"method":"ping","params":[{{"x":"{}"}}],"id":1}}"#, spaces()).into_bytes();
    never_read(b"", |_| call.clone());
}

#[test]
fn of_websocket() {
    let call = http1::websocket_text(&http1::json_call("ping", &format!("[\"{}\"]", spaces())));
    never_read(&http1::upgrade(""), |_| call.clone());
}

#[test]
fn of_zerorpc() {
    let arguments = [&[0x91][..], &zerorpc::bin(spaces().as_bytes())].concat();
    never_read(&zerorpc::begin(), |seq| zerorpc::call(&seq.to_string(), "echo", &arguments));
}

#[test]
fn of_json_rpc_2_whose_requests_were_compressed() {
    let numbers = vec!["1e300"; 25_000].join(",");
    let call = http1::json_call("ping", &format!("[[{numbers}]]"));
    let call = http1::post_gzip("/", "application/json", call.as_bytes());
    assert!(call.len() < 4_000);
    never_read(b"", |_| call.clone());
}

#[test]
fn of_json_over_http_whose_requests_were_compressed() {
    let numbers = vec!["1e300"; 25_000].join(",");
    let call = http1::post_gzip("/call/echo", "application/json", format!("[[{numbers}]]").as_bytes());
    assert!(call.len() < 4_000);
    never_read(b"", |_| call.clone());
}

#[test]
fn of_lines_and_events_without_an_end() {
    for accept in ["application/x-ndjson", "text/event-stream"] {
        let call = format!(
            "GET /call/streaming_range?fr=0&to=9000000000000000&step=1 HTTP/1.1\r\nhost: localhost\r\n\
             accept: {accept}\r\n\r\n"
        );
        never_read(b"", |_| call.clone().into_bytes());
    }
}

#[test]
fn of_xml_rpc_whose_requests_were_compressed() {
    // A carriage return is five times as long in the answer.
    let call = http1::xml_call("echo", &"\r".repeat(48 << 10));
    let call = http1::post_gzip("/RPC2", "text/xml", call.as_bytes());
    assert!(call.len() < 4_000);
    never_read(b"", |_| call.clone());
}

#[test]
fn of_times_in_a_long_format() {
    let call = http1::json_call("strftime", &format!("[\"{}\"]", "%c".repeat(8_000)));
    let call = http1::post_gzip("/", "application/json", call.as_bytes());
    never_read(b"", |_| call.clone());
}

#[test]
fn an_answer_longer_than_a_message_is_refused() {
    let target = Target::start(&[]);
    let xml = http1::xml_call("echo", &"\r".repeat(200 << 10));
    let request = http1::post_gzip("/RPC2", "text/xml\r\nconnection: close", xml.as_bytes());
    let answer = String::from_utf8(super::tell(&target.server, &request)).unwrap();
    assert!(answer.contains("<fault>") && answer.len() < 2_000, "{answer:.300}");
}

#[test]
fn a_connection_that_takes_nothing_of_its_answers_is_closed() {
    let target = Target::start(&["--stall=1s"]);
    let call = format!(r#"{{"method":"ping","params":[{{"x":"{}"}}],"id":1}}"#, spaces()).into_bytes();
    let text = gob::text(&spaces());
    let mut json = Flood::connect(&target.server, 1);
    let mut gob = Flood::connect(&target.server, 1);
    gob.pour(&gob::begin(gob::STRING));
    for seq in 0..20 {
        json.pour(&call);
        gob.pour(&gob::ping(seq, &text));
    }
    closed_within(&target.server, "jsonrpc1");
    closed_within(&target.server, "gob");
    assert!(get(target.server.connect("ops"), "/healthz").ends_with("ok\n"));
}
