//! A server that runs as a process of its own for as long as a test needs it.

use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// How long a peer may take to say where it listens.
const START: Duration = Duration::from_secs(30);

/// A running peer. It is killed when this is dropped.
#[derive(Debug)]
pub struct Peer {
    process: Child,
    listening: Vec<(String, String)>,
    log: Receiver<String>,
}

impl Peer {
    /// Starts a program, and waits until it has printed that many `LISTENING NAME ADDRESS` lines.
    pub fn start(mut command: Command, listeners: usize) -> Self {
        // Peers that end when their standard input does so end even with a test that is killed.
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let spawned = command.spawn();
        let mut process = spawned.unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        let (lines, log) = (lines(process.stdout.take()), lines(process.stderr.take()));
        let mut peer = Self { process, listening: Vec::new(), log };
        let deadline = Instant::now() + START;
        while peer.listening.len() < listeners {
            match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => peer.listening.extend(listener(&line)),
                Err(RecvTimeoutError::Timeout) => panic!("{command:?} does not listen after {START:?}"),
                Err(RecvTimeoutError::Disconnected) => panic!("{command:?} ended before it listened"),
            }
        }
        peer
    }

    /// Where the listener of that name is bound.
    pub fn address(&self, name: &str) -> &str {
        let found = self.listening.iter().find(|(listener, _)| listener == name);
        found.map_or_else(|| panic!("no listener {name} among {:?}", self.listening), |(_, address)| address)
    }
}

/// Reads a peer's output to its end, so that it never waits for a reader.
fn lines(output: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let (sender, lines) = channel();
    if let Some(output) = output {
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                // Nobody listens to standard output any more once the peer has started.
                let _ = sender.send(line);
            }
        });
    }
    lines
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
        if thread::panicking() {
            self.log.iter().for_each(|line| eprintln!("{line}"));
        }
    }
}

fn listener(line: &str) -> Option<(String, String)> {
    let (name, address) = line.strip_prefix("LISTENING ")?.rsplit_once(' ')?;
    Some((name.to_owned(), address.to_owned()))
}
