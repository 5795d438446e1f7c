//! What came of it, as Markdown, JSON and JUnit XML; `terminal.rs` has it as text.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context as _;
use serde_json::{Value as Json, json};

use crate::peers::{ClientPeer, ServerPeer};
use crate::result::{Cell, NOTHING, Outcome};

/// Who took part, and what came of it.
pub(crate) struct Report<'r> {
    pub(crate) clients: &'r [ClientPeer],
    pub(crate) servers: Vec<&'r ServerPeer>,
    pub(crate) cells: &'r [Cell],
}

/// Between these lines of a file the table is kept up to date.
const MARKS: (&str, &str) = ("<!-- interop table -->", "<!-- end of interop table -->");

impl Report<'_> {
    /// Whether everything came as it should.
    pub(crate) fn is_good(&self) -> bool {
        self.cells.iter().all(|cell| cell.failures().is_empty())
    }

    pub(crate) fn cell(&self, client: &ClientPeer, server: &ServerPeer) -> Option<&Cell> {
        self.cells.iter().find(|cell| cell.client == client.name && cell.server == server.name)
    }

    /// The head of the table, and its rows.
    fn rows(&self) -> Vec<Vec<String>> {
        let head =
            std::iter::once(String::new()).chain(self.servers.iter().map(|server| server.title.clone()));
        let mut rows = vec![head.collect()];
        for client in self.clients {
            let cells = self
                .servers
                .iter()
                .map(|server| self.cell(client, server).map_or_else(|| NOTHING.to_owned(), Cell::symbol));
            rows.push(std::iter::once(client.title.clone()).chain(cells).collect());
        }
        rows
    }

    /// How many passed, failed and were skipped, as `scripts/test` adds them up.
    pub(crate) fn totals(&self) -> (usize, usize) {
        let passed = self.cells.iter().map(Cell::passed).sum();
        (passed, self.cells.iter().map(|cell| cell.failures().len()).sum())
    }

    /// What is missing here, each thing once, and how many cases were left out for it.
    pub(crate) fn skips(&self) -> BTreeMap<&str, usize> {
        let mut skips = BTreeMap::new();
        let runs = self.cells.iter().flat_map(|cell| &cell.runs);
        for skip in runs.filter_map(|run| run.skipped.as_ref()) {
            *skips.entry(skip.why.as_str()).or_default() += skip.cases;
        }
        skips
    }

    /// For a README.
    pub(crate) fn markdown(&self) -> String {
        let mut markdown = String::new();
        for (at, row) in self.rows().iter().enumerate() {
            let cells: Vec<String> = row.iter().map(|cell| cell.replace('|', "\\|")).collect();
            let _ = writeln!(markdown, "| {} |", cells.join(" | "));
            if at == 0 {
                let _ = writeln!(markdown, "|{}", " --- |".repeat(row.len()));
            }
        }
        markdown
    }

    /// Puts the table between its marks in a file.
    pub(crate) fn update(&self, file: &Path) -> anyhow::Result<()> {
        let name = file.display();
        let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {name}"))?;
        let updated = between_marks(&text, &self.markdown())
            .with_context(|| format!("{name} has no lines {} and {}", MARKS.0, MARKS.1))?;
        std::fs::write(file, updated).with_context(|| format!("cannot write {name}"))
    }

    /// Writes the report in every form into a folder.
    pub(crate) fn write(&self, folder: &Path) -> anyhow::Result<()> {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        for (name, content) in [
            ("interop.json", format!("{:#}\n", self.json())),
            ("interop.xml", self.junit()),
            ("interop.md", self.markdown()),
        ] {
            let file = folder.join(name);
            std::fs::write(&file, content).with_context(|| format!("cannot write {}", file.display()))?;
        }
        Ok(())
    }

    fn json(&self) -> Json {
        let (passed, failed) = self.totals();
        json!({
            "passed": passed,
            "failed": failed,
            "skipped": self.skips(),
            "clients": self.clients.iter().map(|client| json!({"name": client.name, "title": client.title})).collect::<Json>(),
            "servers": self.servers.iter().map(|server| json!({"name": server.name, "title": server.title})).collect::<Json>(),
            "cells": self.cells.iter().filter(|cell| !cell.runs.is_empty()).collect::<Vec<_>>(),
        })
    }

    fn junit(&self) -> String {
        let mut suites = String::new();
        for cell in self.cells {
            for run in &cell.runs {
                let name = xml(&format!("{} → {} ({})", cell.client, cell.server, run.wire.name()));
                let _ = writeln!(suites, "  <testsuite name=\"{name}\">");
                for result in &run.results {
                    let case = xml(&result.case);
                    let _ = write!(
                        suites,
                        "    <testcase classname=\"{name}\" name=\"{case}\" time=\"{:.3}\">",
                        result.seconds
                    );
                    suites += &junit_outcome(&result.outcome);
                    suites += "</testcase>\n";
                }
                let whole = match (&run.broken, &run.skipped) {
                    (Some(why), _) => format!("<failure message=\"{}\"/>", xml(why)),
                    (None, Some(skip)) => format!("<skipped message=\"{}\"/>", xml(&skip.why)),
                    (None, None) => String::new(),
                };
                if !whole.is_empty() {
                    let _ = writeln!(
                        suites,
                        "    <testcase classname=\"{name}\" name=\"(run)\">{whole}</testcase>"
                    );
                }
                suites += "  </testsuite>\n";
            }
        }
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"interop\">\n{suites}</testsuites>\n"
        )
    }
}

fn junit_outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Passed => String::new(),
        Outcome::Failed(why) => format!("<failure message=\"{}\"/>", xml(why)),
        Outcome::Known(why) => format!("<skipped message=\"known to fail: {}\"/>", xml(why)),
        Outcome::KnownButPasses(why) => {
            format!("<system-out>known to fail, but passes: {}</system-out>", xml(why))
        }
        Outcome::Beside(why) => format!("<skipped message=\"{}\"/>", xml(why)),
    }
}

/// Text as XML has it, without the characters that XML has not.
fn xml(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\n' | '\t' => escaped.push(' '),
            '\u{FFFE}' | '\u{FFFF}' => escaped.push('\u{FFFD}'),
            control if control.is_control() => escaped.push('\u{FFFD}'),
            letter => escaped.push(letter),
        }
    }
    escaped
}

fn between_marks(text: &str, table: &str) -> Option<String> {
    let (before, rest) = text.split_once(MARKS.0)?;
    let (_, after) = rest.split_once(MARKS.1)?;
    Some(format!("{before}{}\n{table}{}{after}", MARKS.0, MARKS.1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peers::Wire;
    use crate::result::{CaseResult, WireRun};
    use crate::terminal;

    fn client() -> ClientPeer {
        ClientPeer {
            name: "c".into(),
            title: "C".into(),
            command: vec![],
            wires: vec![Wire::Gob],
            needs: None,
            except: BTreeMap::new(),
            one_number: false,
            plain: false,
            defaults: false,
            bare: false,
        }
    }

    fn server() -> ServerPeer {
        ServerPeer {
            name: "s".into(),
            title: "S".into(),
            command: vec![],
            listeners: BTreeMap::new(),
            ports: BTreeMap::new(),
            needs: None,
            exports: false,
        }
    }

    fn cell(outcomes: Vec<Outcome>) -> Cell {
        let results =
            outcomes.into_iter().map(|outcome| CaseResult { case: "<a>".into(), outcome, seconds: 0.5 });
        let run = WireRun { results: results.collect(), ..WireRun::new(Wire::Gob) };
        Cell { client: "c".into(), server: "s".into(), runs: vec![run] }
    }

    fn report(cells: &[Cell], look: impl FnOnce(&Report<'_>)) {
        let (client, server) = (client(), server());
        look(&Report { clients: std::slice::from_ref(&client), servers: vec![&server], cells });
    }

    #[test]
    fn a_failure_is_seen_everywhere() {
        let cells = [cell(vec![Outcome::Passed, Outcome::Failed("\"no\"".into())])];
        report(&cells, |report| {
            assert!(!report.is_good());
            assert_eq!(report.totals(), (1, 1));
            let text = terminal::text(report);
            assert!(text.contains("✗ 1") && text.ends_with("(gob): <a>\n    \"no\""), "{text}");
            assert_eq!(report.markdown(), "|  | S |\n| --- | --- |\n| C | ✗ <a> |\n");
            assert!(report.junit().contains("name=\"&lt;a&gt;\""), "{}", report.junit());
            assert!(report.junit().contains("<failure message=\"&quot;no&quot;\"/>"), "{}", report.junit());
            assert_eq!(report.json()["failed"], 1);
        });
    }

    #[test]
    fn a_known_failure_is_told_and_one_that_passes_too() {
        let known = [cell(vec![Outcome::Passed, Outcome::Known("why".into())])];
        report(&known, |report| {
            assert!(report.is_good());
            let text = terminal::text(report);
            assert!(
                text.starts_with("c → s: \"<a>\" (gob) is known to fail: why\n") && text.ends_with("✓ 1"),
                "{text}"
            );
        });
        let passing = [cell(vec![Outcome::KnownButPasses("why".into())])];
        report(&passing, |report| assert!(terminal::text(report).contains("take it off the list")));
    }

    #[test]
    fn what_is_broken_beside_its_cases_is_no_success() {
        let mut broken = cell(vec![Outcome::Passed]);
        broken.runs[0].broken = Some("the client ended with 1".into());
        report(&[broken], |report| {
            assert!(!report.is_good());
            assert!(report.markdown().contains("✗ (run)"), "{}", report.markdown());
        });
        let skipped = Cell {
            client: "c".into(),
            server: "s".into(),
            runs: vec![WireRun::skipped(Wire::Gob, "no Go".into(), 3)],
        };
        report(&[skipped], |report| {
            assert!(report.markdown().contains("skipped: no Go"));
            assert_eq!(report.skips(), BTreeMap::from([("no Go", 3)]));
        });
    }

    #[test]
    fn the_table_is_put_between_its_marks() {
        let text = format!("a\n{}\nold\n{}\nb\n", MARKS.0, MARKS.1);
        let updated = between_marks(&text, "new\n").unwrap();
        assert_eq!(updated, format!("a\n{}\nnew\n{}\nb\n", MARKS.0, MARKS.1));
        assert_eq!(between_marks(&updated, "new\n").unwrap(), updated);
        assert_eq!(between_marks("a", "new"), None);
    }
}
