//! HTTP/2: windows that never open, bombs, and resets.

use manywire_raw::http1::gzip;
use manywire_raw::http2::{begin, data, field_1, headers, last_data, message, reset};

use super::flood::Flood;
use super::{Target, push, tell};

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
