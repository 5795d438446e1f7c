//! The servers while they run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::export::export;
use crate::peers::{Found, Places, ServerPeer, Wire};
use crate::process::{Process, Silence};

/// How long a server may take to say where it listens.
const START: Duration = Duration::from_secs(30);

/// A server that was started, or is said to run elsewhere, or could not be.
pub(crate) struct Server {
    pub(crate) peer: ServerPeer,
    state: State,
    /// Where its `.proto` files are, if it has told them, or why not.
    exported: Option<Result<PathBuf, String>>,
}

enum State {
    Listening { addresses: BTreeMap<String, String>, process: Option<Mutex<Process>> },
    Missing(String),
    Broken(String),
}

impl Server {
    /// Starts a server and waits until it has said where all its listeners are.
    pub(crate) fn start(peer: ServerPeer, places: &Places) -> Self {
        let state = start(&peer, places).unwrap_or_else(State::Broken);
        Self { peer, state, exported: None }.exporting(places)
    }

    /// One that runs already.
    pub(crate) fn elsewhere(peer: ServerPeer, addresses: BTreeMap<String, String>, places: &Places) -> Self {
        let state = State::Listening { addresses, process: None };
        Self { peer, state, exported: None }.exporting(places)
    }

    fn exporting(mut self, places: &Places) -> Self {
        if self.peer.exports
            && let Ok(address) = self.address(Wire::Grpc)
        {
            self.exported = Some(export(&self.peer.name, address, places));
        }
        self
    }

    /// The folder with its `.proto` files, where it tells them, for the wires that have any.
    pub(crate) fn exported(&self, wire: Wire) -> Result<Option<&Path>, String> {
        match (&self.exported, wire) {
            (Some(Ok(folder)), Wire::Grpc | Wire::GrpcWeb) => Ok(Some(folder)),
            (Some(Err(why)), Wire::Grpc | Wire::GrpcWeb) => Err(format!("its .proto files: {why}")),
            _ => Ok(None),
        }
    }

    /// Where a wire is answered.
    pub(crate) fn address(&self, wire: Wire) -> Result<&str, NoAddress> {
        match &self.state {
            State::Missing(why) => Err(NoAddress::Missing(why.clone())),
            State::Broken(why) => Err(NoAddress::Broken(format!("the server {why}"))),
            State::Listening { addresses, .. } => {
                let address = self.peer.listener(wire).and_then(|listener| addresses.get(listener));
                let unknown = || NoAddress::Missing(format!("no address was given for {}", wire.name()));
                address.map(String::as_str).ok_or_else(unknown)
            }
        }
    }

    /// Ends it, if it is ours.
    pub(crate) fn stop(&self) {
        if let State::Listening { process: Some(process), .. } = &self.state {
            process.lock().unwrap_or_else(PoisonError::into_inner).kill();
        }
    }

    /// How it ended, if it has, which it should not.
    pub(crate) fn ended(&self) -> Option<String> {
        let State::Listening { process: Some(process), .. } = &self.state else { return None };
        let ended = process.lock().unwrap_or_else(PoisonError::into_inner).ended();
        ended.map(|how| format!("the server {how}"))
    }
}

/// Why a server cannot be called.
pub(crate) enum NoAddress {
    /// What it needs is not on this machine.
    Missing(String),
    /// It should run and does not.
    Broken(String),
}

fn start(peer: &ServerPeer, places: &Places) -> Result<State, String> {
    let found = places.command(&peer.command, peer.needs.as_ref()).map_err(|error| error.to_string())?;
    let command = match found {
        Found::Missing(why) => return Ok(State::Missing(why)),
        Found::Command(command) => *command,
    };
    let mut process = Process::start(command)?;
    let mut addresses = BTreeMap::new();
    let deadline = Instant::now() + START;
    while addresses.len() < peer.listeners.len() {
        let line = process.line(deadline).map_err(|silence| match silence {
            Silence::Late => format!("does not listen after {START:?}{}", process.last_words()),
            Silence::Ended(how) => format!("did not listen, but {how}"),
        })?;
        if let Some(why) = line.strip_prefix("SKIPPED ") {
            return Ok(State::Missing(why.to_owned()));
        }
        addresses.extend(listening(&line, peer));
    }
    Ok(State::Listening { addresses, process: Some(Mutex::new(process)) })
}

/// Reads `LISTENING NAME ADDRESS`, if the name is one that the peer should have.
fn listening(line: &str, peer: &ServerPeer) -> Option<(String, String)> {
    let (name, address) = line.strip_prefix("LISTENING ")?.split_once(' ')?;
    peer.listeners.contains_key(name).then(|| (name.to_owned(), address.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(script: &str, needs: Option<&str>) -> ServerPeer {
        ServerPeer {
            name: "it".into(),
            title: "it".into(),
            command: ["sh", "-c", script].map(str::to_owned).to_vec(),
            listeners: BTreeMap::from([("gob".to_owned(), vec![Wire::Gob])]),
            ports: BTreeMap::new(),
            needs: needs.map(|needs| needs.to_owned().try_into().unwrap()),
            exports: false,
        }
    }

    fn started(peer: ServerPeer) -> Server {
        let here = std::path::PathBuf::from(".");
        let places =
            Places { programs: here.clone(), peers: here.clone(), python: here.clone(), scratch: here };
        Server::start(peer, &places)
    }

    #[test]
    fn it_is_known_by_the_address_that_it_prints() {
        let server = started(peer("echo noise; echo LISTENING gob 127.0.0.1:5; exec sleep 60", None));
        assert!(matches!(server.address(Wire::Gob), Ok("127.0.0.1:5")));
        assert!(matches!(server.address(Wire::Grpc), Err(NoAddress::Missing(_))));
        assert_eq!(server.ended(), None);
    }

    #[test]
    fn one_that_dies_is_broken_and_one_that_may_be_missing_is_missing() {
        let broken = started(peer("echo why >&2; exit 3", None));
        assert!(matches!(broken.address(Wire::Gob), Err(NoAddress::Broken(why)) if why.contains("why")));
        let skipped = started(peer("echo SKIPPED no Perl", None));
        assert!(matches!(skipped.address(Wire::Gob), Err(NoAddress::Missing(why)) if why == "no Perl"));
        let mut absent = peer("", Some("Nosuchruntime"));
        absent.command = vec!["/no/such/program".into()];
        let absent = started(absent);
        assert!(
            matches!(absent.address(Wire::Gob), Err(NoAddress::Missing(why)) if why == "no Nosuchruntime")
        );
    }
}
