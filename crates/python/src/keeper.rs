//! One thread for all blocking clients that nobody waits on, so that their connections stay alive meanwhile: it answers
//! the pings of HTTP/2 and WebSocket, keeps up the heartbeats of open zerorpc streams, sees that a server has left, and
//! sends what was given up.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;

use crate::process::Owned;
use crate::runtime::Io;

/// How often; the most impatient is zerorpc, which wants to hear something every five seconds.
const ROUND: Duration = Duration::from_secs(1);

type Keeper = Owned<Sender<Weak<Io>>>;

/// Free of locks, since a fork may come at any time.
static KEEPER: ArcSwapOption<Keeper> = ArcSwapOption::const_empty();

/// Looks after a client from now on, until it is dropped.
pub(crate) fn look_after(io: &Arc<Io>) {
    let running = KEEPER.load_full();
    if let Some(newcomers) = running.as_ref().and_then(|keeper| keeper.get()) {
        // The keeper never leaves while it can be asked.
        let _ = newcomers.send(Arc::downgrade(io));
        return;
    }
    let (sender, receiver) = channel();
    let started = std::thread::Builder::new().name("manywire-keeper".into()).spawn(move || keep(&receiver));
    if started.is_err() {
        // Clients work without it, only less patiently.
        return;
    }
    // One that was quicker stays; ours then ends by itself.
    KEEPER.compare_and_swap(&running, Some(Arc::new(Owned::new(sender))));
    look_after(io);
}

fn keep(newcomers: &Receiver<Weak<Io>>) {
    let mut clients: Vec<Weak<Io>> = Vec::new();
    let mut next_round = Instant::now() + ROUND;
    loop {
        let newcomer = if clients.is_empty() {
            newcomers.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            newcomers.recv_timeout(next_round.saturating_duration_since(Instant::now()))
        };
        match newcomer {
            Ok(client) => clients.push(client),
            Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => {
                clients.retain(|client| client.upgrade().map(|io| io.turn()).is_some());
                next_round = Instant::now() + ROUND;
            }
        }
    }
}
