//! A comparison as Markdown, as GitHub shows it.

use std::fmt::{self, Write};

use super::{Comparison, Note, Outcome};
use crate::report::markdown::{plain, write_list};

pub(super) fn render(comparison: &Comparison) -> String {
    let mut text = String::new();
    // Writing to a `String` cannot fail.
    let _ = write(&mut text, comparison);
    text
}

fn write(out: &mut String, comparison: &Comparison) -> fmt::Result {
    let sign = match comparison.outcome {
        Outcome::Worse => "❌",
        Outcome::Unsettled => "⚠",
        Outcome::Better | Outcome::Same => "✅",
    };
    writeln!(out, "# {sign} {}\n", comparison.outcome.text())?;
    writeln!(out, "- first: {}", plain(&comparison.first.line()))?;
    writeln!(out, "- second: {}\n", plain(&comparison.second.line()))?;
    for caveat in &comparison.caveats {
        writeln!(out, "> {}\n", plain(caveat))?;
    }
    writeln!(out, "{} findings are in both.\n", comparison.same)?;
    write_notes(out, "New", &comparison.new)?;
    write_notes(out, "Gone", &comparison.gone)?;
    let unsettled = comparison.unsettled.iter().map(|unsettled| {
        let (of, other) = if unsettled.is_of_first { ("first", "second") } else { ("second", "first") };
        format!("{}, found by the {of} run; the {other} one says nothing: {}", unsettled.finding.clause, unsettled.why)
    });
    write_list(out, "Cannot be told", unsettled)?;
    let choices = comparison.choices.iter();
    let choices = choices.map(|choice| {
        format!("{}: first {}, second {}", choice.title, choice.first.join(", "), choice.second.join(", "))
    });
    write_list(out, "Choices that differ; both ways conform", choices)?;
    write_list(out, "What nobody documents and only the first run saw", comparison.gone_drift.iter().cloned())?;
    write_list(out, "What nobody documents and only the second run saw", comparison.new_drift.iter().cloned())?;
    for (name, missing) in [("first", &comparison.only_first), ("second", &comparison.only_second)] {
        let missing = missing.iter().map(|clause| format!("{}: {}", clause.clause, clause.why));
        write_list(out, &format!("Clauses that only the {name} run assessed"), missing)?;
    }
    let latency = comparison.latency.iter().map(|pair| {
        let [median, most] = pair.texts();
        format!("{}: median {median}, 95 % within {most}", pair.call)
    });
    write_list(out, "How long answers took, first → second", latency)
}

fn write_notes(out: &mut String, heading: &str, notes: &[Note]) -> fmt::Result {
    if notes.is_empty() {
        return Ok(());
    }
    writeln!(out, "## {heading}: {}\n", notes.len())?;
    writeln!(out, "| clause | expected | got | shown by | again |\n|---|---|---|---|---|")?;
    for note in notes {
        let [clause, text, source, expected, got, share, again] =
            [&note.clause, &note.text, &note.source, &note.expected, &note.got, &note.share, &note.command]
                .map(|text| plain(text));
        writeln!(out, "| {clause}<br>{text}<br>{source} | {expected} | {got} | {share} | {again} |")?;
    }
    writeln!(out)
}
