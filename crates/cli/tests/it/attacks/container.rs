//! Every attack in one server's life: one after another, then all at once.
//!
//! `scripts/attack` runs this against the release build with default settings and messages of 15 MiB, in a control group with
//! a container's memory. Without it, budgets and messages are a small part of that, as suits a debug build.

use std::env;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::scope;
use std::time::Duration;

use manywire_raw::gob::{self, FIRST, INT, INTERFACE, STRING};
use manywire_raw::{http1, http2, zerorpc};

use super::flood::Flood;
use super::probe::PROGRAM;
use super::{BASE, OnDrop, Process, every_wire_answers, push, tell, wait_for};
use crate::{Server, program};

/// How much is thrown.
#[derive(Clone, Copy)]
struct Size {
    /// A little less than the longest message.
    message: usize,
    /// Connections of one attack.
    connections: usize,
    /// Connections of an attack that is no more than many connections.
    crowd: usize,
}

const FULL: Size = Size { message: 15 << 20, connections: 64, crowd: 2_000 };
const SMALL: Size = Size { message: 120 << 10, connections: 4, crowd: 100 };

/// Budgets that are to [`SMALL`] what the defaults are to [`FULL`].
const SMALL_BUDGETS: &[&str] =
    &["--max-memory=16MiB", "--max-connection-memory=4MiB", "--max-message=256KiB"];
const SMALL_MEMORY: u64 = 16 << 20;

/// What is downloaded, of a megabyte.
const FILE: &str = "file";

type Attack = (&'static str, fn(&Server, Size));

const ATTACKS: &[Attack] = &[
    ("gob: definitions in a chain", |server, _| drop(tell(server, &chain()))),
    ("gob: structs that refer to one another", |server, _| drop(tell(server, &clique()))),
    ("gob: a map of many keys", |server, _| drop(tell(server, &keys()))),
    ("gob: a value in pieces", |server, _| drop(tell(server, &pieces()))),
    ("gob: announced lengths", |server, size| flood(server, 2 * size.connections, &announced())),
    ("replies never read: gob", |server, size| {
        let calls = (0..4).flat_map(|seq| gob::ping(seq, &gob::text(&spaces(size.message))));
        flood(server, size.connections / 4, &gob::begin(STRING).into_iter().chain(calls).collect::<Vec<_>>());
    }),
    ("replies never read: JSON-RPC 1.0", |server, size| {
        let call = format!(r#"{{"method":"ping","params":[{{"x":"{}"}}],"id":1}}"#, spaces(size.message));
        flood(server, size.connections / 4, call.repeat(4).as_bytes());
    }),
    ("replies never read: WebSocket", |server, size| {
        let call =
            http1::websocket_text(&http1::json_call("ping", &format!("[\"{}\"]", spaces(size.message))));
        flood(server, size.connections / 4, &[http1::upgrade(""), call.repeat(4)].concat());
    }),
    ("replies never read: zerorpc", |server, size| {
        let arguments = [&[0x91][..], &zerorpc::bin(&vec![0; size.message])].concat();
        let calls = (0..4).flat_map(|id: u32| zerorpc::call(&id.to_string(), "echo", &arguments));
        flood(server, size.connections / 4, &zerorpc::begin().into_iter().chain(calls).collect::<Vec<_>>());
    }),
    ("gzip: carriage returns in XML", |server, size| {
        let call = http1::xml_call("echo", &"\r".repeat(size.message));
        flood(server, size.connections, &http1::post_gzip("/RPC2", "text/xml", call.as_bytes()).repeat(2));
    }),
    ("gzip: numbers in JSON", |server, size| {
        let call = http1::json_call("ping", &format!("[[{}]]", vec!["1e300"; size.message / 6].join(",")));
        flood(
            server,
            size.connections,
            &http1::post_gzip("/", "application/json", call.as_bytes()).repeat(2),
        );
    }),
    ("gzip: times in a long format", |server, size| {
        let call = http1::json_call("strftime", &format!("[\"{}\"]", "%c".repeat(size.message / 30)));
        flood(server, size.connections, &http1::post_gzip("/", "application/json", call.as_bytes()));
    }),
    ("HTTP/2: bombs, and no window", |server, size| {
        let bomb = http2::message(true, &http1::gzip(&http2::field_1(spaces(size.message).as_bytes())));
        let pieces: Vec<&[u8]> = bomb.chunks(16_000).collect();
        let call = |at: u32| {
            let stream = 2 * at + 1;
            let headers = http2::headers(stream, "/Greeter/SayHello", &[("grpc-encoding", "gzip")]);
            let data = pieces.iter().flat_map(|piece| http2::data(stream, piece)).collect();
            [headers, data, http2::last_data(stream, b"")].concat()
        };
        flood(server, 4, &[http2::begin(0), (0..100).flat_map(call).collect()].concat());
    }),
    ("HTTP/2: downloads, and no window", |server, size| {
        let request = http2::message(false, &http2::field_1(FILE.as_bytes()));
        let call = |at: u32| {
            let headers = http2::headers(2 * at + 1, "/FileService/DownLoad", &[]);
            [headers, http2::last_data(2 * at + 1, &request)].concat()
        };
        flood(server, size.connections / 4, &[http2::begin(0), (0..4_000).flat_map(call).collect()].concat());
    }),
    ("HTTP/2: rapid resets", |server, _| {
        let call = |at: u32| {
            [http2::headers(2 * at + 1, "/Greeter/SayHello", &[]), http2::reset(2 * at + 1)].concat()
        };
        flood(server, 4, &[http2::begin(65_535), (0..50_000).flat_map(call).collect()].concat());
    }),
    ("ids of 15 MB, calls that sleep", |server, size| {
        let call = format!(r#"{{"method":"Demo.Sleep","params":[60000],"id":"{}"}}"#, spaces(size.message));
        flood(server, size.connections / 8, call.repeat(8).as_bytes());
    }),
    ("bodies that stop", |server, size| {
        let body = http1::post("/", "", spaces(size.message).as_bytes());
        flood(server, size.connections, &body[..body.len() - 1]);
    }),
    ("a batch that sleeps, reset", |server, size| {
        let batch = format!("[{}]", vec![http1::json_call("sleep", "[60000]"); 1_000].join(","));
        let attack = http1::post("/", "", batch.as_bytes());
        (0..size.connections).for_each(|_| push(server, &attack).reset());
    }),
    ("a crowd of bodies that stop", |server, size| {
        let body = http1::post("/", "", &[b' '; 60_000]);
        flood(server, size.crowd, &body[..body.len() - 1]);
    }),
    ("a crowd of HTTP/2 bodies that stop", |server, size| {
        let message = http2::message(false, &http2::field_1(&[b' '; 60_000]));
        let data = message[..50_000].chunks(10_000).flat_map(|piece| http2::data(1, piece)).collect();
        let headers = http2::headers(1, "/Greeter/SayHello", &[]);
        flood(server, size.crowd, &[http2::begin(65_535), headers, data].concat());
    }),
    ("a crowd of WebSocket messages that stop", |server, size| {
        let message = http1::websocket_text(&spaces(60_000));
        let attack = [http1::upgrade(""), message[..message.len() - 1].to_vec()].concat();
        flood(server, size.crowd, &attack);
    }),
    ("a crowd that says nothing", |server, size| flood(server, size.crowd, b"")),
    ("a crowd that begins to speak", |server, size| flood(server, size.crowd, b"{\"method\":")),
];

fn spaces(count: usize) -> String {
    " ".repeat(count)
}

fn flood(server: &Server, connections: usize, bytes: &[u8]) {
    Flood::connect(server, connections).pour(bytes);
}

fn chain() -> Vec<u8> {
    let link = |id| gob::define(id, &gob::slice_of(id, if id < FIRST + 6_999 { id + 1 } else { INT }));
    [gob::begin(FIRST), (FIRST..FIRST + 7_000).flat_map(link).collect(), gob::ping(1, &[1, 0])].concat()
}

fn clique() -> Vec<u8> {
    let others = |id| (FIRST..FIRST + 10).filter(move |other| *other != id);
    let fields = |id| others(id).map(|other| (format!("{other}"), other)).collect::<Vec<_>>();
    let define = |id| gob::define(id, &gob::struct_of(id, "", &fields(id)));
    [gob::begin(FIRST), (FIRST..FIRST + 10).flat_map(define).collect(), gob::ping(1, &[0])].concat()
}

fn keys() -> Vec<u8> {
    let entries = (0..40_000).flat_map(|key| [gob::text(&format!("{key}")), gob::int(1)].concat()).collect();
    let map = gob::define(FIRST, &gob::map_of(FIRST, STRING, INT));
    [gob::begin(FIRST), map, gob::ping(1, &[gob::uint(40_000), entries].concat())].concat()
}

fn pieces() -> Vec<u8> {
    let list = gob::define(FIRST, &gob::slice_of(FIRST, INTERFACE));
    [gob::begin(FIRST), list, gob::ping_header(1), gob::list_in_pieces(gob::ARGUMENT, 2_000)].concat()
}

fn announced() -> Vec<u8> {
    [gob::begin(STRING), gob::ping_header(1), gob::uint(16 << 20), b"\xff\x81".to_vec()].concat()
}

#[test]
fn everything_at_once_is_survived() {
    let bytes = env::var("MANYWIRE_ATTACK_BYTES").ok().map(|bytes| bytes.parse::<u64>().unwrap());
    let size = if bytes.is_some() { FULL } else { SMALL };
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(FILE), vec![7; 1 << 20]).unwrap();
    let data_dir = ["--data-dir", folder.path().to_str().unwrap()];
    let budgets = if bytes.is_some() { &[][..] } else { SMALL_BUDGETS };
    let server = Server::start_as(in_its_group(), &["any", "ops"], &[&data_dir, budgets].concat());
    every_wire_answers(&server);
    let before = Process(server.child.id()).resident();
    let most = bytes.unwrap_or(before + SMALL_MEMORY + BASE);
    let rounds = env::var("MANYWIRE_ATTACK_ROUNDS").map_or(1, |rounds| rounds.parse().unwrap());
    for _ in 0..rounds {
        for (name, attack) in ATTACKS {
            withstands(&server, name, most, || attack(&server, size));
        }
        withstands(&server, "all of them at once", most, || {
            scope(|scope| ATTACKS.iter().for_each(|(_, attack)| drop(scope.spawn(|| attack(&server, size)))));
        });
    }
    // The allocator keeps some of it for the next time; and what waits for memory does so for --stall.
    let kept = before + most / 2;
    wait_for(Duration::from_secs(40), "the memory is given back", || {
        Process(server.child.id()).resident() <= kept
    });
}

/// The program, or the one that `scripts/attack` names, moved into the control group that it made, if it made one.
fn in_its_group() -> Command {
    let attacked = env::var_os(PROGRAM).map_or_else(program, Command::new);
    let group = env::var("MANYWIRE_ATTACK_GROUP").unwrap_or_default();
    if group.is_empty() {
        return attacked;
    }
    let processes = Path::new(&group).join("cgroup.procs");
    let mut command = Command::new("sh");
    command.args(["-c", "echo $$ >\"$0\" && exec \"$@\""]).arg(processes).arg(attacked.get_program());
    command
}

/// Attacks while every wire is called; says how slow the slowest answer was, and how much memory there was at most.
fn withstands(server: &Server, name: &str, most: u64, attack: impl FnOnce()) {
    let process = Process(server.child.id());
    process.forget_peak();
    let is_over = AtomicBool::new(false);
    let slowest = scope(|scope| {
        let probing = scope.spawn(|| {
            let mut slowest = Duration::ZERO;
            while !is_over.load(Ordering::Relaxed) {
                slowest = slowest.max(every_wire_answers(server));
            }
            slowest
        });
        let over = OnDrop(|| is_over.store(true, Ordering::Relaxed));
        attack();
        drop(over);
        probing.join().unwrap()
    });
    let slowest = slowest.max(every_wire_answers(server));
    let peak = process.peak().expect("the server lives, for it has answered");
    let (peak_size, now) = (peak >> 20, process.resident() >> 20);
    eprintln!(
        "{name}: {peak_size} MiB at most, {now} afterwards, every answer within {} ms",
        slowest.as_millis()
    );
    assert!(peak <= most, "{peak_size} MiB, where {} are allowed", most >> 20);
}
