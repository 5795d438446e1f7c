//! Every client against every server that shares a wire with it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::ask::Question;
use crate::cases::Case;
use crate::peers::{ClientPeer, Places, Wire};
use crate::result::{Cell, Late, WireRun};
use crate::server::{NoAddress, Server};

/// Who is put together, with what, and how.
pub(crate) struct Plan<'p> {
    pub(crate) clients: &'p [ClientPeer],
    pub(crate) servers: &'p [Server],
    pub(crate) cases: &'p [Case],
    pub(crate) places: &'p Places,
    pub(crate) patience: Duration,
    pub(crate) jobs: usize,
}

/// How often a client or a server may let a run pass without an answer in time, before it is left alone: one that always hangs
/// must not hang us for each of its cells.
const HANGS: usize = 3;

/// Who has hung, and how often.
#[derive(Default)]
struct Hangs(Mutex<BTreeMap<String, usize>>);

impl Hangs {
    fn of(&self, name: &str) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(name).copied().unwrap_or(0)
    }

    fn add(&self, name: &str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(name.to_owned()).or_default() += 1;
    }
}

impl Plan<'_> {
    /// Fills the table, row by row.
    pub(crate) fn run(&self, said: impl Fn(&Cell) + Sync) -> Vec<Cell> {
        let hangs = Hangs::default();
        let pairs: Vec<_> = self
            .clients
            .iter()
            .flat_map(|client| self.servers.iter().map(move |server| (client, server)))
            .collect();
        let next = AtomicUsize::new(0);
        let cells = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for _ in 0..self.jobs.max(1) {
                scope.spawn(|| {
                    while let Some((at, (client, server))) = {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        pairs.get(at).map(|pair| (at, pair))
                    } {
                        let cell = self.cell(client, server, &hangs);
                        said(&cell);
                        cells.lock().unwrap_or_else(PoisonError::into_inner).push((at, cell));
                    }
                });
            }
        });
        let mut cells = cells.into_inner().unwrap_or_else(PoisonError::into_inner);
        cells.sort_by_key(|(at, _)| *at);
        cells.into_iter().map(|(_, cell)| cell).collect()
    }

    fn cell(&self, client: &ClientPeer, server: &Server, hangs: &Hangs) -> Cell {
        // Where only some cases were asked for, not every wire has one.
        let is_about = |case: &Case, wire: Wire| case.is_about(wire, &server.peer.name);
        let has_case = |wire: &Wire| self.cases.iter().any(|case| is_about(case, *wire));
        let are_tried = !client.except.contains_key(&server.peer.name);
        let shared = client
            .wires
            .iter()
            .filter(|wire| are_tried && server.peer.listener(**wire).is_some() && has_case(wire));
        Cell {
            client: client.name.clone(),
            server: server.peer.name.clone(),
            runs: shared.map(|wire| self.wire_run(client, server, *wire, hangs)).collect(),
        }
    }

    fn wire_run(&self, client: &ClientPeer, server: &Server, wire: Wire, hangs: &Hangs) -> WireRun {
        for name in [&client.name, &server.peer.name] {
            if hangs.of(name) >= HANGS {
                return WireRun::broken(
                    wire,
                    format!("not tried, since {name} let {HANGS} runs before pass without an answer"),
                );
            }
        }
        let about = |case: &&Case| case.is_about(wire, &server.peer.name);
        let cases: Vec<&Case> = self.cases.iter().filter(about).collect();
        let address = match server.address(wire) {
            Ok(address) => address,
            Err(NoAddress::Missing(why)) => return WireRun::skipped(wire, why, cases.len()),
            Err(NoAddress::Broken(why)) => return WireRun::broken(wire, why),
        };
        let exported = match server.exported(wire) {
            Ok(exported) => exported,
            Err(why) => return WireRun::broken(wire, why),
        };
        let (server_name, patience) = (server.peer.name.as_str(), self.patience);
        let question = Question { client, server: server_name, wire, address, exported, cases, patience };
        let mut run = question.ask(self.places);
        if run.late != Late::Nobody {
            hangs.add(&client.name);
        }
        if run.late == Late::Either {
            hangs.add(&server.peer.name);
        }
        if let Some(why) = server.ended() {
            run.broken = Some(why);
        }
        run
    }
}
