//! What a call of the registry costs without a wire: nanoseconds, and instructions where valgrind is there to count them.
//! `cargo bench -p manywire-core`

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench shows its figures, or where it failed"
)]

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use manywire_core::{
    Context, Dispatch, Limits, Metadata, Methods, Metrics, Next, Params, RpcError, Session, Terms,
};
use serde::de::value::{Error, I64Deserializer};

type Register = fn(&mut Methods);

/// The same method, with what is to be measured around it.
const CASES: [(&str, Register); 5] = [
    ("plain", |methods| {
        methods.add("double", "Doubles.", double);
    }),
    ("with a context", |methods| {
        methods.add("double", "Doubles.", async |_: Context, number: i64| double(number).await);
    }),
    ("behind a guard", |methods| {
        methods.add("double", "Doubles.", double);
        methods.guard("", |_| Ok(()));
    }),
    ("inside a hook", |methods| {
        methods.add("double", "Doubles.", double);
        methods.wrap("", |_: Context, next: Next| next.run());
    }),
    ("before an observer", |methods| {
        methods.add("double", "Doubles.", double);
        methods.observe(|_| {});
    }),
];

async fn double(number: i64) -> Result<i64, RpcError> {
    Ok(number * 2)
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [word, name, calls] = &words[..]
        && word == COUNT
    {
        return call(&session(name), calls.parse().unwrap());
    }
    println!("{:<20}{:>10}{:>14}", "a call", "ns", "instructions");
    for (name, _) in CASES {
        let counted = instructions(name).map_or("no valgrind".to_owned(), |count| count.to_string());
        println!("{name:<20}{:>10.1}{counted:>14}", nanoseconds(name));
    }
}

fn session(name: &str) -> Session {
    let mut methods = Methods::new();
    let (_, register) = CASES.iter().find(|(known, _)| *known == name).unwrap();
    register(&mut methods);
    Dispatch::new("bench", Arc::new(methods), &Metrics::new()).session(&Limits::default())
}

/// Calls the method, with as many headers as an HTTP client sends.
fn call(session: &Session, calls: u32) {
    let mut metadata = Metadata::default();
    for name in
        ["host", "user-agent", "accept", "accept-encoding", "content-type", "content-length", "x-trace"]
    {
        metadata.append(name, "a value of some length");
    }
    let terms = Terms { metadata: &metadata, deadline: None };
    for number in 0..i64::from(calls) {
        let mut number = <dyn erased_serde::Deserializer<'_>>::erase(I64Deserializer::<Error>::new(number));
        let call = session.call_on(terms, "double", Params::One(&mut number)).unwrap();
        call.now_or_never().unwrap().unwrap();
    }
}

/// The best of several runs.
fn nanoseconds(name: &str) -> f64 {
    const CALLS: u32 = 100_000;
    let session = session(name);
    let run = |_| {
        let start = Instant::now();
        call(&session, CALLS);
        start.elapsed()
    };
    (0..20).map(run).min().unwrap_or(Duration::MAX).as_secs_f64() * 1e9 / f64::from(CALLS)
}

/// Has this program count for another one of itself.
const COUNT: &str = "count";

/// Instructions of one call: the program runs itself below callgrind, with few calls and with many.
fn instructions(name: &str) -> Option<u64> {
    const CALLS: u64 = 1_000;
    let count = |calls: u64| {
        let valgrind = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(std::env::current_exe().ok()?)
            .args([COUNT, name, &calls.to_string()])
            .output();
        let said = String::from_utf8(valgrind.ok()?.stderr).ok()?;
        said.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse::<u64>().ok())
    };
    Some((count(2 * CALLS)? - count(CALLS)?) / CALLS)
}
