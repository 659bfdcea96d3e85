//! The findings in an order in which somebody can act on them: those that look alike stand together, and what most probes show comes first. Where there are
//! many, one of each kind is told whole, and each of the others has a line.

use std::fmt::{self, Write};

use super::finding::{share, write_finding};
use super::{BOLD, Detail, RED, View, counted_more};
use crate::report::model::About;
use crate::results::{Finding, Results};

/// So many findings are told whole, and so many where somebody wants to see all.
const MOST_WHOLE: usize = 20;
const MOST_WHOLE_VERBOSE: usize = 200;

/// So many of the others have a line.
const MOST_SHORT: usize = 200;

/// So many characters of what was expected, and of what came, stand in such a line.
const LONGEST_SHORT: usize = 60;

/// Where there are more findings than are told whole, so many of a group are.
const MOST_ALIKE: usize = 3;

pub(super) fn write_findings(out: &mut String, results: &Results, about: Option<&About>, view: View) -> fmt::Result {
    let groups = groups(&results.findings);
    let most = if view.detail == Detail::Verbose { MOST_WHOLE_VERBOSE } else { MOST_WHOLE };
    let is_whole = whole(&groups, most);
    let (mut short, mut untold) = (0, 0);
    for (group, is_whole) in groups.iter().zip(&is_whole) {
        for finding in &group[..*is_whole] {
            write_finding(out, finding, results, about, view)?;
        }
        let rest = &group[*is_whole..];
        let shown = rest.len().min(MOST_SHORT - short);
        if let [first, ..] = rest {
            let got = &first.mismatch.got;
            writeln!(out, "{BOLD}{} like it{BOLD:#}, such as got {got:.LONGEST_SHORT$}", rest.len())?;
        }
        for finding in &rest[..shown] {
            write_line(out, finding, results)?;
        }
        short += shown;
        untold += rest.len() - shown;
        if !rest.is_empty() {
            writeln!(out)?;
        }
    }
    counted_more(out, untold, "findings, which a report lists (--report html=FILE)")
}

/// What looks alike together, the worst first in each and among them.
fn groups(findings: &[Finding]) -> Vec<Vec<&Finding>> {
    let mut worst_first: Vec<_> = findings.iter().collect();
    worst_first.sort_by_key(|finding| std::cmp::Reverse(finding.count));
    let mut groups: Vec<Vec<&Finding>> = Vec::new();
    for finding in worst_first {
        match groups.iter_mut().find(|group| is_alike(group[0], finding)) {
            Some(group) => group.push(finding),
            None => groups.push(vec![finding]),
        }
    }
    groups
}

/// Whether the same thing was wrong in both: at the same field of an answer, or in the same way at another one; where it is about the whole, the same answer.
fn is_alike(one: &Finding, other: &Finding) -> bool {
    let (one, other) = (&one.mismatch, &other.mismatch);
    if one.pointer.is_empty() || other.pointer.is_empty() {
        return one.pointer == other.pointer && one.got == other.got;
    }
    one.pointer == other.pointer || (one.expected == other.expected && one.got == other.got)
}

/// How many of each group are told whole: the first of each, then the others, as far as there is room.
fn whole(groups: &[Vec<&Finding>], most: usize) -> Vec<usize> {
    let are_few = groups.iter().map(Vec::len).sum::<usize>() <= most;
    let wanted = |group: &Vec<&Finding>| if are_few { group.len() } else { group.len().min(MOST_ALIKE) };
    let mut room = most;
    let first: Vec<_> = groups.iter().map(|_| take(&mut room, 1)).collect();
    groups.iter().zip(first).map(|(group, first)| first + take(&mut room, wanted(group) - first)).collect()
}

fn take(room: &mut usize, wanted: usize) -> usize {
    let taken = wanted.min(*room);
    *room -= taken;
    taken
}

fn write_line(out: &mut String, finding: &Finding, results: &Results) -> fmt::Result {
    let mismatch = &finding.mismatch;
    writeln!(
        out,
        "{RED}FAIL{RED:#} {}  ({}) expected {:.LONGEST_SHORT$}, got {:.LONGEST_SHORT$}",
        finding.clause,
        share(finding, results),
        mismatch.expected,
        mismatch.got
    )
}
