//! Who takes part: the clients and servers of `peers.toml`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};
use serde::{Deserialize, Serialize};

use crate::cases::Case;

/// What two peers must have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Wire {
    /// net/rpc in gob.
    Gob,
    /// The same over HTTP's CONNECT.
    GobHttp,
    /// net/rpc in JSON-RPC 1.0.
    Jsonrpc1,
    /// The same, one POST a call.
    Jsonrpc1Http,
    /// JSON-RPC 2.0 over HTTP.
    Jsonrpc,
    /// JSON-RPC 2.0 over a WebSocket.
    JsonrpcWs,
    /// XML-RPC.
    Xmlrpc,
    /// zerorpc.
    Zerorpc,
    /// gRPC.
    Grpc,
    /// gRPC, by clients of ours, which call it as they call every other wire.
    GrpcPlain,
    /// gRPC-Web.
    GrpcWeb,
    /// JSON over HTTP, and the adder.
    Http,
}

impl Wire {
    /// As the cases and the clients' command lines have it.
    pub(crate) fn name(self) -> String {
        // A unit variant is always a text.
        serde_json::to_value(self).ok().and_then(|name| Some(name.as_str()?.to_owned())).unwrap_or_default()
    }
}

/// Everyone who takes part.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Peers {
    pub(crate) server: Vec<ServerPeer>,
    pub(crate) client: Vec<ClientPeer>,
}

/// A program that answers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServerPeer {
    pub(crate) name: String,
    /// The head of its column.
    pub(crate) title: String,
    pub(crate) command: Vec<String>,
    /// The wires of each listener, by the name that it prints.
    pub(crate) listeners: BTreeMap<String, Vec<Wire>>,
    /// Where the listeners are on a server that was started by hand.
    #[serde(default)]
    pub(crate) ports: BTreeMap<String, u16>,
    /// Without it, the program is not there on every machine.
    pub(crate) needs: Option<Runtime>,
    /// Whether it tells its `.proto` files: clients of gRPC make their stubs of what it exports.
    #[serde(default)]
    pub(crate) exports: bool,
}

/// A program that calls.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClientPeer {
    pub(crate) name: String,
    /// The head of its row.
    pub(crate) title: String,
    pub(crate) command: Vec<String>,
    pub(crate) wires: Vec<Wire>,
    pub(crate) needs: Option<Runtime>,
    /// Servers that it is not tried against, and why; the table shows them like those that share no wire with it.
    #[serde(default)]
    pub(crate) except: BTreeMap<String, String>,
    /// Whether its language has one type of number.
    #[serde(default)]
    pub(crate) one_number: bool,
    /// Whether it prints plain JSON.
    #[serde(default)]
    pub(crate) plain: bool,
    /// Whether it shows the fields of a protobuf message that have their default too.
    #[serde(default)]
    pub(crate) defaults: bool,
    /// Whether it shows a value that is alone in its message without that.
    #[serde(default)]
    pub(crate) bare: bool,
}

impl ServerPeer {
    /// The listener that answers a wire.
    pub(crate) fn listener(&self, wire: Wire) -> Option<&str> {
        self.listeners.iter().find(|(_, wires)| wires.contains(&wire)).map(|(name, _)| name.as_str())
    }
}

/// What builds or runs a peer and not every machine has, as `Go 1.24` or `Node`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Runtime {
    name: String,
    /// The least minor version of Go.
    minor: Option<u32>,
}

impl TryFrom<String> for Runtime {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let Some(version) = text.strip_prefix("Go ") else { return Ok(Self { name: text, minor: None }) };
        let minor = version.strip_prefix("1.").and_then(|minor| minor.parse().ok());
        let minor = minor.ok_or_else(|| format!("{text:?} is no version of Go such as \"Go 1.24\""))?;
        Ok(Self { name: "Go".to_owned(), minor: Some(minor) })
    }
}

impl Runtime {
    /// What to say where this machine has none.
    fn lacking(&self, places: &Places) -> Option<String> {
        let program = match self.name.as_str() {
            "Python" => places.python.to_string_lossy().into_owned(),
            // A Java that only runs what was compiled does not run our source.
            "Java with Maven" if is_program("javac") => "mvn".to_owned(),
            "Java with Maven" => "javac".to_owned(),
            name => name.to_lowercase(),
        };
        match self.minor {
            Some(minor) if manywire_peers::go::minor_version().is_none_or(|found| found < minor) => {
                Some(format!("no Go 1.{minor} or newer"))
            }
            None if !is_program(&program) => Some(format!("no {}", self.name)),
            _ => None,
        }
    }
}

/// Where the peers' programs are.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    /// What was built.
    pub(crate) programs: PathBuf,
    /// `crates/interop`.
    pub(crate) peers: PathBuf,
    /// The interpreter that has the Python peers' packages.
    pub(crate) python: PathBuf,
    /// A folder for what servers store.
    pub(crate) scratch: PathBuf,
}

/// A command that can be started, or why not.
pub(crate) enum Found {
    Command(Box<Command>),
    Missing(String),
}

impl Places {
    /// Fills in a command of `peers.toml`. Not only the program has to be there, but all that was built for it.
    pub(crate) fn command(&self, words: &[String], needs: Option<&Runtime>) -> anyhow::Result<Found> {
        let filled: Vec<String> = words.iter().map(|word| self.fill(word)).collect();
        let (program, arguments) = filled.split_first().context("a command has no program")?;
        let built = words.iter().zip(&filled).filter(|(word, _)| word.starts_with("{programs}/"));
        let absent = built.map(|(_, path)| path).find(|path| !Path::new(path).exists());
        let absent = absent.or_else(|| Some(program).filter(|program| !is_program(program)));
        if let Some(absent) = absent {
            let lacking = needs.and_then(|runtime| runtime.lacking(self));
            return lacking
                .map(Found::Missing)
                .with_context(|| format!("{absent} is not there; scripts/interop builds it"));
        }
        let mut command = Command::new(program);
        command.args(arguments);
        Ok(Found::Command(Box::new(command)))
    }

    fn fill(&self, word: &str) -> String {
        [
            ("{programs}", &self.programs),
            ("{peers}", &self.peers),
            ("{python}", &self.python),
            ("{scratch}", &self.scratch),
        ]
        .iter()
        .fold(word.to_owned(), |word, (name, place)| word.replace(name, &place.to_string_lossy()))
    }
}

/// Whether a program is there: a path, or a name to be found on the PATH.
fn is_program(program: &str) -> bool {
    if program.contains('/') {
        return Path::new(program).is_file();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Reads `peers.toml`.
pub(crate) fn read(file: &Path) -> anyhow::Result<Peers> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    toml::from_str(&text).with_context(|| format!("in {}", file.display()))
}

impl Peers {
    /// Refuses a case that names a peer which is not there, and a wire without cases.
    pub(crate) fn check(&self, cases: &[Case]) -> anyhow::Result<()> {
        for wire in self.client.iter().flat_map(|client| &client.wires) {
            ensure!(
                cases.iter().any(|case| case.wires.contains(wire)),
                "there are no cases of {}",
                wire.name()
            );
        }
        let clients = self.client.iter().map(|client| client.name.as_str());
        let names: Vec<&str> = clients.chain(self.server.iter().map(|server| server.name.as_str())).collect();
        for client in &self.client {
            for name in client.except.keys() {
                ensure!(
                    self.server.iter().any(|server| server.name == *name),
                    "client {} names {name}, and there is no such server",
                    client.name
                );
            }
        }
        for case in cases {
            for name in case.peers() {
                ensure!(
                    names.contains(&name),
                    "case {:?} names {name}, and there is no such peer",
                    case.name
                );
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A runtime that no machine has, or that this one has for it runs the tests.
    fn runtime(name: &str) -> Runtime {
        Runtime::try_from(name.to_owned()).unwrap()
    }

    fn found(words: &[&str], needs: Option<&str>) -> Result<Option<String>, String> {
        let here = PathBuf::from("/no/such/folder");
        let places =
            Places { programs: here.clone(), peers: here.clone(), python: "sh".into(), scratch: here };
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        match places.command(&words, needs.map(runtime).as_ref()) {
            Ok(Found::Missing(why)) => Ok(Some(why)),
            Ok(Found::Command(_)) => Ok(None),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn a_peer_is_skipped_only_where_its_runtime_is_missing() {
        assert_eq!(found(&["sh"], None), Ok(None));
        assert_eq!(
            found(&["nosuchruntime", "peer.x"], Some("Nosuchruntime")),
            Ok(Some("no Nosuchruntime".into()))
        );
        assert_eq!(found(&["{programs}/peer"], Some("Go 1.999")), Ok(Some("no Go 1.999 or newer".into())));
        let broken = Err("/no/such/folder/peer is not there; scripts/interop builds it".to_owned());
        assert_eq!(found(&["{programs}/peer"], Some("Python")), broken);
        assert_eq!(found(&["sh", "{programs}/peer"], None), broken);
    }

    #[test]
    fn a_version_is_read_where_a_runtime_has_one() {
        assert_eq!(runtime("Go 1.24"), Runtime { name: "Go".into(), minor: Some(24) });
        assert_eq!(runtime("Node"), Runtime { name: "Node".into(), minor: None });
        assert!(Runtime::try_from("Go new".to_owned()).is_err());
    }
}
