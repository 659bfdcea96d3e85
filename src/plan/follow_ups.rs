//! Lets a generated probe go on with what its request creates, so that a promise of the prose is not only seen on the few images of its own cases.

use serde_json::Value;

use crate::contract::{Contract, Form, same};
use crate::exchange::Request;
use crate::judge::{Body, Kind, classify};
use crate::probe::{Expectation, FollowUp, Phase, Probe, SURVEY, Step};
use crate::suite::Suite;

/// Adds to a generated probe the steps of each of these follow-ups that goes with it. What the documentation leaves open may be refused; where it is accepted,
/// what was created is read, and nothing else is promised of it.
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
    let kind = classify(contract, &creation.request, &body).kind;
    let goes_with = |follow_up: &FollowUp| match kind {
        Kind::Valid => true,
        // An answer that holds what was sent is read to its end only where that was sent to the same call.
        Kind::Unspecified => is_one_read(contract, follow_up) && !body.forms.contains(&Form::HugeBody),
        Kind::Invalid | Kind::Unauthorized => false,
    };
    let gives = |(name, wanted): &(String, Value)| {
        body.value.as_ref().and_then(|body| body.get(name)).is_some_and(|given| same(given, wanted))
    };
    for follow_up in follow_ups {
        if follow_up.phases.contains(&probe.phase) && goes_with(follow_up) && follow_up.when.iter().all(gives) {
            append(contract, probe, follow_up);
        }
    }
}

/// The look before a run as a probe: a creation, and a read of what it created where a follow-up of the contract consists of that.
pub(crate) fn probe_of_survey(suite: &Suite, request: Request) -> Probe {
    let contract = &suite.contract;
    let read = suite.follow_ups.iter().find(|follow_up| is_one_read(contract, follow_up));
    let phase = read.and_then(|follow_up| follow_up.phases.first().copied()).unwrap_or(Phase::Boundary);
    let mut probe = super::probe(contract, phase, SURVEY.to_owned(), None, request);
    if let Some(follow_up) = read {
        let title = "the first thing of a run is created, and can be read".to_owned();
        probe = Probe { title, clauses: vec![follow_up.clause.clone()], ..probe };
        append(contract, &mut probe, follow_up);
    }
    probe
}

/// Whether a follow-up, whatever was sent, consists of a read of what was created.
fn is_one_read(contract: &Contract, follow_up: &FollowUp) -> bool {
    let is_read = |(step, _): &(Step, Expectation)| {
        let operation = contract.operation(&step.request.method, &step.request.path);
        operation.is_some_and(|(index, _)| index == contract.creation.lifecycle.read)
    };
    follow_up.when.is_empty() && follow_up.steps.len() == 1 && follow_up.steps.iter().all(is_read)
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
