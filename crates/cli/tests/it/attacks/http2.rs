//! HTTP/2: windows that never open, bombs, resets, and streams without end at the end of the server.

use std::io::{Read as _, Write as _};
use std::time::{Duration, Instant};

use manywire_raw::http1::gzip;
use manywire_raw::http2::{begin, data, field_1, headers, last_data, message, reset};
use rustix::process::Signal;

use super::flood::Flood;
use super::{Target, push, tell};
use crate::Server;

/// The kind of a frame that holds a head.
const HEADERS: u8 = 1;

/// The numbers of a client's streams.
fn streams(count: u32) -> impl Iterator<Item = u32> {
    (0..count).map(|at| 2 * at + 1)
}

#[test]
fn a_file_is_read_when_the_window_opens_and_not_before() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("big"), vec![7; 1 << 20]).unwrap();
    let target = Target::start(&["--data-dir", folder.path().to_str().unwrap()]);
    let request = message(false, &field_1(b"big"));
    let call = |stream| [headers(stream, "/FileService/DownLoad", &[]), last_data(stream, &request)].concat();
    let attack = [begin(0), streams(4_000).flat_map(call).collect()].concat();
    target.withstands(|server| push(server, &attack));
}

#[test]
fn what_compression_hid_counts() {
    let target = Target::start(&[]);
    let bomb = message(true, &gzip(&field_1(&[b' '; 250 << 10])));
    assert!(bomb.len() < 1_000);
    let call = |stream| {
        let headers = headers(stream, "/Greeter/SayHello", &[("grpc-encoding", "gzip")]);
        [headers, last_data(stream, &bomb)].concat()
    };
    let attack = [begin(0), streams(400).flat_map(call).collect()].concat();
    target.withstands(|server| {
        let mut flood = Flood::connect(server, 4);
        flood.pour(&attack);
        flood
    });
}

#[test]
fn bodies_without_end_stay_within_the_budget() {
    let target = Target::start(&[]);
    // As much of a message as every server takes before it has opened its window further.
    let start = message(false, &field_1(&vec![b' '; 200 << 10]))[..60_000].to_vec();
    let body = |stream| start.chunks(15_000).flat_map(|piece| data(stream, piece)).collect::<Vec<_>>();
    let call = |stream| [headers(stream, "/Greeter/SayHello", &[]), body(stream)].concat();
    let attack = [begin(65_535), streams(400).flat_map(call).collect()].concat();
    target.withstands(|server| {
        let mut flood = Flood::connect(server, 4);
        flood.pour(&attack);
        flood
    });
}

#[test]
fn rapid_resets_are_cut_off() {
    let target = Target::start(&[]);
    let call = |stream| [headers(stream, "/Greeter/SayHello", &[]), reset(stream)].concat();
    let attack = [begin(65_535), streams(100_000).flat_map(call).collect()].concat();
    target.withstands(|server| tell(server, &attack));
}

#[test]
fn a_stream_without_end_and_without_a_window_does_not_hold_up_the_end() {
    let mut server = Server::start(&["any", "ops"], &["--tick=5ms"]);
    let request = message(false, b"");
    let attack = [
        begin(0),
        headers(1, "/Greeter/AllStream", &[]),
        data(1, &request),
        headers(3, "/grpc.health.v1.Health/Watch", &[]),
        last_data(3, &request),
    ];
    let mut stream = server.connect("any");
    stream.write_all(&attack.concat()).unwrap();
    // The heads of both answers come at once, whatever the window.
    let mut heads = 0;
    while heads < 2 {
        let mut head = [0; 9];
        stream.read_exact(&mut head).unwrap();
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        stream.read_exact(&mut vec![0; length as usize]).unwrap();
        heads += u32::from(head[3] == HEADERS);
    }
    let begun = Instant::now();
    server.signal(Signal::TERM);
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}, where --drain is 10 s", begun.elapsed());
}
