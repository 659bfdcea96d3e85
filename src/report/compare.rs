//! Two recorded runs beside each other: two regions, before and after an upgrade, a stub and a service.
//!
//! A finding is *gone* only where the other run looked for it: what a run did not assess, left out of its report, or did not come to, says nothing. What is known of a
//! target is broken all the same, so that a finding that moved into a baseline is neither gone nor new.

mod markdown;
mod page;
mod text;

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use super::model::{Clause, ClauseVerdict, Finding, Report, Verdict};
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
        let (new, not_looked_for_first, _) = sorted(second, first);
        let (gone, not_looked_for_second, same) = sorted(first, second);
        let unsettled = |is_of_first| move |(finding, why)| Unsettled { finding, is_of_first, why };
        let unsettled: Vec<_> = not_looked_for_second
            .into_iter()
            .map(unsettled(true))
            .chain(not_looked_for_first.into_iter().map(unsettled(false)))
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
            caveats: caveats(first, second),
            new,
            gone,
            unsettled,
            same,
            choices: choices(first, second),
            new_drift: drift(second, first),
            gone_drift: drift(first, second),
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
        let left_out = report.omitted.iter().filter(|omitted| omitted.what.starts_with(LEFT_OUT));
        Self {
            endpoint: report.target.endpoint.clone(),
            is_stub: report.target.is_stub,
            suite: format!("{} {}", report.suite.name, report.suite.version),
            program_version: report.program_version.clone(),
            date: report.date.clone(),
            seed: report.seed.clone(),
            verdict: report.verdict,
            findings: report.findings.len() + left_out.map(|omitted| omitted.count).sum::<usize>(),
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

/// What a report says of findings that did not fit, before the clause.
const LEFT_OUT: &str = "findings of ";

/// The findings of a run that the other one looked for and does not have, those that it did not look for with the reason, and how many it has, too.
fn sorted(of: &Report, other: &Report) -> (Vec<Note>, Vec<(Note, String)>, usize) {
    let (mut lacking, mut unsettled, mut same) = (Vec::new(), Vec::new(), 0);
    for finding in &of.findings {
        match presence(finding, other) {
            Presence::There => same += 1,
            Presence::Absent => lacking.push(Note::of(finding)),
            Presence::Unknown(why) => unsettled.push((Note::of(finding), why)),
        }
    }
    (lacking, unsettled, same)
}

/// Whether a run has a finding of another one.
enum Presence {
    There,
    Absent,
    /// It does not say, and why.
    Unknown(String),
}

fn presence(finding: &Finding, other: &Report) -> Presence {
    let is_found = |each: &Finding| each.clause == finding.clause && each.cause == finding.cause;
    let is_known = other
        .known
        .iter()
        .any(|known| known.clause == finding.clause && (known.cause.is_empty() || known.cause == finding.cause));
    if is_known || other.findings.iter().any(is_found) {
        return Presence::There;
    }
    let left_out = format!("{LEFT_OUT}{}", finding.clause);
    if other.omitted.iter().any(|omitted| omitted.what == left_out) {
        return Presence::Unknown("its report leaves out findings of the clause".to_owned());
    }
    match other.clauses.iter().find(|clause| clause.id == finding.clause) {
        Some(Clause { verdict: ClauseVerdict::NotAssessed, why, .. }) => Presence::Unknown(why.clone()),
        Some(Clause { verdict: ClauseVerdict::Entailed, .. }) => {
            Presence::Unknown("it is broken only where another finding entails it".to_owned())
        }
        Some(_) if !other.is_complete => Presence::Unknown(format!("it was cut short: {}", other.cut_short)),
        Some(_) => Presence::Absent,
        // What a strict run finds is about no clause of the contract.
        None if other.is_strict => Presence::Absent,
        None => Presence::Unknown("it does not know the clause".to_owned()),
    }
}

/// Clauses that the first of these runs assessed and the other one did not.
fn missing(assessed: &Report, other: &Report) -> Vec<Missing> {
    let ids = assessed.clauses.iter().filter(|clause| clause.verdict != ClauseVerdict::NotAssessed);
    let ids: BTreeSet<&str> = ids.map(|clause| clause.id.as_str()).collect();
    let is_missing =
        |clause: &&Clause| clause.verdict == ClauseVerdict::NotAssessed && ids.contains(clause.id.as_str());
    let missing = other.clauses.iter().filter(is_missing);
    missing.map(|clause| Missing { clause: clause.id.clone(), why: clause.why.clone() }).collect()
}

/// What both runs saw, and the targets chose differently.
fn choices(first: &Report, second: &Report) -> Vec<ChoiceDifference> {
    let taken = |report: &Report, title: &str| {
        let of_it = report.choices.iter().filter(|choice| choice.title == title);
        of_it.map(|choice| choice.taken.clone()).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>()
    };
    let titles: BTreeSet<&str> = first.choices.iter().map(|choice| choice.title.as_str()).collect();
    let both = titles.into_iter().map(|title| (title, taken(first, title), taken(second, title)));
    let differing = both.filter(|(_, first, second)| !second.is_empty() && first != second);
    differing.map(|(title, first, second)| ChoiceDifference { title: title.to_owned(), first, second }).collect()
}

/// What nobody documents, and only the first of these runs saw.
fn drift(of: &Report, other: &Report) -> Vec<String> {
    let text = |report: &Report| {
        let text = |drift: &super::model::Drift| format!("{}: {}", drift.pointer, drift.text);
        report.drift.iter().map(text).collect::<BTreeSet<_>>()
    };
    let of = text(of);
    of.difference(&text(other)).cloned().collect()
}

/// What makes the runs less comparable.
fn caveats(first: &Report, second: &Report) -> Vec<String> {
    let mut caveats = Vec::new();
    let mut differ = |what: &str, one: &str, other: &str| {
        if one != other {
            caveats.push(format!("the {what} differ: {one} and {other}"));
        }
    };
    let phases = |report: &Report| {
        let names: Vec<_> = report.probes.phases.iter().map(|phase| phase.name.as_str()).collect();
        names.join(", ")
    };
    differ("versions of the suite", &first.suite.version, &second.suite.version);
    differ("versions of the program", &first.program_version, &second.program_version);
    differ("seeds", &first.seed, &second.seed);
    differ("phases", &phases(first), &phases(second));
    for (name, report) in [("first", first), ("second", second)] {
        if !report.cut_short.is_empty() {
            caveats.push(format!("the {name} run was cut short: {}", report.cut_short));
        }
        if report.probes.inconclusive > 0 {
            let count = super::counted(report.probes.inconclusive, "probe");
            caveats.push(format!("{count} of the {name} run were inconclusive"));
        }
        for omitted in &report.omitted {
            caveats.push(format!("the report of the {name} run leaves out {} {}", omitted.count, omitted.what));
        }
    }
    caveats
}
