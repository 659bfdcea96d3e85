//! What is known only when a run is over: what turned up of requests that were refused, and what became of those whose answer was lost.

use std::collections::HashSet;

use serde_json::Value;

use super::{Outcome, Run, Verdict};
use crate::client::{Appeared, Leftover, Target, is_lost_creation, is_unnamed_creation};
use crate::contract::{Contract, Misbehaviour};
use crate::exchange::{Exchange, Response};
use crate::judge::{Body, Drift, Mismatch, classify};
use crate::plan;
use crate::untrusted::Untrusted;

/// Adds to the outcomes what has appeared since the run began: an image with the mark of a request that was refused accuses the target. Answers whose loss
/// left open what they did are settled where a mark tells it.
pub fn reconcile(contract: &Contract, target: &Target, run: &mut Run, shrunk: &mut [Outcome], appeared: &[Appeared]) {
    let given_out: HashSet<String> = run.outcomes.iter().chain(&*shrunk).flat_map(Outcome::left_ids).collect();
    // Where all that appeared has a mark, no request without one has created anything.
    let is_all_explained = appeared.iter().all(|found| found.mark.is_some() || given_out.contains(&found.id));
    let mut unasked: Vec<_> =
        appeared.iter().filter(|found| found.mark.is_some() && !given_out.contains(&found.id)).collect();
    for outcome in run.outcomes.iter_mut().chain(shrunk.iter_mut()) {
        let marks: Vec<_> = outcome.exchanges.iter().map(|exchange| mark_of(contract, target, exchange)).collect();
        for (step, mark) in marks.iter().enumerate() {
            let Some(mark) = mark else {
                if is_all_explained && outcome.exchanges[step].request.may_create(contract) {
                    reconcile_lost(contract, outcome, step, None);
                    reconcile_unnamed(contract, outcome, step, None);
                }
                continue;
            };
            let is_of_it = |found: &&Appeared| found.mark.as_ref() == Some(mark) && !given_out.contains(&found.id);
            let found = appeared.iter().find(is_of_it);
            if found.is_some_and(|_| !is_told(contract, &outcome.exchanges[step])) {
                unasked.retain(|each| Some(*each) != found);
            }
            reconcile_lost(contract, outcome, step, found);
            reconcile_unnamed(contract, outcome, step, found);
            if let Some(found) = found.filter(|_| is_refused(contract, &outcome.exchanges[step])) {
                accuse(contract, outcome, step, found);
            }
        }
    }
    for found in unasked {
        count_unasked(contract, target, run, shrunk, found);
    }
}

/// Counts what holds the mark of a request whose answer told of something else. That is no accusation: the page does not say that one call creates no more,
/// and a request that a gateway lost may have been sent twice.
fn count_unasked(contract: &Contract, target: &Target, run: &mut Run, shrunk: &mut [Outcome], found: &Appeared) {
    let is_of = |outcome: &&mut Outcome| {
        let marks = outcome.probe.script.steps.iter().filter_map(|step| step.request.mark(contract, plan::RUN));
        marks.map(|mark| mark.replace(plan::RUN, target.run_id())).any(|mark| found.mark.as_ref() == Some(&mark))
    };
    let Some(outcome) = run.outcomes.iter_mut().chain(shrunk).find(is_of) else { return };
    outcome.cleanup.created += 1;
    if found.is_removed {
        outcome.cleanup.removed += 1;
    } else {
        outcome.cleanup.leftovers.push(Leftover::Id(found.id.as_str().into()));
    }
    let text = "something was created beside what the answer told of".into();
    outcome.judgement.drift.push(Drift { pointer: Untrusted::default(), text });
}

/// Whether an answer tells which thing it created.
fn is_told(contract: &Contract, exchange: &Exchange) -> bool {
    exchange.response().is_some_and(Response::is_success) && !is_unnamed_creation(contract, exchange)
}

/// Takes back that these ids are left: what the clean-up of a probe could not remove, the end of the run has removed.
pub fn drop_removed(run: &mut Run, shrunk: &mut [Outcome], removed: &[String]) {
    for outcome in run.outcomes.iter_mut().chain(shrunk) {
        let cleanup = &mut outcome.cleanup;
        let before = cleanup.leftovers.len();
        cleanup
            .leftovers
            .retain(|left| !matches!(left, Leftover::Id(id) if removed.iter().any(|gone| id == gone.as_str())));
        cleanup.removed += before - cleanup.leftovers.len();
    }
}

fn mark_of(contract: &Contract, target: &Target, exchange: &Exchange) -> Option<String> {
    exchange.request.mark(contract, target.run_id()).filter(|_| exchange.request.may_create(contract))
}

/// Whether the answer says that the request was refused. One that says nothing about the request is no refusal.
fn is_refused(contract: &Contract, exchange: &Exchange) -> bool {
    let says_nothing = |status| contract.creation.inconclusive.says_nothing(status);
    exchange.response().is_some_and(|response| !response.is_success() && !says_nothing(response.status))
}

/// What a request with a mark did is known once it is known what is there.
fn reconcile_lost(contract: &Contract, outcome: &mut Outcome, step: usize, found: Option<&Appeared>) {
    if !is_lost_creation(contract, &outcome.exchanges[step]) {
        return;
    }
    let unknown = outcome.cleanup.leftovers.iter().position(|leftover| *leftover == Leftover::Unknown);
    let Some(index) = unknown else { return };
    outcome.cleanup.leftovers.remove(index);
    if let Some(found) = found {
        outcome.cleanup.created += 1;
        if found.is_removed {
            outcome.cleanup.removed += 1;
        } else {
            outcome.cleanup.leftovers.push(Leftover::Id(found.id.as_str().into()));
        }
    }
}

/// What the target created without giving an id is told by the list, where it carried a mark.
fn reconcile_unnamed(contract: &Contract, outcome: &mut Outcome, step: usize, found: Option<&Appeared>) {
    if !is_unnamed_creation(contract, &outcome.exchanges[step]) {
        return;
    }
    let unnamed = outcome.cleanup.leftovers.iter().position(|leftover| *leftover == Leftover::Unnamed);
    let Some(index) = unnamed else { return };
    outcome.cleanup.leftovers.remove(index);
    match found {
        Some(found) if !found.is_removed => outcome.cleanup.leftovers.push(Leftover::Id(found.id.as_str().into())),
        // Where the list shows nothing of it, nothing is there.
        Some(_) | None => outcome.cleanup.removed += 1,
    }
}

/// A refusal after which the thing is there breaks the promise that a refusal creates nothing, if the contract makes it.
fn accuse(contract: &Contract, outcome: &mut Outcome, step: usize, found: &Appeared) {
    let is_about_it = |(_, misbehaviour): &(String, Misbehaviour)| *misbehaviour == Misbehaviour::CreatesWhatItRefuses;
    let Some(behaviour) =
        contract.creation.behaviours.iter().find(|behaviour| behaviour.defects.iter().any(is_about_it))
    else {
        return;
    };
    let exchange = &outcome.exchanges[step];
    let status = exchange.response().map_or(0, |response| response.status);
    // What must be refused is one matter, whatever it breaks; each thing that is left open is another.
    let body = Body::read(&exchange.request);
    let open = classify(contract, &exchange.request, &body).open;
    let mismatch = Mismatch {
        clause: format!("behaviour.{}", behaviour.id),
        cause: open.first().map_or_else(String::new, |open| open.title.to_owned()),
        pointer: Untrusted::default(),
        expected: format!("nothing, after the request was refused with {status}").into(),
        got: format!("something with its mark, id {}", Value::from(found.id.as_str())).into(),
        step,
        origin: None,
    };
    outcome.judgement.assessed.insert(mismatch.clause.clone());
    outcome.judgement.mismatches.push(mismatch);
    outcome.verdict = Verdict::Fail;
    outcome.cleanup.created += 1;
    outcome.cleanup.removed += usize::from(found.is_removed);
}
