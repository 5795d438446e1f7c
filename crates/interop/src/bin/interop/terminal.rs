//! The report as a terminal shows it: what is known first, and last what matters most.

use std::fmt::Write as _;

use crate::report::Report;
use crate::result::{Cell, NOTHING, Outcome};

/// How wide a line may be, with room for what stands before the lines of a container.
const WIDTH: usize = 96;

/// How many failures of one client against one server are told; the files have them all.
const SHOWN: usize = 5;

/// Known failures, the table, and failures.
pub(crate) fn text(report: &Report<'_>) -> String {
    let parts = [known(report), table(report), failures(report)];
    let parts: Vec<&str> = parts.iter().map(|part| part.trim_end()).filter(|part| !part.is_empty()).collect();
    parts.join("\n\n")
}

/// A server.
struct Column {
    /// The words of its title, one below the other.
    head: Vec<String>,
    /// For each client.
    cells: Vec<String>,
    width: usize,
}

impl Column {
    fn new(title: &str, cells: Vec<String>) -> Self {
        let head: Vec<String> = title.split(' ').map(str::to_owned).collect();
        let width = head.iter().chain(&cells).map(|text| text.chars().count()).max().unwrap_or(0);
        Self { head, cells, width }
    }
}

/// The table, in as many parts as its width asks for.
fn table(report: &Report<'_>) -> String {
    let clients: Vec<&str> = report.clients.iter().map(|client| client.title.as_str()).collect();
    let first = clients.iter().map(|title| title.chars().count()).max().unwrap_or(0);
    let columns: Vec<Column> = report
        .servers
        .iter()
        .map(|server| {
            let cells = report.clients.iter().map(|client| report.cell(client, server));
            Column::new(
                &server.title,
                cells.map(|cell| cell.map_or(NOTHING.to_owned(), Cell::short_symbol)).collect(),
            )
        })
        .collect();
    let mut text = String::new();
    for part in parts(&columns, WIDTH.saturating_sub(first)) {
        let height = part.iter().map(|column| column.head.len()).max().unwrap_or(0);
        for line in 0..height {
            // Titles stand at the bottom of the head.
            let word = |column: &Column| {
                (line + column.head.len()).checked_sub(height).map(|at| column.head[at].clone())
            };
            row(&mut text, first, "", part, |column| word(column).unwrap_or_default());
        }
        for (at, client) in clients.iter().enumerate() {
            if part.iter().any(|column| column.cells[at] != NOTHING) {
                row(&mut text, first, client, part, |column| column.cells[at].clone());
            }
        }
        text.push('\n');
    }
    text
}

fn row(text: &mut String, first: usize, title: &str, columns: &[Column], cell: impl Fn(&Column) -> String) {
    let mut line = format!("{title:<first$}");
    for column in columns {
        let _ = write!(line, "  {:<width$}", cell(column), width = column.width);
    }
    let _ = writeln!(text, "{}", line.trim_end());
}

/// The columns in groups of no more than this width, if one fits at all.
fn parts(columns: &[Column], width: usize) -> Vec<&[Column]> {
    let (mut parts, mut start, mut taken) = (Vec::new(), 0, 0);
    for (at, column) in columns.iter().enumerate() {
        if taken + 2 + column.width > width && at > start {
            parts.push(&columns[start..at]);
            (start, taken) = (at, 0);
        }
        taken += 2 + column.width;
    }
    parts.push(&columns[start..]);
    parts
}

fn failures(report: &Report<'_>) -> String {
    let mut text = String::new();
    for cell in report.cells {
        let failures = cell.failures();
        for (wire, case, reason) in failures.iter().take(SHOWN) {
            let _ = writeln!(
                text,
                "✗ {} → {} ({}): {case}\n    {reason}\n",
                cell.client,
                cell.server,
                wire.name()
            );
        }
        if failures.len() > SHOWN {
            let more = failures.len() - SHOWN;
            let _ = writeln!(text, "✗ {} → {}: {more} more\n", cell.client, cell.server);
        }
    }
    text
}

/// Failures that are known, and those that are gone.
fn known(report: &Report<'_>) -> String {
    let mut said: Vec<(&str, String, Vec<&str>)> = Vec::new();
    for cell in report.cells {
        for (wire, result) in cell.results() {
            let what = match &result.outcome {
                Outcome::Known(reason) => format!("is known to fail: {reason}"),
                Outcome::KnownButPasses(reason) => {
                    format!("passes now, take it off the list of known failures: {reason}")
                }
                _ => continue,
            };
            let what = format!("\"{}\" ({}) {what}", result.case, wire.name());
            match said.iter_mut().find(|(client, other, _)| *client == cell.client && *other == what) {
                Some((.., servers)) => servers.push(&cell.server),
                None => said.push((&cell.client, what, vec![&cell.server])),
            }
        }
    }
    let lines = said
        .iter()
        .map(|(client, what, servers)| wrapped(&format!("{client} → {}: {what}", servers.join(", "))));
    lines.map(|line| line + "\n").collect()
}

/// Lines no longer than the table's, the second and further ones set in.
fn wrapped(text: &str) -> String {
    let (mut wrapped, mut column) = (String::new(), 0);
    for word in text.split(' ') {
        let length = word.chars().count();
        if column + 1 + length > WIDTH {
            wrapped.push_str("\n   ");
            column = 3;
        }
        if column > 0 {
            wrapped.push(' ');
            column += 1;
        }
        wrapped.push_str(word);
        column += length;
    }
    wrapped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wide_table_comes_in_parts() {
        let columns =
            ["short", "a much longer title", "x"].map(|title| Column::new(title, vec!["✓ 1".into()]));
        let widths = |width| parts(&columns, width).iter().map(|part| part.len()).collect::<Vec<_>>();
        assert_eq!(widths(100), [3]);
        assert_eq!(widths(7 + 8 + 4), [2, 1]);
        assert_eq!(widths(1), [1, 1, 1]);
    }

    #[test]
    fn long_lines_are_wrapped_between_words() {
        let text = wrapped(&"twelve bytes ".repeat(20));
        assert!(text.lines().all(|line| line.len() <= WIDTH), "{text}");
        assert_eq!(text.split_whitespace().count(), 40);
        assert_eq!(wrapped("short"), "short");
    }
}
