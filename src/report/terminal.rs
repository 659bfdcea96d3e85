//! The report as a person reads it in a terminal.

mod calls;
mod ending;

use std::fmt::{self, Write};

use anstyle::{AnsiColor, Style};

use super::counted;
use super::curl::Caller;
use crate::baseline::Deviation;
use crate::client::{Bounds, Leftover};
use crate::results::{Cause, Finding, Results};

const BOLD: Style = Style::new().bold();
const RED: Style = AnsiColor::Red.on_default().bold();
const GREEN: Style = AnsiColor::Green.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
const FAINT: Style = Style::new().dimmed();

/// So many characters of a name or an id are shown; a server can make them as long as it likes.
const LONGEST_NAME: usize = 120;

/// Longer commands would bury the rest of the report. They hold nothing that a server chose, only bodies of a case that do not repeat themselves.
const LONGEST_COMMAND: usize = 200_000;

/// So many choices, and so many things that nobody documents, are shown.
const MOST_LINES: usize = 100;

/// So many of what is left are named; a ledger names all.
const MOST_LEFT: usize = 1000;

/// The whole report. `is_verbose` adds what conforms but is worth knowing, in full.
pub fn render(results: &Results, is_verbose: bool) -> String {
    let mut text = String::new();
    // Writing to a `String` cannot fail.
    let _ = write_report(&mut text, results, is_verbose);
    text
}

fn write_report(out: &mut String, results: &Results, is_verbose: bool) -> fmt::Result {
    if results.is_stub {
        writeln!(out, "target: the built-in stub; no endpoint was named\n")?;
    }
    for finding in &results.findings {
        write_finding(out, finding, results)?;
    }
    write_deviations(out, results)?;
    if let Some(trouble) = &results.login {
        writeln!(out, "{YELLOW}the token ended, and the identity service gave no new one{YELLOW:#}\n  {trouble}\n")?;
    }
    write_causes(out, "inconclusive", &results.inconclusive)?;
    write_causes(out, "skipped", &results.skipped)?;
    write_causes(out, "not sent", &results.unsent)?;
    write_choices(out, results)?;
    write_drift(out, results)?;
    calls::write_calls(out, results)?;
    write_coverage(out, results, is_verbose)?;
    write_leftovers(out, results)?;
    write_summary(out, results)
}

fn write_finding(out: &mut String, finding: &Finding, results: &Results) -> fmt::Result {
    let times = if finding.count == 1 { String::new() } else { format!("  ({} probes)", finding.count) };
    writeln!(out, "{RED}FAIL{RED:#} {BOLD}{}{BOLD:#}{times}", finding.clause)?;
    let is_over_a_rule = finding.is_refusal_of_valid && finding.clause.is_of_request();
    let way = if is_over_a_rule { "; a valid request is refused over it" } else { "" };
    writeln!(out, "     {}{way}", finding.text)?;
    writeln!(out, "     {FAINT}{}{FAINT:#}", finding.source)?;
    if !finding.mismatch.pointer.is_empty() {
        writeln!(out, "       at        {:.LONGEST_NAME$}", finding.mismatch.pointer)?;
    }
    writeln!(out, "       expected  {}", finding.mismatch.expected)?;
    writeln!(out, "       got       {}", finding.mismatch.got)?;
    writeln!(out, "       probe     {}  {FAINT}{}{FAINT:#}", finding.probe.id, finding.probe.title)?;
    write_repeat(out, finding, results)?;
    for (index, entailed) in finding.consequences.iter().enumerate() {
        let label = if index == 0 { "entails   " } else { "          " };
        let count = counted(entailed.count, "probe");
        writeln!(out, "       {label}{}  {FAINT}{count}: {}{FAINT:#}", entailed.clause, entailed.text)?;
    }
    if let Some(file) = &finding.case_file {
        writeln!(out, "       as a case {}", file.path)?;
        for line in file.text.lines() {
            writeln!(out, "                 {FAINT}{line}{FAINT:#}")?;
        }
    }
    writeln!(out)
}

fn write_repeat(out: &mut String, finding: &Finding, results: &Results) -> fmt::Result {
    let (endpoint, token_header) = (results.endpoint.as_str(), results.token_header.as_str());
    let caller = Caller { endpoint, token_header, has_token: results.has_token, route: &results.route };
    let lines = finding.repeat.lines(|request, names| caller.command_with(request, names));
    if let Some(long) = lines.iter().map(String::len).find(|length| *length > LONGEST_COMMAND) {
        return writeln!(out, "       repeat    (a command of {long} characters is too long to be shown)");
    }
    for (index, line) in lines.iter().enumerate() {
        writeln!(out, "       {}{line}", if index == 0 { "repeat    " } else { "          " })?;
    }
    Ok(())
}

fn write_deviations(out: &mut String, results: &Results) -> fmt::Result {
    let name = |deviation: &Deviation| match &deviation.cause {
        Some(cause) => format!("{}, {cause}", deviation.clause),
        None => deviation.clause.to_string(),
    };
    if !results.deviations.is_empty() {
        writeln!(out, "{BOLD}known deviations{BOLD:#}; they fail nothing")?;
        for (deviation, count) in &results.deviations {
            writeln!(out, "  {}: {}  {FAINT}{count} ×{FAINT:#}", name(deviation), deviation.because)?;
        }
        writeln!(out)?;
    }
    if !results.stale.is_empty() {
        writeln!(out, "{YELLOW}stale{YELLOW:#}: known deviations that are no longer seen; take them out of the list")?;
        for deviation in &results.stale {
            writeln!(out, "  {}: {}", name(deviation), deviation.because)?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn write_causes(out: &mut String, heading: &str, causes: &[Cause]) -> fmt::Result {
    if causes.is_empty() {
        return Ok(());
    }
    writeln!(out, "{YELLOW}{heading}{YELLOW:#}")?;
    for cause in causes {
        writeln!(out, "  {} × {}  {FAINT}for example {}{FAINT:#}", cause.count, cause.text, cause.example)?;
    }
    writeln!(out)
}

fn write_choices(out: &mut String, results: &Results) -> fmt::Result {
    if results.choices.is_empty() {
        return Ok(());
    }
    writeln!(out, "{BOLD}choices{BOLD:#} that the documentation leaves open; both ways conform")?;
    for (choice, count) in results.choices.iter().take(MOST_LINES) {
        writeln!(out, "  {}: {}  {FAINT}{count} ×, {}{FAINT:#}", choice.title, choice.taken, choice.because)?;
    }
    write_more(out, results.choices.len(), MOST_LINES)?;
    writeln!(out)
}

fn write_drift(out: &mut String, results: &Results) -> fmt::Result {
    if results.drift.is_empty() {
        return Ok(());
    }
    writeln!(out, "{BOLD}drift{BOLD:#}: what nobody documents; it conforms, and fails only with --strict")?;
    for (drift, count) in results.drift.iter().take(MOST_LINES) {
        let place =
            if drift.pointer.is_empty() { String::new() } else { format!("{:.LONGEST_NAME$}: ", drift.pointer) };
        writeln!(out, "  {place}{:.LONGEST_NAME$}  {FAINT}{count} ×{FAINT:#}", drift.text)?;
    }
    write_more(out, results.drift.len(), MOST_LINES)?;
    writeln!(out)
}

fn write_more(out: &mut String, count: usize, shown: usize) -> fmt::Result {
    match count.checked_sub(shown) {
        Some(more @ 1..) => writeln!(out, "  and {more} more"),
        _ => Ok(()),
    }
}

/// How many clauses of one reason are shown unless all are asked for.
const SHOWN: usize = 6;

fn write_coverage(out: &mut String, results: &Results, is_verbose: bool) -> fmt::Result {
    writeln!(out, "{BOLD}clauses{BOLD:#}: {} of {} assessed", results.assessed, results.clauses)?;
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for (clause, reason) in &results.not_assessed {
        match reasons.iter_mut().find(|(known, _)| known == reason) {
            Some((_, clauses)) => clauses.push(clause.as_str()),
            None => reasons.push((reason, vec![clause.as_str()])),
        }
    }
    for (reason, clauses) in reasons {
        let shown = if is_verbose { clauses.len() } else { SHOWN.min(clauses.len()) };
        let more = clauses.len() - shown;
        let more = if more == 0 { String::new() } else { format!(" and {more} more (-v shows all)") };
        writeln!(out, "  not assessed: {}{more}  {FAINT}{reason}{FAINT:#}", clauses[..shown].join(", "))?;
    }
    for excluded in &results.excluded {
        writeln!(out, "  not sent: {}", excluded.text)?;
    }
    writeln!(out)
}

fn write_leftovers(out: &mut String, results: &Results) -> fmt::Result {
    let (proven, perhaps): (Vec<_>, Vec<_>) = results.leftovers.iter().partition(|(_, leftover)| leftover.is_proven());
    if !proven.is_empty() {
        writeln!(out, "{RED}left behind{RED:#}")?;
    }
    for (probe, leftover) in proven.iter().take(MOST_LEFT) {
        let name = match leftover {
            Leftover::Id(id) | Leftover::GivenTwice(id) => format!("{id:.LONGEST_NAME$}"),
            _ => "something without an id".to_owned(),
        };
        let origin = if probe.is_empty() { "a request that was refused" } else { probe };
        let why = match leftover {
            Leftover::GivenTwice(_) => "; the target gave this id twice, so that nothing was sent to it",
            _ => "",
        };
        writeln!(out, "  {name}  {FAINT}created by {origin}{why}{FAINT:#}")?;
    }
    write_more(out, proven.len(), MOST_LEFT)?;
    if !perhaps.is_empty() {
        writeln!(
            out,
            "{YELLOW}perhaps left behind{YELLOW:#}; nothing proves that it is this run's, so it was not touched"
        )?;
    }
    for (probe, leftover) in perhaps.iter().take(MOST_LINES) {
        match leftover {
            Leftover::Foreign(id) => writeln!(
                out,
                "  {id:.LONGEST_NAME$}  {FAINT}given out as new to {probe}, but it was there before the run: not this run's{FAINT:#}"
            )?,
            Leftover::Appeared(id) => writeln!(out, "  {id:.LONGEST_NAME$}  {FAINT}appeared during the run{FAINT:#}")?,
            _ => writeln!(out, "  perhaps something: the answer to {probe} was lost")?,
        }
    }
    write_more(out, perhaps.len(), MOST_LINES)?;
    if let Some(why) = results.unlisted {
        writeln!(
            out,
            "{YELLOW}what is left is not known{YELLOW:#}: {why}; what a refused request created would not be seen"
        )?;
    }
    if results.bounds == Bounds::AsTold {
        writeln!(
            out,
            "  the bounds on what is created hold only as far as the target tells the truth, as its list cannot be read"
        )?;
    }
    if let Some(ledger) = &results.ledger {
        writeln!(out, "  {ledger} knows of it; `ims-conformance sweep` with the same target tries again")?;
    }
    let is_all_well = results.leftovers.is_empty() && results.unlisted.is_none() && results.bounds == Bounds::Hard;
    if is_all_well && results.ledger.is_none() { Ok(()) } else { writeln!(out) }
}

fn write_summary(out: &mut String, results: &Results) -> fmt::Result {
    let (inconclusive, skipped) = (ending::sum(&results.inconclusive), ending::sum(&results.skipped));
    let stub = if results.is_stub { "the built-in stub, " } else { "" };
    writeln!(out, "{} at {stub}{}", results.title, results.endpoint)?;
    write!(out, "{GREEN}{} passed{GREEN:#}, ", results.passed)?;
    let known = if results.known == 0 { String::new() } else { format!("{} known, ", results.known) };
    let style = if results.failed == 0 { Style::new() } else { RED };
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
    writeln!(out, "phases: {phases}; seed {}", results.seed)?;
    ending::write_ending(out, results)
}

/// How many different clauses are broken.
fn broken(results: &Results) -> usize {
    let mut clauses: Vec<_> = results.findings.iter().map(|finding| &finding.clause).collect();
    clauses.dedup();
    clauses.len()
}
