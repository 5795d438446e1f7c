//! One client put through its cases against one server, on one wire.
//!
//! The client is a program that is given the wire and the address. It prints `READY`, or `SKIPPED why`, and then answers each
//! line of JSON that it reads with one of its own, over one connection as far as its library keeps one:
//!
//! ```text
//! > {"id": 1, "method": "Arith.Multiply", "arguments": [{"A": {"$int": "17"}, "B": {"$int": "8"}}]}
//! < {"id": 1, "value": {"$int": "136"}}
//! > {"id": 2, "method": "streaming_range", "arguments": [{"$int": "0"}, {"$int": "9"}, {"$int": "1"}], "take": 2}
//! < {"id": 2, "items": [{"$int": "0"}, {"$int": "1"}]}
//! > {"id": 3, "method": "nope", "arguments": []}
//! < {"id": 3, "error": {"text": "method not found", "code": -32601}}
//! ```
//!
//! A line may also have `named` arguments, a stream of `requests`, `metadata` and `deadline_ms`, and `stream` where a stream is
//! expected. With `take` the client breaks a stream off after so many items, and only then stops sending. What its library cannot say at all, such as 64 bits in
//! Python's xmlrpc.client, it answers with `{"id": 4, "cannot": "why"}`. In HTTP a method is called by `POST /call/METHOD`, but one
//! that is written as a request: `GET /call/add`; `metadata` are headers.
//!
//! Where the server tells its `.proto` files, a client of gRPC finds them in the folder that `MANYWIRE_EXPORT` names, and
//! compiled in `protos.bin` there.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use crate::agree::{Precision, short};
use crate::cases::Case;
use crate::peers::{ClientPeer, Found, Places, Wire};
use crate::process::{Process, Silence};
use crate::result::{CaseResult, Late, Outcome, WireRun};

/// How long a client may take to load its libraries.
const START: Duration = Duration::from_secs(30);

/// How long it may take to end.
const END: Duration = Duration::from_secs(20);

/// What is asked, of whom, and how long an answer may take.
pub(crate) struct Question<'q> {
    pub(crate) client: &'q ClientPeer,
    pub(crate) server: &'q str,
    pub(crate) wire: Wire,
    pub(crate) address: &'q str,
    /// Where the server's `.proto` files are, if it has told them.
    pub(crate) exported: Option<&'q Path>,
    pub(crate) cases: Vec<&'q Case>,
    pub(crate) patience: Duration,
}

/// Why a client is of no further use.
struct Useless {
    why: String,
    late: Late,
}

impl Question<'_> {
    /// Runs the client through the cases.
    pub(crate) fn ask(&self, places: &Places) -> WireRun {
        match places.command(&self.client.command, self.client.needs.as_ref()) {
            Err(error) => WireRun::broken(self.wire, error.to_string()),
            Ok(Found::Missing(why)) => self.skipped(why),
            Ok(Found::Command(command)) => self.run(*command),
        }
    }

    fn skipped(&self, why: String) -> WireRun {
        WireRun::skipped(self.wire, why, self.cases.len())
    }

    fn run(&self, mut command: Command) -> WireRun {
        command.args([&self.wire.name(), self.address]);
        if let Some(folder) = self.exported {
            command.env("MANYWIRE_EXPORT", folder);
        }
        let mut process = match Process::start(command) {
            Ok(process) => process,
            Err(why) => return WireRun::broken(self.wire, why),
        };
        match process.line(Instant::now() + START) {
            Ok(line) if line == "READY" => {}
            Ok(line) => {
                return match line.strip_prefix("SKIPPED ") {
                    Some(why) => self.skipped(why.to_owned()),
                    None => WireRun::broken(self.wire, format!("printed {line:?} instead of READY")),
                };
            }
            Err(silence) => {
                let late = if matches!(silence, Silence::Late) { Late::Client } else { Late::Nobody };
                let why = told(silence, &process, START);
                let run = WireRun::broken(self.wire, format!("the client was not READY: {why}"));
                return WireRun { late, ..run };
            }
        }
        self.converse(process)
    }

    fn converse(&self, mut process: Process) -> WireRun {
        let mut run = WireRun::new(self.wire);
        for (id, case) in self.cases.iter().enumerate() {
            if let Some(why) = case.exception(&self.client.name, self.server) {
                run.results.push(CaseResult::new(case, Outcome::Beside(why.to_owned())));
                continue;
            }
            let begun = Instant::now();
            match self.answer(&mut process, id, case) {
                Ok(answer) => {
                    run.results.push(CaseResult::timed(case, self.judge(case, &answer), begun.elapsed()));
                }
                Err(Useless { why, late }) => {
                    run.late = late;
                    run.results.push(CaseResult::timed(case, Outcome::Failed(why), begun.elapsed()));
                    let left = self.cases.len() - id - 1;
                    run.broken =
                        Some(format!("the client stopped at {:?}; {left} cases were not tried", case.name));
                    return run;
                }
            }
        }
        run.broken = process.finish(END).err().map(|why| format!("the client {why}"));
        run
    }

    /// Asks one case. An error is of the client, not of its call, and leaves it of no further use.
    fn answer(&self, process: &mut Process, id: usize, case: &Case) -> Result<Json, Useless> {
        let mut call = case.call.clone();
        call["id"] = json!(id);
        process.say(call.to_string());
        let line = process.line(Instant::now() + self.patience).map_err(|silence| Useless {
            late: if matches!(silence, Silence::Late) { Late::Either } else { Late::Nobody },
            why: told(silence, process, self.patience),
        })?;
        let useless = |why| Useless { why, late: Late::Nobody };
        let answer: Json = serde_json::from_str(&line).map_err(|_| {
            useless(format!("printed no JSON: {}{}", short(&json!(line)), process.last_words()))
        })?;
        if answer["id"] != json!(id) {
            return Err(useless(format!("answered {} when asked {id}", short(&answer))));
        }
        Ok(answer)
    }

    fn judge(&self, case: &Case, answer: &Json) -> Outcome {
        if let Some(why) = answer["cannot"].as_str() {
            return Outcome::Beside(why.to_owned());
        }
        let difference = case.verdict((self.client, self.server), answer, self.precision());
        match (difference, case.known_failure(&self.client.name, self.server)) {
            (None, None) => Outcome::Passed,
            (None, Some(reason)) => Outcome::KnownButPasses(reason.to_owned()),
            (Some(_), Some(reason)) => Outcome::Known(reason.to_owned()),
            (Some(difference), None) => Outcome::Failed(difference),
        }
    }

    fn precision(&self) -> Precision {
        match self.wire {
            // Its messages are typed, and every library has protobuf's JSON.
            Wire::Grpc | Wire::GrpcWeb if self.client.defaults => Precision::PlainWithDefaults,
            Wire::Grpc | Wire::GrpcWeb => Precision::Plain,
            _ if self.client.plain => Precision::Plain,
            _ if self.client.one_number => Precision::OneNumber,
            _ => Precision::Exact,
        }
    }
}

fn told(silence: Silence, process: &Process, limit: Duration) -> String {
    match silence {
        Silence::Late => format!("no answer within {limit:?}{}", process.last_words()),
        Silence::Ended(how) => how,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use std::path::PathBuf;

    const CASES: &str = "wires = ['gob']
        [[case]]
        name = 'first'
        method = 'M'
        value = true
        [[case]]
        name = 'second'
        method = 'M'
        value = false
        [[case]]
        name = 'third, known'
        method = 'M'
        value = true
        known = [{ client = 'it', reason = 'it is like that' }]";

    /// Puts a shell script through the cases.
    fn run(script: &str) -> WireRun {
        run_within(Duration::from_secs(60), script)
    }

    fn run_within(patience: Duration, script: &str) -> WireRun {
        let cases = crate::cases::parse(CASES).unwrap();
        let client = ClientPeer {
            name: "it".into(),
            title: "it".into(),
            command: ["sh", "-c", script].map(str::to_owned).to_vec(),
            wires: vec![Wire::Gob],
            needs: None,
            except: BTreeMap::new(),
            one_number: false,
            plain: false,
            defaults: false,
            bare: false,
        };
        let here = PathBuf::from(".");
        let places =
            Places { programs: here.clone(), peers: here.clone(), python: here.clone(), scratch: here };
        let cases = cases.iter().collect();
        let (server, wire, address, exported) = ("x", Wire::Gob, "127.0.0.1:1", None);
        Question { client: &client, server, wire, address, exported, cases, patience }.ask(&places)
    }

    fn outcomes(run: &WireRun) -> Vec<&Outcome> {
        run.results.iter().map(|result| &result.outcome).collect()
    }

    /// The run ends at the first case, and says why.
    fn expect_end(script: &str, reason: &str) {
        expect_end_of(run(script), script, reason);
    }

    fn expect_end_of(run: WireRun, script: &str, reason: &str) {
        let [Outcome::Failed(why)] = outcomes(&run)[..] else { panic!("{script}: {run:?}") };
        assert!(why.contains(reason), "{script}: {why}");
        assert!(run.broken.is_some_and(|why| why.contains("2 cases were not tried")));
    }

    #[test]
    fn answers_are_judged_one_by_one() {
        let well = run(
            "echo READY; n=0; while read -r line; do echo '{\"id\":'$n',\"value\":true}'; n=$((n+1)); done",
        );
        let [Outcome::Passed, Outcome::Failed(why), Outcome::KnownButPasses(_)] = outcomes(&well)[..] else {
            panic!("{well:?}")
        };
        assert_eq!(why, "expected false, got true");
        assert_eq!(well.broken, None);
        let cannot = run(
            "echo READY; n=0; while read -r line; do echo '{\"id\":'$n',\"cannot\":\"no\"}'; n=$((n+1)); done",
        );
        assert_eq!(outcomes(&cannot), [&Outcome::Beside("no".into()); 3]);
    }

    #[test]
    fn a_client_that_crashes_is_quoted() {
        expect_end(
            "echo READY; read -r line; echo why >&2; exit 3",
            "ended with exit status: 3; it said: why",
        );
        expect_end("echo READY; read -r line; kill -9 $$", "signal: 9");
        expect_end("echo READY; exec >&-; exec sleep 60", "closed its output");
    }

    #[test]
    fn a_client_that_hangs_is_ended() {
        for script in ["echo READY; exec sleep 60", "echo READY; printf '{'; exec sleep 60"] {
            expect_end_of(run_within(Duration::from_millis(50), script), script, "no answer within 50ms");
        }
    }

    #[test]
    fn a_client_that_prints_garbage_is_no_witness() {
        expect_end("echo READY; read -r line; echo garbage; exec sleep 60", "printed no JSON: \"garbage\"");
        expect_end("echo READY; read -r line; printf '\\377\\0\\n'; exec sleep 60", "printed no JSON");
        expect_end(
            "echo READY; read -r line; echo '{\"id\":7,\"value\":true}'; exec sleep 60",
            "when asked 0",
        );
        expect_end("echo READY; read -r line; echo '[]'; exec sleep 60", "when asked 0");
        expect_end("echo READY; exec cat /dev/zero", "printed a line of over 64 MiB");
        expect_end("echo READY; exec yes", "printed no JSON: \"y\"");
    }

    #[test]
    fn a_client_that_never_begins_is_no_witness() {
        let broken = |script| run(script).broken.unwrap_or_default();
        assert!(broken("echo hello").contains("instead of READY"));
        assert!(broken("exit 3").contains("was not READY: ended with exit status: 3"));
        assert_eq!(run("echo SKIPPED no Perl").skipped.unwrap().why, "no Perl");
    }

    #[test]
    fn a_client_that_fails_after_its_answers_has_failed() {
        let script = "echo READY; n=0; while read -r line; do echo '{\"id\":'$n',\"cannot\":\"no\"}'; n=$((n+1)); done; exit 4";
        assert!(run(script).broken.is_some_and(|why| why.contains("exit status: 4")));
    }
}
