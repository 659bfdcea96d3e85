//! What of a run is still there, or perhaps is.

use std::fmt::{self, Write};

use super::{FAINT, LONGEST_NAME, MOST_LINES, RED, YELLOW, write_more};
use crate::client::{Bounds, Leftover};
use crate::results::Results;

/// So many of what is left are named; a ledger names all.
const MOST_LEFT: usize = 1000;

pub(super) fn write_leftovers(out: &mut String, results: &Results) -> fmt::Result {
    let (proven, perhaps): (Vec<_>, Vec<_>) = results.leftovers.iter().partition(|(_, leftover)| leftover.is_proven());
    write_proven(out, &proven)?;
    write_perhaps(out, &perhaps)?;
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

/// What the run created for certain.
fn write_proven(out: &mut String, proven: &[&(String, Leftover)]) -> fmt::Result {
    if !proven.is_empty() {
        writeln!(out, "{RED}left behind{RED:#}")?;
    }
    for (probe, leftover) in proven.iter().take(MOST_LEFT) {
        if let Leftover::Listed(id) = leftover {
            writeln!(
                out,
                "  {id:.LONGEST_NAME$}  {FAINT}the list goes on showing it, although no read finds it{FAINT:#}"
            )?;
            continue;
        }
        let name = match leftover {
            Leftover::Id(id) | Leftover::Guessed(id) | Leftover::GivenTwice(id) => format!("{id:.LONGEST_NAME$}"),
            _ => "something without an id".to_owned(),
        };
        let origin = if probe.is_empty() { "a request that was refused" } else { probe };
        let why = match leftover {
            Leftover::GivenTwice(_) => "; the target gave this id twice, so that nothing more was sent to it",
            Leftover::Guessed(_) => ", which gave no id; this one appeared during the run",
            _ => "",
        };
        writeln!(out, "  {name}  {FAINT}created by {origin}{why}{FAINT:#}")?;
    }
    write_more(out, proven.len(), MOST_LEFT)
}

/// What nothing proves to be the run's.
fn write_perhaps(out: &mut String, perhaps: &[&(String, Leftover)]) -> fmt::Result {
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
            Leftover::ShownOtherwise(id) => writeln!(
                out,
                "  {id:.LONGEST_NAME$}  {FAINT}given out as new to {probe}, but a read shows something else: not this run's{FAINT:#}"
            )?,
            Leftover::Appeared(id) => writeln!(out, "  {id:.LONGEST_NAME$}  {FAINT}appeared during the run{FAINT:#}")?,
            _ => writeln!(out, "  perhaps something: the answer to {probe} was lost")?,
        }
    }
    write_more(out, perhaps.len(), MOST_LINES)
}
