//! Which clauses a run assessed, and why it did not assess the others.

use std::collections::BTreeSet;

use super::Excluded;
use crate::contract::{Assessment, Clause, Contract};
use crate::run::{Ending, Outcome, Run, Unsent, Verdict};

/// Clauses that were not assessed, in the order of the contract, and why.
pub(super) fn not_assessed(contract: &Contract, run: &Run, excluded: &[Excluded]) -> Vec<(String, String)> {
    let assessed: BTreeSet<&str> =
        run.outcomes.iter().flat_map(|outcome| &outcome.judgement.assessed).map(String::as_str).collect();
    let missing = |clause: &&Clause| !assessed.contains(clause.id.as_str()) || is_only_touched(run, clause);
    let missing = contract.clauses.values().filter(missing);
    missing.map(|clause| (clause.id.clone(), reason(run, excluded, clause))).collect()
}

/// Whether a rule of the request was only kept by requests about something else, while those about it were to be sent and were not: nobody tried to break it.
fn is_only_touched(run: &Run, clause: &Clause) -> bool {
    let mut about = run.outcomes.iter().filter(|outcome| is_about(outcome, clause));
    let is_unsent = run.unsent.iter().any(|unsent| unsent.probe.clauses.contains(&clause.id));
    let is_broken = |outcome: &Outcome| outcome.judgement.mismatches.iter().any(|each| each.clause == clause.id);
    clause.id.starts_with("request.") && is_unsent && about.next().is_none() && !run.outcomes.iter().any(is_broken)
}

fn is_about(outcome: &Outcome, clause: &Clause) -> bool {
    outcome.probe.clauses.contains(&clause.id)
}

fn reason(run: &Run, excluded: &[Excluded], clause: &Clause) -> String {
    let (mut about, mut last) = (run.outcomes.iter().filter(|outcome| is_about(outcome, clause)), None);
    let unsent = run.unsent.iter().find(|unsent| unsent.probe.clauses.contains(&clause.id));
    let held = excluded.iter().find(|held| held.clauses.contains(&clause.id));
    if let Assessment::Never(reason) = &clause.assessment {
        return reason.clone();
    }
    if let Some(unsent) = unsent {
        return format!("its probes were not sent: {}", unsent_text(unsent, run.ending));
    }
    if let Some(held) = held {
        return format!("its probes were held back: {}", held.text);
    }
    if clause.assessment == Assessment::WhenPresent {
        return "no answer had the field".to_owned();
    }
    let told = about.find_map(|outcome| {
        let why = outcome.judgement.inconclusive.as_deref();
        last = Some(outcome);
        match outcome.verdict {
            Verdict::Skipped => Some(format!("its probes were skipped: {}", why.unwrap_or_default())),
            Verdict::Inconclusive => Some(format!("its probes were inconclusive: {}", why.unwrap_or_default())),
            Verdict::Pass | Verdict::Fail | Verdict::Known => None,
        }
    });
    told.unwrap_or_else(|| match last {
        Some(_) => "its probes ended before they came to it".to_owned(),
        None => "no probe of this run is about it".to_owned(),
    })
}

/// Why a probe was not sent, in words.
pub(super) fn unsent_text(unsent: &Unsent, ending: Ending) -> String {
    match (unsent.beyond, ending) {
        (Some(spent), _) => format!("each alone may exceed {spent}"),
        (None, Ending::Spent(spent)) => format!("{spent} allowed no more"),
        (None, Ending::Interrupted) => "the run was stopped before".to_owned(),
        (None, Ending::TargetLost) => "too many probes in a row were inconclusive before".to_owned(),
        (None, Ending::Complete) => "the run ended before".to_owned(),
    }
}
