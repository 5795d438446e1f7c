//! The program from outside: its ports, its signals, its words when something is wrong.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod access;
mod attacks;
mod calls;
mod crowd;
mod gateway;
mod manual;
mod operations;
mod pages;
mod ports;
mod protos;
mod signals;
mod streams;
mod terminal;
mod tls;
mod trace;
mod transcript;
mod transfer;
mod values;
mod words;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// A served program, ended when dropped.
struct Server {
    child: Child,
    addresses: Vec<(String, String)>,
}

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_manywire"));
    command.env_remove("RUST_LOG").env("RUST_BACKTRACE", "1");
    command
}

impl Server {
    /// Starts `manywire serve` with these listeners and options, and waits until it is bound.
    fn start(listeners: &[&str], options: &[&str]) -> Self {
        Self::start_as(program(), listeners, options)
    }

    /// The same, of a program whose environment was changed.
    fn start_as(mut command: Command, listeners: &[&str], options: &[&str]) -> Self {
        command.arg("serve").stderr(Stdio::null());
        Self::spawn(command, listeners, options)
    }

    /// The same with `manywire gateway` before a server.
    fn gateway(server: &str, listeners: &[&str], options: &[&str]) -> Self {
        let mut command = program();
        command.args(["gateway", server]).stderr(Stdio::null());
        Self::spawn(command, listeners, options)
    }

    /// The same, and what it writes to its log.
    fn start_logged(listeners: &[&str], options: &[&str]) -> (Self, BufReader<ChildStderr>) {
        let mut command = program();
        command.arg("serve").stderr(Stdio::piped());
        let mut server = Self::spawn(command, listeners, options);
        let log = server.child.stderr.take().unwrap();
        (server, BufReader::new(log))
    }

    fn spawn(mut command: Command, listeners: &[&str], options: &[&str]) -> Self {
        command.args(options).stdout(Stdio::piped());
        for wires in listeners {
            command.args(["--listen", &format!("{wires}=127.0.0.1:0")]);
        }
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().take(listeners.len());
        let parse = |line: std::io::Result<String>| {
            let line = line.unwrap();
            let words: Vec<&str> = line.split(' ').collect();
            assert_eq!((words.len(), words[0]), (3, "LISTENING"), "{line}");
            (words[1].to_owned(), words[2].to_owned())
        };
        Self { addresses: lines.map(parse).collect(), child }
    }

    fn address(&self, wires: &str) -> &str {
        &self.addresses.iter().find(|(name, _)| name == wires).unwrap().1
    }

    fn connect(&self, wires: &str) -> TcpStream {
        let stream = TcpStream::connect(self.address(wires)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.set_nodelay(true).unwrap();
        stream
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends bytes, says that there are no more, and returns all that comes back.
fn exchange(mut stream: TcpStream, bytes: &[u8]) -> String {
    stream.write_all(bytes).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    read_to_end(stream)
}

fn read_to_end(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// A GET, and the whole answer.
fn get(stream: TcpStream, path: &str) -> String {
    exchange(
        stream,
        format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").as_bytes(),
    )
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
