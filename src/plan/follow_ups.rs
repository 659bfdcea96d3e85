//! Lets a generated probe go on with what its request creates, so that a promise of the prose is not only seen on the few images of its own cases.

use serde_json::Value;

use crate::contract::{Contract, same};
use crate::exchange::Request;
use crate::judge::{Body, Kind, classify};
use crate::probe::{Expectation, FollowUp, Phase, Probe, Step};
use crate::suite::Suite;

/// Adds to a generated probe the steps of each of these follow-ups that goes with it. Only a valid request has any: an open one may be refused, and what an
/// accepted one promises is open too.
pub(crate) fn add_follow_ups<'a>(
    contract: &Contract,
    probe: &mut Probe,
    follow_ups: impl Iterator<Item = &'a FollowUp>,
) {
    let [creation] = probe.script.steps.as_slice() else { return };
    if probe.phase == Phase::Case {
        return;
    }
    let body = Body::read(&creation.request);
    if classify(contract, &creation.request, &body).kind != Kind::Valid {
        return;
    }
    let gives = |(name, wanted): &(String, Value)| {
        body.value.as_ref().and_then(|body| body.get(name)).is_some_and(|given| same(given, wanted))
    };
    for follow_up in follow_ups {
        if follow_up.phases.contains(&probe.phase) && follow_up.when.iter().all(gives) {
            append(contract, probe, follow_up);
        }
    }
}

/// A probe of a creation and a read of what it created, about a follow-up that consists of that read; `None` where no promise of the contract does.
pub(crate) fn probe_of_read(suite: &Suite, request: Request) -> Option<Probe> {
    let contract = &suite.contract;
    let is_read = |(step, _): &(Step, Expectation)| {
        let operation = contract.operation(&step.request.method, &step.request.path);
        operation.is_some_and(|(index, _)| index == contract.creation.lifecycle.read)
    };
    let of_read = |each: &&FollowUp| each.when.is_empty() && each.steps.len() == 1 && each.steps.iter().all(is_read);
    let follow_up = suite.follow_ups.iter().find(of_read)?;
    let phase = *follow_up.phases.first()?;
    let probe = super::probe(contract, phase, "read_back".to_owned(), None, request);
    let (title, clauses) = ("what was created can be read".to_owned(), vec![follow_up.clause.clone()]);
    let mut probe = Probe { title, clauses, ..probe };
    append(contract, &mut probe, follow_up);
    Some(probe)
}

fn append(contract: &Contract, probe: &mut Probe, follow_up: &FollowUp) {
    let lifecycle = &contract.creation.lifecycle;
    let before = probe.script.steps.len();
    if before == 1 {
        probe.script.steps[0].captures.push((lifecycle.parameter.clone(), lifecycle.id.clone()));
        probe.expectations.push(Expectation::default());
    }
    for (step, expectation) in &follow_up.steps {
        let mut expectation = expectation.clone();
        // The creation is the first step of every follow-up; the others move behind those of earlier follow-ups.
        expectation.same_as = expectation.same_as.map(|step| if step == 0 { 0 } else { step + before - 1 });
        probe.script.steps.push(step.clone());
        probe.expectations.push(expectation);
    }
}
