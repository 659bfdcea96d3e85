//! What one run says that another one does not, and whether that means anything.

use std::collections::BTreeSet;

use super::{ChoiceDifference, LatencyPair, Missing, Note};
use crate::report::model::{Clause, ClauseVerdict, Drift, Finding, LEFT_OUT, Report};

/// The findings of a run, by what another run says of them.
#[derive(Default)]
pub(super) struct Sorted {
    /// It has them, too.
    pub(super) found: usize,
    /// It holds only as it knows of them.
    pub(super) known: Vec<Note>,
    /// It looked for them, and does not have them.
    pub(super) lacking: Vec<Note>,
    /// It did not look for them, and why.
    pub(super) unsettled: Vec<(Note, String)>,
}

/// Holds the findings of a run against another run.
pub(super) fn sorted(of: &Report, other: &Report) -> Sorted {
    let mut sorted = Sorted::default();
    for finding in &of.findings {
        match presence(finding, other) {
            Presence::Found => sorted.found += 1,
            Presence::Known => sorted.known.push(Note::of(finding)),
            Presence::Absent => sorted.lacking.push(Note::of(finding)),
            Presence::Unknown(why) => sorted.unsettled.push((Note::of(finding), why)),
        }
    }
    sorted
}

/// Whether a run has a finding of another one.
enum Presence {
    Found,
    /// As a known deviation.
    Known,
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
    if other.findings.iter().any(is_found) {
        return Presence::Found;
    }
    if is_known {
        return Presence::Known;
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

/// What is known of a target in one run, and a finding in the other one.
pub(super) fn known(notes: &[Note], knowing: &str, finding: &str) -> Option<String> {
    let mut clauses: Vec<_> = notes.iter().map(|note| note.clause.as_str()).collect();
    clauses.dedup();
    let told =
        || format!("known deviations of the {knowing} run are findings of the {finding} one: {}", clauses.join(", "));
    (!clauses.is_empty()).then(told)
}

/// Clauses that the first of these runs assessed and the other one did not.
pub(super) fn missing(assessed: &Report, other: &Report) -> Vec<Missing> {
    let ids = assessed.clauses.iter().filter(|clause| clause.verdict != ClauseVerdict::NotAssessed);
    let ids: BTreeSet<&str> = ids.map(|clause| clause.id.as_str()).collect();
    let is_missing =
        |clause: &&Clause| clause.verdict == ClauseVerdict::NotAssessed && ids.contains(clause.id.as_str());
    let missing = other.clauses.iter().filter(is_missing);
    missing.map(|clause| Missing { clause: clause.id.clone(), why: clause.why.clone() }).collect()
}

/// What both runs saw, and the targets chose differently.
pub(super) fn choices(first: &Report, second: &Report) -> Vec<ChoiceDifference> {
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
pub(super) fn drift(of: &Report, other: &Report) -> Vec<String> {
    let text = |report: &Report| {
        let text = |drift: &Drift| format!("{}: {}", drift.pointer, drift.text);
        report.drift.iter().map(text).collect::<BTreeSet<_>>()
    };
    let of = text(of);
    of.difference(&text(other)).cloned().collect()
}

/// How long the answers took to each call that both runs have sent.
pub(super) fn latency(first: &Report, second: &Report) -> Vec<LatencyPair> {
    let both = first.latency.iter().filter_map(|one| {
        let other = second.latency.iter().find(|other| other.call == one.call)?;
        Some(LatencyPair {
            call: one.call.clone(),
            first_median_ms: one.median_ms,
            second_median_ms: other.median_ms,
            first_p95_ms: one.p95_ms,
            second_p95_ms: other.p95_ms,
        })
    });
    both.collect()
}

fn or_all(shard: &str) -> &str {
    if shard.is_empty() { "all" } else { shard }
}

/// What makes the runs less comparable.
pub(super) fn caveats(first: &Report, second: &Report) -> Vec<String> {
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
    differ("shards", or_all(&first.shard), or_all(&second.shard));
    differ("phases", &phases(first), &phases(second));
    for (name, report) in [("first", first), ("second", second)] {
        if !report.cut_short.is_empty() {
            caveats.push(format!("the {name} run was cut short: {}", report.cut_short));
        }
        if report.probes.inconclusive > 0 {
            let count = crate::report::counted(report.probes.inconclusive, "probe");
            caveats.push(format!("{count} of the {name} run were inconclusive"));
        }
        for omitted in &report.omitted {
            caveats.push(format!("the report of the {name} run leaves out {} {}", omitted.count, omitted.what));
        }
    }
    caveats
}
