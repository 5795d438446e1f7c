//! gob that was made to hurt, as a request to our server and as an answer to our client. Each once took the process, gigabytes
//! or minutes. Now it is answered or refused, others are served meanwhile, and what it held is given back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use manywire_core::{Limits, Value};
use manywire_netrpc::Client;
use manywire_raw::gob::{
    ARGUMENT, FIRST, INT, INTERFACE, STRING, UINT, begin, define, int, list_in_pieces, map_of, message,
    ping_header, slice_of, struct_of, text, uint,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};
use tokio::time::timeout;

use crate::{Form, Server, assert_serves};

/// Far more than any takes without optimization on a busy machine, and far less than they took.
const LONGEST: Duration = Duration::from_secs(10);

/// What stands behind the header of a call of `ping`, or of its answer.
struct Attack {
    name: &'static str,
    bytes: Vec<u8>,
    /// What the server says to it.
    answer: &'static str,
}

/// An argument whose X, of the type [`FIRST`], is this.
fn argument(x: &[u8]) -> Vec<u8> {
    message(&[&int(ARGUMENT)[..], &[1], x, &[0]].concat())
}

fn attacks() -> Vec<Attack> {
    let attack = |name, bytes: Vec<Vec<u8>>, answer| Attack { name, bytes: bytes.concat(), answer };
    let fields = |ids: &mut dyn Iterator<Item = i64>, kind: &dyn Fn(i64) -> i64| -> Vec<(String, i64)> {
        ids.map(|id| (format!("F{id}"), kind(id))).collect()
    };

    let chain = (0..7_000).map(|n| define(FIRST + n, &slice_of(FIRST + n, FIRST + n + 1)));
    let deep = argument(&[&[1; 6_999][..], &[0]].concat());
    let chain = chain.chain([define(FIRST + 7_000, &slice_of(FIRST + 7_000, INT)), deep]);

    let tangle = FIRST..FIRST + 11;
    let all = fields(&mut tangle.clone(), &|id| id);
    let tangle = tangle.map(|id| define(id, &struct_of(id, "", &all)));
    let tangled = argument(&[&[1, 0].repeat(11)[..], &[0]].concat());

    let mut pieces = vec![define(FIRST, &slice_of(FIRST, INTERFACE))];
    pieces.push(list_in_pieces(ARGUMENT, 2_000));

    let mut inside = vec![define(FIRST, &slice_of(FIRST, INTERFACE))];
    let opening =
        [&int(ARGUMENT)[..], &[1, 1], &text("T"), &int(-(FIRST + 1)), &slice_of(FIRST + 1, INTERFACE)];
    inside.push(message(&opening.concat()));
    for id in FIRST + 1..FIRST + 7_000 {
        let link = [&int(id)[..], &[9, 0, 1], &text("T"), &int(-(id + 1)), &slice_of(id + 1, INTERFACE)];
        inside.push(message(&link.concat()));
    }

    let many = 40_000;
    let wide = struct_of(FIRST, "", &fields(&mut (0..many), &|_| INT));
    let zeros = argument(&[&[1, 2].repeat(many as usize)[..], &[0]].concat());
    let entries: Vec<u8> = (0..many).flat_map(|n| [text(&format!("key {n}")), int(n)].concat()).collect();
    let map = argument(&[&uint(many as u64)[..], &entries].concat());

    let announced = |count: u64| argument(&uint(count));
    vec![
        attack("a chain of 7,000 types", chain.collect(), "nested deeper than the limit of 128"),
        attack("eleven structs that refer to one another", tangle.chain([tangled]).collect(), "F77"),
        attack("a value in 2,000 pieces", pieces, "ping"),
        attack("definitions inside of interfaces", inside, "nested deeper than the limit of 128"),
        attack("a struct of 40,000 fields", vec![define(FIRST, &wide), zeros], "ping"),
        attack("a map of 40,000 keys", vec![define(FIRST, &map_of(FIRST, STRING, INT)), map], "ey 39999"),
        attack(
            "a list of 2^62 items",
            vec![define(FIRST, &slice_of(FIRST, INT)), announced(1 << 62)],
            "gob: ",
        ),
        attack(
            "a list of 4 million items",
            vec![define(FIRST, &slice_of(FIRST, INT)), announced(4 << 20)],
            "gob: ",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_a_request_it_is_answered_or_refused_and_others_are_served_meanwhile() {
    let server = Server::new(Limits::default());
    for Attack { name, bytes, answer } in attacks() {
        let request = [begin(FIRST), ping_header(0), bytes].concat();
        let (mut reading, mut writing) = tokio::io::split(server.connect(Form::Gob));
        let started = Instant::now();
        let attacking = tokio::spawn(async move {
            // The server may have hung up before it has read all.
            let _ = writing.write_all(&request).await;
            writing
        });
        let mut most = 0;
        while !attacking.is_finished() {
            assert_serves(&server).await;
            most = most.max(server.memory.held());
        }
        assert_serves(&server).await;
        let mut writing = attacking.await.unwrap();
        most = most.max(server.memory.held());
        let _ = writing.shutdown().await;
        let mut said = Vec::new();
        let read = timeout(LONGEST, reading.read_to_end(&mut said)).await;
        read.unwrap_or_else(|_| panic!("{name}: no end")).unwrap();
        let said = String::from_utf8_lossy(&said);
        assert!(said.contains(answer), "{name}: {} bytes, {:.200}", said.len(), said);
        assert!(started.elapsed() < LONGEST, "{name}: {:?}", started.elapsed());
        assert!(most < 24 << 20, "{name}: {most} bytes were held");
        server.until_freed().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_an_answer_it_is_read_or_refused_without_much_memory() {
    let response =
        [("ServiceMethod".to_owned(), STRING), ("Seq".to_owned(), UINT), ("Error".to_owned(), STRING)];
    let header = [int(65), vec![1], text("ping"), vec![0]].concat();
    let header = [define(65, &struct_of(65, "Response", &response)), message(&header)].concat();
    let argument = [("X".to_owned(), FIRST)];
    for Attack { name, bytes, .. } in attacks() {
        let (ours, mut server) = duplex(1 << 20);
        let client = Client::gob(ours, &Limits::default());
        let (started, watch) = (Instant::now(), Resident::watch());
        let call = client.start::<_, Value>("ping", 1_i64);
        assert!(server.read(&mut [0; 256]).await.unwrap() > 0);
        let answer = [header.clone(), define(ARGUMENT, &struct_of(ARGUMENT, "", &argument)), bytes].concat();
        // The client may hang up before it has read all.
        let _ = server.write_all(&answer).await;
        let _ = server.shutdown().await;
        let outcome = timeout(LONGEST, call).await;
        assert!(outcome.is_ok(), "{name}: the call is not answered");
        drop((outcome, client));
        let rest = timeout(LONGEST, server.read_to_end(&mut Vec::new())).await;
        assert!(rest.is_ok(), "{name}: the client keeps the connection");
        assert!(started.elapsed() < LONGEST, "{name}: {:?}", started.elapsed());
        let grown = watch.grown();
        assert!(grown < 200 << 20, "{name}: {grown} bytes more were resident");
        assert_serves(&Server::new(Limits::default())).await;
    }
}

#[tokio::test]
async fn definitions_without_end_end_their_connection() {
    let server = Server::new(Limits::default());
    let (mut reading, mut writing) = tokio::io::split(server.connect(Form::Gob));
    let attacking = tokio::spawn(async move {
        let _ = writing.write_all(&[begin(INT), ping_header(0)].concat()).await;
        for id in FIRST..FIRST + 1_000_000 {
            if writing.write_all(&define(id, &slice_of(id, INT))).await.is_err() {
                return;
            }
        }
        panic!("a million definitions were taken");
    });
    let mut said = Vec::new();
    timeout(LONGEST, reading.read_to_end(&mut said)).await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&said);
    assert!(said.contains("gob: too many type definitions on one connection"), "{said}");
    drop(reading);
    attacking.await.unwrap();
    assert_serves(&server).await;
    server.until_freed().await;
}

#[tokio::test]
async fn what_is_announced_is_not_held_before_it_has_come() {
    let server = Server::new(Limits::default());
    let start = [begin(INT), ping_header(0), vec![0xfd, 0xff, 0xff, 0xff]].concat();
    let mut waiting = Vec::new();
    for _ in 0..150 {
        let mut stream = server.connect(Form::Gob);
        stream.write_all(&start).await.unwrap();
        waiting.push(stream);
    }
    assert_serves(&server).await;
    assert!(server.memory.held() < 150 * 1_000, "{} bytes are held", server.memory.held());
    drop(waiting);
    server.until_freed().await;
}

/// Watches how many bytes the process has in memory; other tests have theirs there too.
struct Resident {
    before: usize,
    most: Arc<AtomicUsize>,
    has_ended: Arc<AtomicBool>,
}

impl Resident {
    fn watch() -> Self {
        let (most, has_ended) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let (peak, end) = (most.clone(), has_ended.clone());
        std::thread::spawn(move || {
            while !end.load(Ordering::Relaxed) {
                peak.fetch_max(resident(), Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        Self { before: resident(), most, has_ended }
    }

    fn grown(self) -> usize {
        self.has_ended.store(true, Ordering::Relaxed);
        self.most.load(Ordering::Relaxed).max(resident()).saturating_sub(self.before)
    }
}

/// Nothing where the system does not tell.
fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: usize = pages.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or_default();
    pages * 4096
}
