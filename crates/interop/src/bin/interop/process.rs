//! A peer's process: lines in, lines out, each within a time limit, and nothing of it left behind.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// The longest line that a peer may print: the largest values of the cases in hex, and room.
const LONGEST_LINE: u64 = 64 << 20;

/// How much of what a peer wrote on stderr is kept.
const LOG_LINES: usize = 20;

/// A running program. It is killed when this is dropped.
pub(crate) struct Process {
    child: Child,
    input: Option<Sender<String>>,
    output: Receiver<Result<String, String>>,
    log: Arc<Mutex<VecDeque<String>>>,
    /// Hangs up when stderr has been read to its end.
    log_ended: Receiver<()>,
}

/// Why no line came.
#[derive(Debug)]
pub(crate) enum Silence {
    /// It runs and says nothing.
    Late,
    /// It has closed its output, or written what is no line.
    Ended(String),
}

impl Process {
    /// Starts a program.
    pub(crate) fn start(mut command: Command) -> Result<Self, String> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let spawned = command.spawn();
        let program = command.get_program().to_string_lossy().into_owned();
        let mut child = spawned.map_err(|error| format!("{program} cannot be started: {error}"))?;
        let input = child.stdin.take().map(writer);
        let (sender, output) = sync_channel(64);
        if let Some(stdout) = child.stdout.take() {
            // A server goes on printing when nobody listens any more; what it prints is then dropped.
            thread::spawn(move || lines(stdout, |line| drop(sender.send(line))));
        }
        let log = Arc::new(Mutex::new(VecDeque::new()));
        let (ended, log_ended) = channel::<()>();
        if let (Some(stderr), log) = (child.stderr.take(), log.clone()) {
            thread::spawn(move || {
                lines(stderr, |line| keep(&log, line));
                drop(ended);
            });
        }
        Ok(Self { child, input, output, log, log_ended })
    }

    /// Says a line. It may take it later, or never.
    pub(crate) fn say(&self, line: String) {
        if let Some(input) = &self.input {
            // An ended process is found by what it does not answer.
            let _ = input.send(line);
        }
    }

    /// Says that there is no more.
    pub(crate) fn close(&mut self) {
        self.input = None;
    }

    /// The next line. One who says line after line until it is late is late too.
    pub(crate) fn line(&mut self, deadline: Instant) -> Result<String, Silence> {
        if Instant::now() >= deadline {
            return Err(Silence::Late);
        }
        match self.output.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(Ok(line)) => Ok(line),
            Ok(Err(error)) => Err(Silence::Ended(error)),
            Err(RecvTimeoutError::Timeout) => Err(Silence::Late),
            Err(RecvTimeoutError::Disconnected) => Err(Silence::Ended(self.farewell())),
        }
    }

    /// Waits for its end; an error where it does not come, or is no good one.
    pub(crate) fn finish(mut self, limit: Duration) -> Result<(), String> {
        self.close();
        let deadline = Instant::now() + limit;
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) if status.success() => return Ok(()),
                Ok(Some(_)) => return Err(self.farewell()),
                Ok(None) if Instant::now() < deadline => thread::sleep(Duration::from_millis(2)),
                Ok(None) => {
                    return Err(format!("does not end {limit:?} after its last answer{}", self.last_words()));
                }
                Err(error) => return Err(format!("cannot be waited for: {error}")),
            }
        }
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<String> {
        matches!(self.child.try_wait(), Ok(Some(_))).then(|| self.farewell())
    }

    /// How it ended, and what it last wrote on stderr.
    fn farewell(&mut self) -> String {
        // Its output is closed, so it is about to end, if it has not.
        let deadline = Instant::now() + Duration::from_secs(1);
        let status = loop {
            match self.child.try_wait() {
                Ok(None) if Instant::now() < deadline => thread::sleep(Duration::from_millis(2)),
                status => break status.ok().flatten(),
            }
        };
        // What it wrote last may still be on its way.
        let _ = self.log_ended.recv_timeout(deadline.saturating_duration_since(Instant::now()));
        match status {
            Some(status) => format!("ended with {status}{}", self.last_words()),
            None => format!("closed its output{}", self.last_words()),
        }
    }

    /// What it last wrote on stderr.
    pub(crate) fn last_words(&self) -> String {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let words: Vec<&str> = log.iter().map(String::as_str).collect();
        if words.is_empty() { String::new() } else { format!("; it said: {}", words.join(" | ")) }
    }

    /// Ends it.
    pub(crate) fn kill(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Writes from a thread of its own: a peer that does not read must not hold us up.
fn writer(mut stdin: ChildStdin) -> Sender<String> {
    let (sender, input) = channel::<String>();
    thread::spawn(move || {
        for line in input {
            let written = stdin.write_all(line.as_bytes()).and_then(|()| stdin.write_all(b"\n"));
            if written.and_then(|()| stdin.flush()).is_err() {
                break;
            }
        }
    });
    sender
}

fn lines(output: impl Read, mut each: impl FnMut(Result<String, String>)) {
    let mut output = BufReader::new(output);
    loop {
        let mut line = Vec::new();
        match output.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) if line.len() as u64 == LONGEST_LINE => {
                return each(Err(format!("printed a line of over {} MiB", LONGEST_LINE >> 20)));
            }
            Ok(_) => each(Ok(String::from_utf8_lossy(&line).trim_end().to_owned())),
        }
    }
}

fn keep(log: &Mutex<VecDeque<String>>, line: Result<String, String>) {
    let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
    if log.len() == LOG_LINES {
        log.pop_front();
    }
    let line: String = line.unwrap_or_else(|error| error).chars().take(500).collect();
    log.push_back(line);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Process {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Process::start(command).unwrap()
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(20)
    }

    #[test]
    fn lines_go_in_and_out() {
        let mut cat = shell("cat");
        cat.say("x".repeat(1 << 20));
        assert_eq!(cat.line(soon()).unwrap().len(), 1 << 20);
        cat.finish(Duration::from_secs(20)).unwrap();
    }

    #[test]
    fn one_that_does_not_read_holds_nobody_up() {
        let mut process = shell("exec sleep 60");
        process.say("x".repeat(1 << 20));
        let late = process.line(Instant::now() + Duration::from_millis(50));
        assert!(matches!(late, Err(Silence::Late)), "{late:?}");
        assert!(process.finish(Duration::from_millis(50)).unwrap_err().contains("does not end"));
    }

    #[test]
    fn one_that_dies_is_quoted() {
        let mut process = shell("echo one; echo why >&2; exit 3");
        assert_eq!(process.line(soon()).unwrap(), "one");
        let Err(Silence::Ended(told)) = process.line(soon()) else { panic!("it has ended") };
        assert!(told.contains("exit status: 3") && told.contains("why"), "{told}");
    }

    #[test]
    fn a_flood_is_not_kept() {
        let mut process = shell("exec yes");
        assert_eq!(process.line(soon()).unwrap(), "y");
        let deadline = Instant::now() + Duration::from_millis(50);
        while process.line(deadline).is_ok() {}
    }
}
