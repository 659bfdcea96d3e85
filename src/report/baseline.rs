//! Deviations that are known of the target: which of them a run saw, and which are gone.

use super::blame::Refused;
use super::finding::{blame_of, mismatches};
use crate::baseline::{Baseline, Deviation, Tried};
use crate::contract::Contract;
use crate::plan::Selection;
use crate::run::{Ending, Outcome, Run, Verdict};

/// Turns failures into [`Verdict::Known`] where all that is wrong is known. Whom to blame for a refusal only the whole run tells, so it comes after it.
/// `shrunk` holds smaller examples, which help to tell.
pub fn apply_baseline(
    contract: &Contract,
    baseline: &Baseline,
    is_strict: bool,
    outcomes: &mut [Outcome],
    shrunk: &[Outcome],
) {
    let refused = Refused::of(contract, outcomes, shrunk);
    let is_known = |outcome: &Outcome| {
        // What only follows is excused with what it follows from, which is a mismatch of the same outcome.
        let broken = outcome.judgement.mismatches.iter().filter(|mismatch| mismatch.origin.is_none());
        let mut broken = broken.map(|mismatch| blame_of(&refused, outcome, mismatch));
        let is_drift_right = !is_strict || outcome.judgement.drift.is_empty();
        outcome.verdict == Verdict::Fail
            && is_drift_right
            && broken.all(|(clause, cause)| baseline.covers(clause, cause))
    };
    let verdicts: Vec<bool> = outcomes.iter().map(is_known).collect();
    for (outcome, _) in outcomes.iter_mut().zip(verdicts).filter(|(_, is_known)| *is_known) {
        outcome.verdict = Verdict::Known;
    }
}

/// The deviations that the run saw, each with how many probes show it, and those that are gone.
pub(super) fn told(
    contract: &Contract,
    baseline: &Baseline,
    selection: &Selection,
    run: &Run,
    shrunk: &[Outcome],
) -> (Vec<(Deviation, usize)>, Vec<Deviation>) {
    let seen = seen(contract, baseline, &run.outcomes, shrunk);
    let tried = Tried::new(contract, selection, run.outcomes.iter().map(|outcome| outcome.probe.as_ref()));
    let stale = stale(baseline, &seen, &tried, run);
    (seen, stale)
}

/// The deviations that the run saw, each with how many probes show it.
fn seen(contract: &Contract, baseline: &Baseline, outcomes: &[Outcome], shrunk: &[Outcome]) -> Vec<(Deviation, usize)> {
    let refused = Refused::of(contract, outcomes, shrunk);
    let blames: Vec<_> = mismatches(outcomes)
        .map(|(outcome, mismatch)| (&outcome.probe.id, blame_of(&refused, outcome, mismatch)))
        .collect();
    let shown_by = |deviation: &Deviation| {
        let mut probes: Vec<_> = blames
            .iter()
            .filter(|(_, (clause, cause))| deviation.covers(clause, cause))
            .map(|(probe, _)| *probe)
            .collect();
        probes.dedup();
        probes.len()
    };
    baseline.iter().map(|known| (known.clone(), shown_by(known))).filter(|(_, count)| *count > 0).collect()
}

/// The deviations that the run would have seen, and did not.
fn stale(baseline: &Baseline, seen: &[(Deviation, usize)], tried: &Tried<'_>, run: &Run) -> Vec<Deviation> {
    let is_assessed = |clause: &str| run.outcomes.iter().any(|outcome| outcome.judgement.assessed.contains(clause));
    let is_gone = |deviation: &&Deviation| {
        let is_seen = seen.iter().any(|(each, _)| each == *deviation);
        !is_seen && is_assessed(&deviation.clause) && tried.would_show(deviation)
    };
    let is_complete = run.ending == Ending::Complete && run.unsent.is_empty();
    baseline.iter().filter(|_| is_complete).filter(is_gone).cloned().collect()
}
