//! Deviations that are known of the target: which of them a run saw, and which are stale.

use super::blame::Refused;
use super::coverage::Coverage;
use super::finding::{blame_of, mismatches};
use super::{Outcome, Verdict};
use crate::baseline::{Baseline, Deviation, Tried};
use crate::contract::Contract;
use crate::plan::Selection;

/// What each outcome comes to, where deviations that are known fail nothing. Whom to blame for a refusal only the whole run tells.
pub(super) fn verdicts(
    baseline: &Baseline,
    contract: &Contract,
    refused: &Refused,
    outcomes: &[Outcome],
    is_strict: bool,
) -> Vec<Verdict> {
    let is_known = |outcome: &Outcome| {
        let broken = outcome.judgement.mismatches.iter().filter(|mismatch| mismatch.origin.is_none());
        let mut broken = broken.map(|mismatch| blame_of(contract, refused, outcome, mismatch));
        let is_drift_right = !is_strict || outcome.judgement.drift.is_empty();
        is_drift_right && broken.all(|(clause, cause)| baseline.covers(clause, cause))
    };
    let verdict = |outcome: &Outcome| match outcome.verdict(is_strict) {
        Verdict::Fail if is_known(outcome) => Verdict::Known,
        other => other,
    };
    outcomes.iter().map(verdict).collect()
}

/// The deviations that the run saw, each with how many probes show it.
pub(super) fn seen(
    baseline: &Baseline,
    contract: &Contract,
    refused: &Refused,
    outcomes: &[Outcome],
) -> Vec<(Deviation, usize)> {
    let blames: Vec<_> = mismatches(outcomes)
        .map(|(outcome, mismatch)| (outcome.place, blame_of(contract, refused, outcome, mismatch)))
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

/// The deviations that a complete run would have seen, and did not.
pub(super) fn stale(
    baseline: &Baseline,
    seen: &[(Deviation, usize)],
    tried: &Tried,
    selection: &Selection,
    coverage: &Coverage,
) -> Vec<Deviation> {
    let is_stale = |deviation: &&Deviation| {
        let is_seen = seen.iter().any(|(each, _)| each == *deviation);
        !is_seen && coverage.has_assessed(&deviation.clause) && tried.would_show(selection, deviation)
    };
    baseline.iter().filter(is_stale).cloned().collect()
}
