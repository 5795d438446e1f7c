//! Hostile peers against the program itself: it lives, every wire answers within a second meanwhile and afterwards, the
//! memory stays within the budget, and what was held is given back.
//!
//! Each attack was seen to take an earlier version down, or to hold it. `docs/reliability.md` has the figures.

mod calls;
mod container;
mod crowds;
mod doors;
mod flood;
mod gob;
mod handshakes;
mod http2;
mod probe;
mod process;
mod readers;
mod replies;

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::Shutdown;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use self::flood::push;
use self::probe::every_wire_answers;
use self::process::Process;
use crate::{Server, get};

/// Beside the budget: code that runs for the first time, what each connection holds uncounted, and what the allocator keeps.
const BASE: u64 = 16 << 20;

/// What its connections may make a target hold: little, so that an attack shows quickly.
const MEMORY: u64 = 4 << 20;
const BUDGETS: &[&str] = &["--max-memory=4MiB", "--max-connection-memory=1MiB", "--max-message=256KiB"];

/// A server that is about to be attacked.
struct Target {
    server: Server,
    /// Bytes in its memory when every wire had been called.
    before: u64,
}

impl Target {
    fn start(options: &[&str]) -> Self {
        Self::of(Server::start(&["any", "ops"], &[BUDGETS, options].concat()))
    }

    fn of(server: Server) -> Self {
        every_wire_answers(&server);
        let process = Process(server.child.id());
        process.forget_peak();
        Self { before: process.resident(), server }
    }

    fn process(&self) -> Process {
        Process(self.server.child.id())
    }

    /// Attacks while every wire is called again and again. What the attack returns is held until the peak was looked at.
    fn withstands<T>(&self, attack: impl FnOnce(&Server) -> T) {
        let held = self.probed_during(attack);
        let peak = self.settled_peak();
        let grown = peak.saturating_sub(self.before);
        eprintln!("{} MiB above the {} MiB before", grown >> 20, self.before >> 20);
        assert!(
            grown <= MEMORY + BASE,
            "{} MiB of memory, where {} are allowed",
            grown >> 20,
            (MEMORY + BASE) >> 20
        );
        drop(held);
        self.frees_its_memory();
        every_wire_answers(&self.server);
    }

    fn probed_during<T>(&self, attack: impl FnOnce(&Server) -> T) -> T {
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    every_wire_answers(&self.server);
                }
            });
            // The probes end with the attack, when it panics too.
            let _over = OnDrop(|| is_over.store(true, Ordering::Relaxed));
            attack(&self.server)
        })
    }

    /// The most memory, once calls of every wire have not made it more for a while.
    fn settled_peak(&self) -> u64 {
        let (mut peak, mut since) = (0, Instant::now());
        while since.elapsed() < Duration::from_secs(1) {
            every_wire_answers(&self.server);
            let now = self.process().peak().expect("the server lives, for it has answered");
            if now > peak {
                (peak, since) = (now, Instant::now());
            }
        }
        peak
    }

    fn frees_its_memory(&self) {
        wait_until("the memory is given back", || self.process().resident() <= self.before + BASE);
    }
}

struct OnDrop<F: Fn()>(F);

impl<F: Fn()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

fn wait_until(what: &str, holds: impl FnMut() -> bool) {
    wait_for(Duration::from_secs(20), what, holds);
}

fn wait_for(patience: Duration, what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + patience;
    while !holds() {
        assert!(Instant::now() < end, "waited too long: {what}");
        std::thread::yield_now();
    }
}

/// Sends bytes to a server that may stop listening, says that there are no more, and returns what came back.
fn tell(server: &Server, bytes: &[u8]) -> Vec<u8> {
    let mut stream = server.connect("any");
    let mut answer = Vec::new();
    let mut reading = stream.try_clone().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let _ = stream.write_all(bytes);
            let _ = stream.shutdown(Shutdown::Write);
        });
        let ended = reading.read_to_end(&mut answer);
        assert!(
            !matches!(&ended, Err(error) if error.kind() == ErrorKind::WouldBlock),
            "neither answered nor closed"
        );
    });
    answer
}

/// Waits until the server has no connection of a wire any more, but for the one that asks.
fn closed_within(server: &Server, wire: &str) {
    let left = if wire == "http" { 1 } else { 0 };
    let none = format!("manywire_connections{{wire=\"{wire}\"}} {left}");
    wait_until(&none, || get(server.connect("ops"), "/metrics").contains(&none));
}
