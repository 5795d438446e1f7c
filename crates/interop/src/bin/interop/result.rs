//! What came of it all.

use std::time::Duration;

use serde::Serialize;

use crate::cases::Case;
use crate::peers::Wire;

/// What came of one case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", content = "reason", rename_all = "kebab-case")]
pub(crate) enum Outcome {
    /// It came as expected.
    Passed,
    /// It did not.
    Failed(String),
    /// It did not, as was known.
    Known(String),
    /// It did, which was not known.
    KnownButPasses(String),
    /// It is not about these two.
    Beside(String),
}

/// One case and what came of it.
#[derive(Debug, Serialize)]
pub(crate) struct CaseResult {
    pub(crate) case: String,
    #[serde(flatten)]
    pub(crate) outcome: Outcome,
    pub(crate) seconds: f64,
}

impl CaseResult {
    pub(crate) fn new(case: &Case, outcome: Outcome) -> Self {
        Self::timed(case, outcome, Duration::ZERO)
    }

    pub(crate) fn timed(case: &Case, outcome: Outcome, took: Duration) -> Self {
        Self { case: case.name.clone(), outcome, seconds: took.as_secs_f64() }
    }
}

/// Who did not answer in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Late {
    /// All did.
    Nobody,
    /// The client, which had not been asked to call yet.
    Client,
    /// The client or the server.
    Either,
}

/// What a cell says where two share no wire.
pub(crate) const NOTHING: &str = "–";

/// What is missing on this machine, and how many cases were left out for it.
#[derive(Debug, Serialize)]
pub(crate) struct Skip {
    pub(crate) why: String,
    pub(crate) cases: usize,
}

/// One client against one server on one wire.
#[derive(Debug, Serialize)]
pub(crate) struct WireRun {
    pub(crate) wire: Wire,
    pub(crate) results: Vec<CaseResult>,
    /// What went wrong beside the cases.
    pub(crate) broken: Option<String>,
    pub(crate) skipped: Option<Skip>,
    /// Who let it pass without an answer in time.
    #[serde(skip)]
    pub(crate) late: Late,
}

impl WireRun {
    pub(crate) fn new(wire: Wire) -> Self {
        Self { wire, results: Vec::new(), broken: None, skipped: None, late: Late::Nobody }
    }

    pub(crate) fn broken(wire: Wire, why: String) -> Self {
        Self { broken: Some(why), ..Self::new(wire) }
    }

    pub(crate) fn skipped(wire: Wire, why: String, cases: usize) -> Self {
        Self { skipped: Some(Skip { why, cases }), ..Self::new(wire) }
    }
}

/// One client against one server.
#[derive(Debug, Serialize)]
pub(crate) struct Cell {
    pub(crate) client: String,
    pub(crate) server: String,
    /// Empty where no wire is shared.
    pub(crate) runs: Vec<WireRun>,
}

impl Cell {
    /// Every case with its wire.
    pub(crate) fn results(&self) -> impl Iterator<Item = (Wire, &CaseResult)> {
        self.runs.iter().flat_map(|run| run.results.iter().map(|result| (run.wire, result)))
    }

    /// How many cases came as expected.
    pub(crate) fn passed(&self) -> usize {
        let passed = |outcome: &Outcome| matches!(outcome, Outcome::Passed | Outcome::KnownButPasses(_));
        self.results().filter(|(_, result)| passed(&result.outcome)).count()
    }

    /// What went wrong, each with its wire: a case with its reason, or the client or server itself.
    pub(crate) fn failures(&self) -> Vec<(Wire, String, String)> {
        let mut failures = Vec::new();
        for run in &self.runs {
            for result in &run.results {
                if let Outcome::Failed(reason) = &result.outcome {
                    failures.push((run.wire, result.case.clone(), reason.clone()));
                }
            }
            if let Some(reason) = &run.broken {
                failures.push((run.wire, "(run)".to_owned(), reason.clone()));
            }
        }
        failures
    }

    /// What the cell says in few letters.
    pub(crate) fn short_symbol(&self) -> String {
        let is_skipped = self.runs.iter().any(|run| run.skipped.is_some());
        match (self.failures().len(), self.passed()) {
            _ if self.runs.is_empty() => NOTHING.to_owned(),
            (0, 0) if is_skipped => "skipped".to_owned(),
            (0, passed) => format!("✓ {passed}"),
            (failed, _) => format!("✗ {failed}"),
        }
    }

    /// What the cell of the table says.
    pub(crate) fn symbol(&self) -> String {
        let failures = self.failures();
        if let Some((_, case, _)) = failures.first() {
            let more = if failures.len() > 1 { format!(" +{}", failures.len() - 1) } else { String::new() };
            return format!("✗ {case}{more}");
        }
        let skipped = self.runs.iter().find_map(|run| Some(&run.skipped.as_ref()?.why));
        match (self.runs.is_empty(), self.passed(), skipped) {
            (true, ..) => NOTHING.to_owned(),
            (_, 0, Some(why)) => format!("skipped: {why}"),
            (_, passed, Some(why)) => format!("✓ {passed}, skipped: {why}"),
            (_, passed, None) => format!("✓ {passed}"),
        }
    }
}
