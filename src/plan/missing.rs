//! What a plan is without where a target does not have every call of the contract.
//!
//! A case is left out where it needs such a call: what it is about cannot be seen. A generated probe is sent all the same, and only does without the follow-ups
//! that need it.

use std::collections::{BTreeMap, BTreeSet};

use crate::contract::{ClauseId, Contract};
use crate::probe::{FollowUp, Phase, Probe, Step};
use crate::suite::Suite;

/// A call that is not to be used.
#[derive(Clone, Debug)]
pub(crate) struct MissingCall {
    /// Its place in the contract.
    pub(crate) operation: usize,
    /// The call and what is wrong with it, as the end of "probes that need …".
    pub(crate) text: String,
}

/// Whether a probe uses a call.
pub(super) fn uses(contract: &Contract, probe: &Probe, operation: usize) -> bool {
    probe.script.steps.iter().any(|step| is_of(contract, step, operation))
}

impl MissingCall {
    /// The clauses of the follow-ups that need the call.
    pub(super) fn lost_clauses(&self, suite: &Suite) -> BTreeSet<ClauseId> {
        let uses_it = |follow_up: &&FollowUp| {
            follow_up.steps.iter().any(|(step, _)| is_of(&suite.contract, step, self.operation))
        };
        suite.follow_ups.iter().filter(uses_it).map(|follow_up| follow_up.clause.clone()).collect()
    }
}

fn is_of(contract: &Contract, step: &Step, operation: usize) -> bool {
    contract.operation(&step.request.method, &step.request.path).is_some_and(|(index, _)| index == operation)
}

/// Takes out of a generated probe the follow-ups that use one of these calls, each as a whole.
pub(super) fn drop_follow_ups(contract: &Contract, probe: &mut Probe, missing: &BTreeSet<usize>) {
    if probe.phase == Phase::Case || !missing.iter().any(|operation| uses(contract, probe, *operation)) {
        return;
    }
    let clause = |probe: &Probe, step: usize| probe.expectations.get(step).and_then(|each| each.clause.clone());
    let is_lost = |step: &Step| missing.iter().any(|operation| is_of(contract, step, *operation));
    let steps = probe.script.steps.iter().enumerate().skip(1);
    let lost: BTreeSet<_> = steps.filter(|(_, step)| is_lost(step)).map(|(index, _)| clause(probe, index)).collect();
    let (mut places, mut steps, mut expectations) = (BTreeMap::new(), Vec::new(), Vec::new());
    for (index, step) in probe.script.steps.iter().enumerate() {
        if index > 0 && lost.contains(&clause(probe, index)) {
            continue;
        }
        places.insert(index, steps.len());
        steps.push(step.clone());
        expectations.extend(probe.expectations.get(index).cloned());
    }
    for expectation in &mut expectations {
        expectation.same_as = expectation.same_as.and_then(|step| places.get(&step).copied());
    }
    probe.script.steps = steps;
    probe.expectations = expectations;
}
