//! One finding: the clause in plain words with its place in the page, the smallest request, what was expected and what came, and how to see it again.

use std::fmt::{self, Write};

use super::{BOLD, Detail, FAINT, GREEN, LONGEST_NAME, RED, View};
use crate::report::curl::Caller;
use crate::report::model::{About, command, share_of};
use crate::report::{counted, refused_over};
use crate::results::{Finding, Results};
use crate::untrusted::Untrusted;

/// Longer commands would bury the rest of the report. They hold nothing that a server chose, only bodies of a case that do not repeat themselves.
const LONGEST_COMMAND: usize = 200_000;

/// So many characters of a request are shown above the command that sends all of it.
const LONGEST_REQUEST: usize = 400;

/// The column at which what is said of a finding begins, and the one of what stands behind its labels.
const INDENT: usize = 5;
const VALUES: usize = 17;

/// How many probes show it, of those that assessed the clause.
pub(super) fn share(finding: &Finding, results: &Results) -> String {
    let row = results.coverage.iter().find(|row| row.clause == finding.clause);
    share_of(finding.count, row.map_or(0, |row| row.probes).max(finding.count), finding.is_intermittent)
}

pub(super) fn write_finding(
    out: &mut String,
    finding: &Finding,
    results: &Results,
    about: Option<&About>,
    view: View,
) -> fmt::Result {
    writeln!(out, "{RED}FAIL{RED:#} {BOLD}{}{BOLD:#}  ({})", finding.clause, share(finding, results))?;
    let way = refused_over(finding.is_refusal_of_valid, finding.clause.as_str(), &finding.cause);
    writeln!(out, "     {}", view.wrapped(&format!("{}{way}", finding.text), INDENT))?;
    writeln!(out, "     {FAINT}{}{FAINT:#}", view.wrapped(&finding.source, INDENT))?;
    for (index, request) in finding.requests.iter().enumerate() {
        let body = String::from_utf8_lossy(request.body.as_deref().unwrap_or_default());
        let sent = Untrusted::from(format!("{} {}  {body}", request.method, request.path).trim_end());
        let number = if finding.requests.len() > 1 { format!("sent {}", index + 1) } else { "sent".to_owned() };
        writeln!(out, "       {}{sent:.LONGEST_REQUEST$}", label(&number, 0))?;
    }
    if !finding.mismatch.pointer.is_empty() {
        writeln!(out, "       at        {:.LONGEST_NAME$}", finding.mismatch.pointer)?;
    }
    write_difference(out, &finding.mismatch.expected.to_string(), &finding.mismatch.got.to_string())?;
    let title = view.wrapped(&finding.probe.title, VALUES);
    writeln!(out, "       probe     {}\n                 {FAINT}{title}{FAINT:#}", finding.probe.id)?;
    write_repeat(out, finding, results, about)?;
    for (index, entailed) in finding.consequences.iter().enumerate() {
        let count = counted(entailed.count, "probe");
        let label = label("entails", index);
        writeln!(out, "       {label}{}  {FAINT}{count}: {}{FAINT:#}", entailed.clause, entailed.text)?;
    }
    if let Some(file) = &finding.case_file {
        writeln!(out, "       as a case {}  {FAINT}(--save DIR writes it){FAINT:#}", file.path)?;
        for line in file.text.lines().filter(|_| view.detail == Detail::Verbose) {
            writeln!(out, "                 {FAINT}{line}{FAINT:#}")?;
        }
    }
    if let (None, Some((file, line))) = (&finding.case_file, finding.case(&results.suite)) {
        writeln!(out, "       case      {file}:{line}")?;
    }
    writeln!(out)
}

/// What stands before a value: the label before the first one, and room for it before the others.
fn label(text: &str, index: usize) -> String {
    format!("{:<10}", if index == 0 { text } else { "" })
}

/// What was expected and what came, with what differs in colour: a word that both begin or end with is no difference.
fn write_difference(out: &mut String, expected: &str, got: &str) -> fmt::Result {
    let (before, after) = common(expected, got);
    for (label, text, style) in [("expected", expected, GREEN), ("got", got, RED)] {
        let (first, middle, last) = (&text[..before], &text[before..text.len() - after], &text[text.len() - after..]);
        writeln!(out, "       {}{first}{style}{middle}{style:#}{last}", self::label(label, 0))?;
    }
    Ok(())
}

/// How many bytes both texts have in common at their beginnings and at their ends, up to the next word.
fn common(one: &str, other: &str) -> (usize, usize) {
    let is_border = |letter: char| !letter.is_alphanumeric();
    let same = one.char_indices().zip(other.chars()).find(|((_, one), other)| one != other);
    let same = same.map_or(one.len().min(other.len()), |((index, _), _)| index);
    let before = one[..same].rfind(is_border).map_or(0, |border| border + letter_at(one, border));
    let (one, other) = (&one[before..], &other[before..]);
    let mut after = 0;
    for (left, right) in one.chars().rev().zip(other.chars().rev()) {
        if left != right {
            break;
        }
        after += left.len_utf8();
    }
    let tail = &one[one.len() - after..];
    (before, tail.find(is_border).map_or(0, |border| tail.len() - border))
}

/// The length of the letter that begins there.
fn letter_at(text: &str, index: usize) -> usize {
    text[index..].chars().next().map_or(0, char::len_utf8)
}

/// How to see it again: with this program, and without it.
fn write_repeat(out: &mut String, finding: &Finding, results: &Results, about: Option<&About>) -> fmt::Result {
    if let Some(about) = about {
        writeln!(out, "       again     {}", command(&about.repeat, finding))?;
    }
    let (endpoint, scheme) = (results.endpoint.as_str(), results.scheme.as_ref());
    let caller = Caller { endpoint, scheme, has_token: results.has_token, route: &results.route };
    let lines = finding.repeat.lines(|request, names| caller.command_with(request, names));
    if let Some(long) = lines.iter().map(String::len).find(|length| *length > LONGEST_COMMAND) {
        return writeln!(out, "       repeat    (a command of {long} characters is too long to be shown)");
    }
    let first = usize::from(results.is_stub);
    if results.is_stub {
        let address = endpoint.trim_start_matches("http://").trim_end_matches('/');
        writeln!(
            out,
            "       repeat    {FAINT}(this stub has ended: first `ims-conformance stub --listen {address}`){FAINT:#}"
        )?;
    }
    for (index, line) in lines.iter().enumerate() {
        writeln!(out, "       {}{line}", label("repeat", first + index))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::common;

    #[test]
    fn a_difference_is_of_words_and_not_of_letters() {
        for (one, other, parts) in [
            ("400", "201", (0, 0)),
            ("400 for 1 at /a", "401 for 1 at /a", (0, " for 1 at /a".len())),
            ("\"zvhd2\"", "\"zvhd\"", (1, 1)),
            ("a value from 0 to 7", "a value from 0 to 9", (18, 0)),
            ("the same", "the same", (4, 0)),
            ("", "x", (0, 0)),
            ("é é", "é è", ("é ".len(), 0)),
        ] {
            assert_eq!(common(one, other), parts, "{one} {other}");
        }
    }
}
