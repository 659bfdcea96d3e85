//! Two recorded runs beside each other: two regions, before and after an upgrade, a stub and a service.
//!
//! A finding is *gone* only where the other run looked for it: what a run did not assess, left out of its report, or did not come to, says nothing. What is known of a
//! target is broken all the same, so that a finding that moved into a baseline is neither gone nor new.

mod differences;
mod markdown;
mod page;
mod text;

use schemars::JsonSchema;
use serde::Serialize;

use self::differences::{caveats, choices, drift, known, latency, missing, sorted};
use super::model::{Finding, Report, Verdict, duration};
use crate::exit_code::ExitCode;
use crate::untrusted::visible;

/// What [`Comparison::format`] says; another number is another meaning of the fields.
pub const FORMAT: &str = "ims-conformance-comparison/1";

/// A format in which a comparison can be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For a person at a terminal.
    Text,
    /// For programs.
    Json,
    /// For a comment or an issue on GitHub.
    Markdown,
    /// One page that needs nothing else.
    Html,
}

impl Format {
    /// Every format, with its name on the command line.
    pub const ALL: [(&'static str, Self); 4] =
        [("text", Self::Text), ("json", Self::Json), ("markdown", Self::Markdown), ("html", Self::Html)];
}

/// What differs between two runs.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Comparison {
    /// `ims-conformance-comparison/1`.
    pub format: String,
    /// The run that the other one is held against.
    pub first: Side,
    /// The other one.
    pub second: Side,
    /// What the differences come to.
    pub outcome: Outcome,
    /// What makes the runs less comparable, in words.
    pub caveats: Vec<String>,
    /// Findings of the second run that the first one looked for and did not have.
    pub new: Vec<Note>,
    /// Findings of the first run that the second one looked for and does not have.
    pub gone: Vec<Note>,
    /// Findings of one run that the other one did not look for.
    pub unsettled: Vec<Unsettled>,
    /// How many findings both have.
    pub same: usize,
    /// What the targets chose differently where the documentation leaves it open.
    pub choices: Vec<ChoiceDifference>,
    /// What nobody documents and only the second run saw.
    pub new_drift: Vec<String>,
    /// What nobody documents and only the first run saw.
    pub gone_drift: Vec<String>,
    /// How long the answers took to each call that both runs have sent.
    pub latency: Vec<LatencyPair>,
    /// Clauses that only the first run assessed, each with why the second one did not.
    pub only_first: Vec<Missing>,
    /// Clauses that only the second run assessed, each with why the first one did not.
    pub only_second: Vec<Missing>,
}

/// One of the two runs.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Side {
    /// Where the requests went.
    pub endpoint: String,
    /// Whether that is the stub inside the program.
    pub is_stub: bool,
    /// Name and version of the suite.
    pub suite: String,
    /// Version of the program.
    pub program_version: String,
    /// When the run ended.
    pub date: String,
    /// The seed of the random phase.
    pub seed: String,
    /// What the run came to.
    pub verdict: Verdict,
    /// How many findings it has.
    pub findings: usize,
    /// How many probes were performed or skipped.
    pub probes: usize,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// How many requests were sent.
    pub requests: u64,
}

/// What the differences come to; each has its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Nothing is new or gone.
    Same,
    /// Something is gone, and nothing is new.
    Better,
    /// A finding is new.
    Worse,
    /// No finding is new, as far as it can be told; but the second run did not look for all that the first one did.
    Unsettled,
}

/// A finding of one run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Note {
    /// Id of the clause.
    pub clause: String,
    /// What tells the findings of one clause apart.
    pub cause: String,
    /// The clause in words.
    pub text: String,
    /// Where the documentation has it.
    pub source: String,
    /// How many probes of how many show it.
    pub share: String,
    /// What would conform.
    pub expected: String,
    /// What came.
    pub got: String,
    /// How this program shows it again.
    pub command: String,
}

/// A finding of which the other run says nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Unsettled {
    /// The finding.
    pub finding: Note,
    /// Whether the first run has it; otherwise the second one.
    pub is_of_first: bool,
    /// Why the other run says nothing.
    pub why: String,
}

/// Something that the documentation leaves open, and that the targets chose differently.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ChoiceDifference {
    /// What is open.
    pub title: String,
    /// What the first target did.
    pub first: Vec<String>,
    /// What the second one did.
    pub second: Vec<String>,
}

/// How long the answers to one call took in both runs, in milliseconds. That nothing conforms by, and nothing is broken by.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct LatencyPair {
    /// The call: `POST /path`.
    pub call: String,
    /// Half of the first run's answers took no longer.
    pub first_median_ms: f64,
    /// Half of the second run's answers took no longer.
    pub second_median_ms: f64,
    /// Of a hundred answers of the first run, 95 took no longer.
    pub first_p95_ms: f64,
    /// Of a hundred answers of the second run, 95 took no longer.
    pub second_p95_ms: f64,
}

/// A clause that a run did not assess.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Missing {
    /// Its id.
    pub clause: String,
    /// Why not.
    pub why: String,
}

impl Comparison {
    /// The second run held against the first one.
    ///
    /// # Errors
    ///
    /// Where they are of different suites, so that their clauses are not the same.
    pub fn of(first: &Report, second: &Report) -> Result<Self, String> {
        let names = [&first.suite.name, &second.suite.name];
        if names[0] != names[1] {
            return Err(format!("the runs are of different suites, {} and {}", names[0], names[1]));
        }
        let (of_second, of_first) = (sorted(second, first), sorted(first, second));
        let same = of_first.found + of_first.known.len() + of_second.known.len();
        let mut caveats = caveats(first, second);
        caveats.extend(known(&of_second.known, "first", "second"));
        caveats.extend(known(&of_first.known, "second", "first"));
        let (new, gone) = (of_second.lacking, of_first.lacking);
        let unsettled = |is_of_first| move |(finding, why)| Unsettled { finding, is_of_first, why };
        let unsettled: Vec<_> = of_first
            .unsettled
            .into_iter()
            .map(unsettled(true))
            .chain(of_second.unsettled.into_iter().map(unsettled(false)))
            .collect();
        let (only_first, only_second) = (missing(first, second), missing(second, first));
        let outcome = match (new.is_empty(), gone.is_empty()) {
            (false, _) => Outcome::Worse,
            (true, _) if !unsettled.is_empty() || !only_first.is_empty() => Outcome::Unsettled,
            (true, false) => Outcome::Better,
            (true, true) => Outcome::Same,
        };
        Ok(Self {
            format: FORMAT.to_owned(),
            first: Side::of(first),
            second: Side::of(second),
            outcome,
            caveats,
            new,
            gone,
            unsettled,
            same,
            choices: choices(first, second),
            new_drift: drift(second, first),
            gone_drift: drift(first, second),
            latency: latency(first, second),
            only_first,
            only_second,
        })
    }

    /// Whether anything differs that conforms: a choice, or what nobody documents.
    pub fn has_other_differences(&self) -> bool {
        !(self.choices.is_empty() && self.new_drift.is_empty() && self.gone_drift.is_empty())
    }

    /// The exit code. Whoever is strict wants to hear of what differs and conforms, too.
    pub fn exit_code(&self, is_strict: bool) -> ExitCode {
        match self.outcome {
            Outcome::Worse => ExitCode::Broken,
            Outcome::Better | Outcome::Same if is_strict && self.has_other_differences() => ExitCode::Broken,
            Outcome::Better | Outcome::Same => ExitCode::Holds,
            Outcome::Unsettled => ExitCode::NotAssessed,
        }
    }

    /// The comparison in this format.
    ///
    /// # Errors
    ///
    /// Where the format's library cannot write it, in words.
    pub fn render(&self, format: Format) -> Result<String, String> {
        match format {
            Format::Text => Ok(text::render(self)),
            Format::Json => {
                let text = serde_json::to_string_pretty(self).map_err(|error| error.to_string())?;
                Ok(format!("{}\n", visible(&text)))
            }
            Format::Markdown => Ok(markdown::render(self)),
            Format::Html => page::render(self).map_err(|error| error.to_string()),
        }
    }
}

impl Outcome {
    /// What a reader calls it.
    pub fn text(self) -> &'static str {
        match self {
            Self::Same => "the same",
            Self::Better => "better",
            Self::Worse => "worse",
            Self::Unsettled => "cannot be told",
        }
    }
}

impl Side {
    fn of(report: &Report) -> Self {
        Self {
            endpoint: report.target.endpoint.clone(),
            is_stub: report.target.is_stub,
            suite: format!("{} {}", report.suite.name, report.suite.version),
            program_version: report.program_version.clone(),
            date: report.date.clone(),
            seed: report.seed.clone(),
            verdict: report.verdict,
            findings: report.findings.len() + report.untold(),
            probes: report.probes.phases.iter().map(|phase| phase.probes).sum(),
            seconds: report.seconds,
            requests: report.requests,
        }
    }

    /// The target and its run, on one line.
    fn line(&self) -> String {
        let stub = if self.is_stub { "the built-in stub, " } else { "" };
        let findings = super::counted(self.findings, "finding");
        let probes = super::counted(self.probes, "probe");
        format!("{stub}{}, {}: {}, {findings} of {probes}", self.endpoint, self.date, self.verdict.text())
    }
}

impl LatencyPair {
    /// Median and 95 of a hundred in words, of the first run and then of the second one.
    fn texts(&self) -> [String; 2] {
        let text = |first, second| format!("{} → {}", duration(first), duration(second));
        [text(self.first_median_ms, self.second_median_ms), text(self.first_p95_ms, self.second_p95_ms)]
    }
}

impl Note {
    fn of(finding: &Finding) -> Self {
        Self {
            clause: finding.clause.clone(),
            cause: finding.cause.clone(),
            text: finding.text.clone(),
            source: finding.source.clone(),
            share: finding.share(),
            expected: finding.expected.clone(),
            got: finding.got.clone(),
            command: finding.command.clone(),
        }
    }
}
