//! The end of the text: how the run ended, and what was therefore not sent.

use std::fmt::{self, Write};

use super::YELLOW;
use crate::client::Spent;
use crate::report::counted;
use crate::results::{Cause, Results};
use crate::run::Ending;

pub(super) fn write_ending(out: &mut String, results: &Results) -> fmt::Result {
    let unsent = sum(&results.unsent);
    let rest = match (results.nothing_was_sent(), unsent) {
        (true, _) => "no probe was sent",
        (false, 0) => "nothing was left to send",
        (false, _) => "the rest was not sent",
    };
    match results.ending {
        Ending::Complete if unsent == 0 => Ok(()),
        Ending::Complete => {
            let causes: Vec<_> = results.unsent.iter().map(|cause| cause.text.as_str()).collect();
            writeln!(out, "{YELLOW}incomplete{YELLOW:#}: {rest}: {}", causes.join(", "))
        }
        Ending::Interrupted => writeln!(out, "{YELLOW}interrupted{YELLOW:#}: {rest}"),
        Ending::Spent(spent) => {
            writeln!(out, "{YELLOW}incomplete{YELLOW:#}: {spent} allows no more; {rest}{}", stock(results, spent))
        }
        Ending::FailedFast => {
            writeln!(out, "{YELLOW}ended early{YELLOW:#}: as many probes failed as --fail-fast allows; {rest}")
        }
        Ending::TargetLost => {
            let cause = results.inconclusive.last().map(|cause| format!(": {}", cause.text)).unwrap_or_default();
            writeln!(out, "{YELLOW}ended early{YELLOW:#}: too many inconclusive probes in a row{cause}; {rest}")
        }
    }
}

/// What was spent before the first probe, where that is why there was none.
fn stock(results: &Results, spent: Spent) -> String {
    if spent != Spent::Requests || !results.nothing_was_sent() {
        return String::new();
    }
    let first = counted(usize::try_from(results.first_requests).unwrap_or(usize::MAX), "request");
    format!(": {first} went to see who answers and what is there, and as many are kept to see it again at the end")
}

/// How many probes these causes have.
pub(super) fn sum(causes: &[Cause]) -> usize {
    causes.iter().map(|cause| cause.count).sum()
}
