//! The report as a person reads it in a terminal: calm where all is well, exact where it is not. It fits into its columns, or into 80, but for what is to be
//! copied, and for what a server wrote.

mod calls;
mod counts;
mod ending;
mod exchanges;
mod finding;
mod findings;
mod leftovers;
mod table;
mod view;

use std::fmt::{self, Write};

use anstyle::{AnsiColor, Style};

pub use exchanges::exchanges;
pub use view::{Detail, View};

use super::model::About;
use crate::baseline::Deviation;
use crate::exit_code::ExitCode;
use crate::results::{Cause, Results};

const BOLD: Style = Style::new().bold();
const RED: Style = AnsiColor::Red.on_default().bold();
const GREEN: Style = AnsiColor::Green.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
const FAINT: Style = Style::new().dimmed();

/// So many characters of a name or an id are shown; a server can make them as long as it likes.
const LONGEST_NAME: usize = 120;

/// So many choices, and so many things that nobody documents, are shown.
const MOST_LINES: usize = 100;

/// The whole report of results of which nobody says when they were found, and how the run is done again.
pub fn render(results: &Results, view: impl Into<View>) -> String {
    text(results, None, view.into())
}

/// The whole report of a run.
pub fn render_run(results: &Results, about: &About, view: impl Into<View>) -> String {
    text(results, Some(about), view.into())
}

fn text(results: &Results, about: Option<&About>, view: View) -> String {
    let mut text = String::new();
    if view.detail != Detail::Quiet || ExitCode::of(results) != ExitCode::Holds {
        // Writing to a `String` cannot fail.
        let _ = write_report(&mut text, results, about, view);
    }
    text
}

fn write_report(out: &mut String, results: &Results, about: Option<&About>, view: View) -> fmt::Result {
    let View { detail, .. } = view;
    if results.is_stub && detail != Detail::Quiet {
        writeln!(out, "target: the built-in stub; no endpoint was named\n")?;
    }
    findings::write_findings(out, results, about, view)?;
    write_deviations(out, results)?;
    if let Some(error) = &results.login {
        writeln!(out, "{YELLOW}the token ended, and the identity service gave no new one{YELLOW:#}\n  {error}\n")?;
    }
    write_causes(out, "inconclusive", &results.inconclusive)?;
    write_causes(out, "skipped", &results.skipped)?;
    write_causes(out, "not sent", &results.unsent)?;
    if detail == Detail::Verbose {
        write_choices(out, results)?;
    }
    write_drift(out, results, detail)?;
    calls::write_calls(out, results)?;
    leftovers::write_leftovers(out, results)?;
    counts::write_head(out, results, about)?;
    if detail != Detail::Quiet {
        table::write_table(out, results, detail)?;
        counts::write_coverage(out, results, view)?;
    }
    counts::write_counts(out, results)?;
    ending::write_ending(out, results)
}

fn write_deviations(out: &mut String, results: &Results) -> fmt::Result {
    let name = |deviation: &Deviation| match &deviation.cause {
        Some(cause) => format!("{}, {cause}", deviation.clause),
        None => deviation.clause.to_string(),
    };
    if !results.deviations.is_empty() {
        writeln!(out, "{BOLD}known deviations{BOLD:#}; they fail nothing")?;
        for (deviation, count) in &results.deviations {
            writeln!(out, "  {}: {}  {FAINT}{count} ×{FAINT:#}", name(deviation), deviation.reason())?;
        }
        writeln!(out)?;
    }
    if !results.stale.is_empty() {
        writeln!(out, "{YELLOW}stale{YELLOW:#}: known deviations that are no longer seen; take them out of the list")?;
        for deviation in &results.stale {
            writeln!(out, "  {}: {}", name(deviation), deviation.reason())?;
        }
        writeln!(out)?;
    }
    if !results.expired.is_empty() {
        writeln!(out, "{YELLOW}expired{YELLOW:#}: what was known until a day that is over fails again")?;
        for deviation in &results.expired {
            writeln!(out, "  {}: {}", name(deviation), deviation.reason())?;
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

/// What is no field of an answer is something that the target did, of which everybody should hear.
fn write_drift(out: &mut String, results: &Results, detail: Detail) -> fmt::Result {
    let is_told = |is_field: bool| detail == Detail::Verbose || !is_field;
    let seen: Vec<_> = results.drift.iter().filter(|(drift, _)| is_told(!drift.pointer.is_empty())).collect();
    if seen.is_empty() {
        return Ok(());
    }
    writeln!(out, "{BOLD}drift{BOLD:#}: what nobody documents; it conforms, and fails only with --strict")?;
    for (drift, count) in seen.iter().take(MOST_LINES) {
        let place =
            if drift.pointer.is_empty() { String::new() } else { format!("{:.LONGEST_NAME$}: ", drift.pointer) };
        writeln!(out, "  {place}{:.LONGEST_NAME$}  {FAINT}{count} ×{FAINT:#}", drift.text)?;
    }
    write_more(out, seen.len(), MOST_LINES)?;
    writeln!(out)
}

fn write_more(out: &mut String, count: usize, shown: usize) -> fmt::Result {
    match count.checked_sub(shown) {
        Some(more @ 1..) => writeln!(out, "  and {more} more"),
        _ => Ok(()),
    }
}

fn counted_more(out: &mut String, more: usize, what: &str) -> fmt::Result {
    if more == 0 { Ok(()) } else { writeln!(out, "and {more} more {what}\n") }
}
