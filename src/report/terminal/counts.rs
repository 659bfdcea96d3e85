//! The end of the text: of what it speaks, what was assessed, and the counts of the run.

use std::fmt::{self, Write};

use super::{BOLD, Detail, FAINT, GREEN, RED, View, YELLOW, ending};
use crate::exit_code::ExitCode;
use crate::report::counted;
use crate::report::model::{About, Latency, Verdict, clauses};
use crate::results::Results;

/// What was held against what, by whom and when.
pub(super) fn write_head(out: &mut String, results: &Results, about: Option<&About>) -> fmt::Result {
    let stub = if results.is_stub { "the built-in stub, " } else { "" };
    writeln!(out, "{BOLD}{}{BOLD:#}", results.title)?;
    writeln!(out, "  at {stub}{}", results.endpoint)?;
    let version = if results.suite.version.is_empty() { String::new() } else { format!(" {}", results.suite.version) };
    let program = env!("CARGO_PKG_VERSION");
    let date = about.map(|about| format!(", {}", about.when())).unwrap_or_default();
    writeln!(out, "  suite {}{version}, ims-conformance {program}{date}\n", results.suite.name)
}

/// What was assessed: with what came of each clause, or else only what was not.
pub(super) fn write_coverage(out: &mut String, results: &Results, view: View) -> fmt::Result {
    let is_verbose = view.detail == Detail::Verbose;
    let hint = if is_verbose { String::new() } else { format!("  {FAINT}(-v lists all){FAINT:#}") };
    writeln!(out, "{BOLD}clauses{BOLD:#}: {} of {} assessed{hint}", results.assessed, results.clauses)?;
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for (clause, reason) in &results.not_assessed {
        match reasons.iter_mut().find(|(known, _)| known == reason) {
            Some((_, clauses)) => clauses.push(clause.as_str()),
            None => reasons.push((reason, vec![clause.as_str()])),
        }
    }
    for (reason, clauses) in reasons {
        let named =
            if is_verbose { clauses.join(", ") } else { as_many_as_fit(&clauses, reason.chars().count(), view.width) };
        writeln!(out, "  not assessed: {named}  {FAINT}{reason}{FAINT:#}")?;
    }
    for excluded in &results.excluded {
        writeln!(out, "  not sent: {}", excluded.text)?;
    }
    if is_verbose {
        for latency in &results.latency {
            writeln!(out, "  {}: {}", latency.call, Latency::from(latency).text())?;
        }
        writeln!(out)?;
        for clause in clauses(results) {
            writeln!(out, "  {:<12} {:>5}  {}", clause.verdict.text(), clause.probes, clause.id)?;
        }
        return writeln!(out);
    }
    write_open(out, results)?;
    writeln!(out)
}

/// The first ids, of which there is always one, as long as a line has room for them beside the reason.
fn as_many_as_fit(clauses: &[&str], reason: usize, width: usize) -> String {
    let room = width.saturating_sub("  not assessed:   ".len() + reason);
    let text = |count: usize| match clauses.len() - count {
        0 => clauses.join(", "),
        more => format!("{} and {more} more", clauses[..count].join(", ")),
    };
    let fits = (1..=clauses.len()).rev().find(|count| text(*count).len() <= room);
    text(fits.unwrap_or(1))
}

/// What conforms and is worth knowing is a count; a list of it would bury the rest.
fn write_open(out: &mut String, results: &Results) -> fmt::Result {
    let mut parts = Vec::new();
    if !results.choices.is_empty() {
        parts.push(format!("{} where the documentation leaves one", counted(results.choices.len(), "choice")));
    }
    let fields = results.drift.iter().filter(|(drift, _)| !drift.pointer.is_empty()).count();
    if fields > 0 {
        parts.push(format!("{} that nobody documents", counted(fields, "field")));
    }
    if parts.is_empty() {
        return Ok(());
    }
    writeln!(out, "  {}", parts.join(", "))
}

/// The verdict and the counts.
pub(super) fn write_counts(out: &mut String, results: &Results) -> fmt::Result {
    let code = ExitCode::of(results);
    let style = match code {
        ExitCode::Holds => GREEN,
        ExitCode::Broken => RED,
        _ => YELLOW,
    };
    writeln!(out, "{style}{}{style:#}", Verdict::from(code).text())?;
    let (inconclusive, skipped) = (ending::sum(&results.inconclusive), ending::sum(&results.skipped));
    write!(out, "{GREEN}{} passed{GREEN:#}, ", results.passed)?;
    let known = if results.known == 0 { String::new() } else { format!("{} known, ", results.known) };
    let style = if results.failed == 0 { anstyle::Style::new() } else { RED };
    write!(out, "{style}{} failed{style:#}, {known}{inconclusive} inconclusive, {skipped} skipped", results.failed)?;
    if !results.unsent.is_empty() {
        write!(out, ", {} not sent", ending::sum(&results.unsent))?;
    }
    writeln!(out, " of {}; {} broken", counted(results.planned, "probe"), counted(broken(results), "clause"))?;
    let staying = if results.staying == 0 { String::new() } else { format!("{} stay, ", results.staying) };
    let not_known = if results.unlisted.is_some() { ", the rest is not known" } else { "" };
    writeln!(
        out,
        "{} in {:.2} s; {} created, {} removed, {staying}{} left behind, {} perhaps{not_known}",
        counted(usize::try_from(results.requests).unwrap_or(usize::MAX), "request"),
        results.elapsed.as_secs_f64(),
        results.created,
        results.removed,
        results.leftovers.iter().filter(|(_, leftover)| leftover.is_proven()).count(),
        results.leftovers.iter().filter(|(_, leftover)| !leftover.is_proven()).count(),
    )?;
    let phases: Vec<_> = results.phases.iter().map(|(phase, count)| format!("{} {count}", phase.name())).collect();
    let phases = if phases.is_empty() { "none".to_owned() } else { phases.join(", ") };
    let shard = results.shard.map(|(shard, _)| format!("; shard {shard}")).unwrap_or_default();
    writeln!(out, "phases: {phases}; seed {}{shard}", results.seed)
}

/// How many different clauses are broken.
fn broken(results: &Results) -> usize {
    let mut clauses: Vec<_> = results.findings.iter().map(|finding| &finding.clause).collect();
    clauses.dedup();
    clauses.len()
}
