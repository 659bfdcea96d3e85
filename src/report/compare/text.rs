//! A comparison as a person reads it in a terminal.

use std::fmt::{self, Write};

use anstyle::{AnsiColor, Style};

use super::{Comparison, Missing, Note, Outcome};
use crate::report::counted;

const BOLD: Style = Style::new().bold();
const RED: Style = AnsiColor::Red.on_default().bold();
const GREEN: Style = AnsiColor::Green.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
const FAINT: Style = Style::new().dimmed();

/// So many of each are named; the other formats name all.
const MOST: usize = 100;

/// So many clauses are named that a run did not assess for one reason.
const MOST_NAMED: usize = 6;

pub(super) fn render(comparison: &Comparison) -> String {
    let mut text = String::new();
    // Writing to a `String` cannot fail.
    let _ = write(&mut text, comparison);
    text
}

fn write(out: &mut String, comparison: &Comparison) -> fmt::Result {
    writeln!(out, "first   {}", comparison.first.line())?;
    writeln!(out, "second  {}", comparison.second.line())?;
    writeln!(out, "suite   {}, ims-conformance {}\n", comparison.second.suite, comparison.second.program_version)?;
    for caveat in comparison.caveats.iter().take(MOST) {
        writeln!(out, "{YELLOW}mind{YELLOW:#}    {caveat}")?;
    }
    write_more(out, comparison.caveats.len())?;
    if !comparison.caveats.is_empty() {
        writeln!(out)?;
    }
    write_notes(out, "NEW ", RED, &comparison.new)?;
    write_notes(out, "GONE", GREEN, &comparison.gone)?;
    for unsettled in comparison.unsettled.iter().take(MOST) {
        let (of, other) = if unsettled.is_of_first { ("first", "second") } else { ("second", "first") };
        let Note { clause, share, expected, got, .. } = &unsettled.finding;
        writeln!(out, "{YELLOW}UNKNOWN{YELLOW:#} {BOLD}{clause}{BOLD:#}  ({share} of the {of} run)")?;
        writeln!(out, "     expected {expected}, got {got}")?;
        writeln!(out, "     {FAINT}the {other} run says nothing of it: {}{FAINT:#}", unsettled.why)?;
    }
    write_more(out, comparison.unsettled.len())?;
    write_choices(out, comparison)?;
    write_drift(out, comparison)?;
    write_missing(out, "first", "second", &comparison.only_first)?;
    write_missing(out, "second", "first", &comparison.only_second)?;
    write_latency(out, comparison)?;
    let style = match comparison.outcome {
        Outcome::Worse => RED,
        Outcome::Unsettled => YELLOW,
        Outcome::Better | Outcome::Same => GREEN,
    };
    writeln!(
        out,
        "{style}{}{style:#}: {} new, {} gone, {} unknown, {} in both; {} and {} differ",
        comparison.outcome.text(),
        counted(comparison.new.len(), "finding"),
        comparison.gone.len(),
        comparison.unsettled.len(),
        comparison.same,
        counted(comparison.choices.len(), "choice"),
        counted(comparison.new_drift.len() + comparison.gone_drift.len(), "undocumented thing"),
    )
}

fn write_more(out: &mut String, count: usize) -> fmt::Result {
    if count > MOST { writeln!(out, "  and {} more", count - MOST) } else { Ok(()) }
}

fn write_notes(out: &mut String, label: &str, style: Style, notes: &[Note]) -> fmt::Result {
    for note in notes.iter().take(MOST) {
        writeln!(out, "{style}{label}{style:#} {BOLD}{}{BOLD:#}  ({})", note.clause, note.share)?;
        writeln!(out, "     {}", note.text)?;
        writeln!(out, "     {FAINT}{}{FAINT:#}", note.source)?;
        writeln!(out, "       expected  {}\n       got       {}", note.expected, note.got)?;
        writeln!(out, "       again     {}\n", note.command)?;
    }
    write_more(out, notes.len())
}

fn write_choices(out: &mut String, comparison: &Comparison) -> fmt::Result {
    if comparison.choices.is_empty() {
        return Ok(());
    }
    writeln!(out, "{BOLD}choices that differ{BOLD:#}; both ways conform")?;
    for choice in comparison.choices.iter().take(MOST) {
        let (first, second) = (choice.first.join(", "), choice.second.join(", "));
        writeln!(out, "  {}\n    first   {first}\n    second  {second}", choice.title)?;
    }
    write_more(out, comparison.choices.len())?;
    writeln!(out)
}

fn write_drift(out: &mut String, comparison: &Comparison) -> fmt::Result {
    let (gone, new) = (&comparison.gone_drift, &comparison.new_drift);
    if gone.is_empty() && new.is_empty() {
        return Ok(());
    }
    writeln!(out, "{BOLD}what nobody documents{BOLD:#}")?;
    for (whose, things) in [("first", gone), ("second", new)] {
        for thing in things.iter().take(MOST) {
            writeln!(out, "  only the {whose:<6}  {thing}")?;
        }
        write_more(out, things.len())?;
    }
    writeln!(out)
}

fn write_latency(out: &mut String, comparison: &Comparison) -> fmt::Result {
    if comparison.latency.is_empty() {
        return Ok(());
    }
    let width = comparison.latency.iter().map(|pair| pair.call.chars().count()).max().unwrap_or_default();
    writeln!(out, "{BOLD}how long answers took{BOLD:#}, first → second")?;
    for pair in &comparison.latency {
        let [median, most] = pair.texts();
        writeln!(out, "  {:<width$}  median {median}, 95 % within {most}", pair.call)?;
    }
    writeln!(out)
}

fn write_missing(out: &mut String, assessed: &str, other: &str, missing: &[Missing]) -> fmt::Result {
    if missing.is_empty() {
        return Ok(());
    }
    let count = counted(missing.len(), "clause");
    writeln!(out, "{BOLD}{count}{BOLD:#} that only the {assessed} run assessed")?;
    // A run that was cut short has one reason for a hundred clauses.
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for Missing { clause, why } in missing {
        match reasons.iter_mut().find(|(known, _)| known == why) {
            Some((_, clauses)) => clauses.push(clause),
            None => reasons.push((why, vec![clause])),
        }
    }
    for (why, clauses) in reasons.iter().take(MOST) {
        let more = clauses.len().saturating_sub(MOST_NAMED);
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        let named = clauses[..clauses.len().min(MOST_NAMED)].join(", ");
        writeln!(out, "  {named}{more}  {FAINT}{other}: {why}{FAINT:#}")?;
    }
    write_more(out, reasons.len())?;
    writeln!(out)
}
