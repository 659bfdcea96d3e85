//! What is known only when a run is over: what turned up of requests that were refused, and what became of those whose answer was lost.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use serde_json::Value;

use super::{Outcome, Verdict};
use crate::client::{Appeared, Cleanup, Leftover, is_lost_creation, is_unnamed_creation};
use crate::contract::{ClauseId, Contract, Misbehaviour};
use crate::exchange::{Exchange, Response};
use crate::judge::{Body, Drift, Mismatch, classify};
use crate::run::{Found, Place, Record};
use crate::untrusted::Untrusted;

/// A single request that was refused: all that its probe may still be shown to have done.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refusal {
    place: u32,
    status: u16,
    /// What its probe was counted as.
    pub(super) counted: Verdict,
}

impl Refusal {
    /// The refusal in this record, if there is one; the record is counted as this.
    pub(super) fn of(contract: &Contract, record: &Record, counted: Verdict) -> Option<Self> {
        let refused = record
            .exchanges
            .iter()
            .find(|exchange| exchange.request.may_create(contract) && is_refused(contract, exchange))?;
        let status = refused.response().map_or(0, |response| response.status);
        Some(Self { place: u32::try_from(record.place).ok()?, status, counted })
    }

    pub(super) fn place(self) -> Place {
        self.place as Place
    }
}

/// What a refused request has created all the same of which no more was kept than that it was refused; `None` where the contract does not promise that it
/// creates nothing.
pub(super) fn refused(contract: &Contract, refusal: Refusal, found: &Found, run: &str) -> Option<Outcome> {
    let (place, probe) = found.origin.as_ref()?;
    let step = probe.script.steps.first()?;
    let request = step.request.filled(&[("run".to_owned(), run.to_owned())]);
    let response = Response {
        status: refusal.status,
        headers: Vec::new(),
        body: Vec::new(),
        at: time::OffsetDateTime::UNIX_EPOCH,
        took: Duration::ZERO,
    };
    let mut outcome = Outcome::bare(*place, probe);
    outcome.exchanges.push(Exchange { request, outcome: Ok(response) });
    accuse(contract, &mut outcome, 0, &found.appeared).then_some(outcome)
}

/// What was deleted and is found long after breaks the promise that what was deleted is gone.
pub(super) fn undeleted(
    contract: &Contract,
    outcome: &mut Outcome,
    deletion: &Exchange,
    read: &Exchange,
    after: Duration,
) {
    let Some(behaviour) = contract.creation.behaviours.iter().find(|each| each.is_shown_by_removal) else { return };
    let status = |exchange: &Exchange| exchange.response().map_or(0, |response| response.status);
    let (wanted, came) = if deletion.response().is_some_and(Response::is_success) {
        (format!("404 some time after a deletion that was answered {}", status(deletion)), String::new())
    } else {
        let documented = &contract.operations[contract.creation.lifecycle.remove].answers;
        let success = documented.keys().filter(|status| (200..300).contains(*status)).map(u16::to_string);
        let success = success.collect::<Vec<_>>().join(" or ");
        (
            format!("{success} for a removal, and nothing afterwards"),
            format!("{} for the removal; it is found with ", status(deletion)),
        )
    };
    let mismatch = Mismatch {
        clause: ClauseId::behaviour(&behaviour.id),
        cause: String::new(),
        pointer: Untrusted::default(),
        expected: wanted.into(),
        got: format!("{came}{}, even {} seconds later", status(read), after.as_secs()).into(),
        step: outcome.exchanges.len() + 1,
        origin: None,
    };
    outcome.exchanges.extend([deletion.clone(), read.clone()]);
    outcome.judgement.mismatches.push(mismatch);
}

/// Adds to the outcomes what has appeared since the run began: an image with the mark of a request that was refused accuses the target. Answers whose loss
/// left open what they did are reconciled where a mark tells it. Answers what holds a mark and belongs to none of these.
pub(super) fn reconcile<'a>(
    contract: &Contract,
    run: &str,
    outcomes: &mut [Outcome],
    shrunk: &mut [Outcome],
    stock: &'a [Found],
) -> Vec<&'a Found> {
    let given_out: HashSet<String> =
        outcomes.iter().chain(&*shrunk).flat_map(|outcome| outcome.cleanup.left_ids().map(str::to_owned)).collect();
    let appeared: Vec<&Appeared> = stock.iter().map(|found| &found.appeared).collect();
    // Where all that appeared has a mark, no request without one has created anything.
    let is_all_explained = appeared.iter().all(|found| found.mark.is_some() || given_out.contains(&found.id));
    let is_strange = |found: &&Found| found.appeared.mark.is_some() && !given_out.contains(&found.appeared.id);
    let mut unasked: Vec<&'a Found> = stock.iter().filter(is_strange).collect();
    for outcome in outcomes.iter_mut().chain(shrunk.iter_mut()) {
        let marks: Vec<_> = outcome.exchanges.iter().map(|exchange| mark_of(contract, run, exchange)).collect();
        for (step, mark) in marks.iter().enumerate() {
            let Some(mark) = mark else {
                if is_all_explained && outcome.exchanges[step].request.may_create(contract) {
                    reconcile_lost(contract, outcome, step, None);
                    reconcile_unnamed(contract, outcome, step, None);
                }
                continue;
            };
            let is_of_it = |found: &&&Appeared| found.mark.as_ref() == Some(mark) && !given_out.contains(&found.id);
            let found = appeared.iter().find(is_of_it).copied();
            if found.is_some_and(|_| !is_told(contract, &outcome.exchanges[step])) {
                unasked.retain(|each| Some(&each.appeared) != found);
            }
            reconcile_lost(contract, outcome, step, found);
            reconcile_unnamed(contract, outcome, step, found);
            // One request of several with the same mark may have created it: a refused one is accused only where no other was taken or lost.
            let is_of_another = |other: usize| {
                other != step && marks[other].as_ref() == Some(mark) && !is_refused(contract, &outcome.exchanges[other])
            };
            let is_its_own = is_refused(contract, &outcome.exchanges[step]) && !(0..marks.len()).any(is_of_another);
            if let Some(found) = found.filter(|_| is_its_own) {
                accuse(contract, outcome, step, found);
            }
        }
    }
    unasked
}

/// Counts what holds the mark of a request whose answer told of something else. That is no accusation: the page does not say that one call creates no more,
/// and a request that a gateway lost may have been sent twice.
pub(super) fn count_unasked(outcome: &mut Outcome, found: &Appeared) {
    outcome.cleanup.created += 1;
    if found.is_removed {
        outcome.cleanup.removed += 1;
    } else {
        outcome.cleanup.leftovers.push(Leftover::Id(found.id.as_str().into()));
    }
    outcome.judgement.drift.push(unasked_drift());
}

/// What is said where more was created than was asked for.
pub(super) fn unasked_drift() -> Drift {
    Drift { pointer: Untrusted::default(), text: "something was created beside what the answer told of".into() }
}

/// Whether an answer tells which thing it created.
fn is_told(contract: &Contract, exchange: &Exchange) -> bool {
    exchange.response().is_some_and(Response::is_success) && !is_unnamed_creation(contract, exchange)
}

/// Takes back that these ids are left: what the clean-up of a probe could not remove, the end of the run has removed.
pub(super) fn drop_removed(outcome: &mut Outcome, removed: &BTreeSet<&String>) {
    drop_gone(&mut outcome.cleanup, removed);
}

/// The same, of what became of anything.
pub(super) fn drop_gone(cleanup: &mut Cleanup, removed: &BTreeSet<&String>) {
    let before = cleanup.leftovers.len();
    let is_gone = |left: &Leftover| matches!(left, Leftover::Id(id) if removed.iter().any(|gone| id == gone.as_str()));
    cleanup.leftovers.retain(|left| !is_gone(left));
    cleanup.removed += before - cleanup.leftovers.len();
}

/// What is left, with the probe that created it; what appeared and is known from a probe is told once.
pub(super) fn leftovers<'a>(
    outcomes: impl Iterator<Item = &'a Outcome>,
    stock: impl Iterator<Item = &'a Found>,
    gone: &BTreeSet<String>,
) -> Vec<(String, Leftover)> {
    let of_probe =
        |outcome: &'a Outcome| outcome.cleanup.leftovers.iter().map(|left| (outcome.probe.id.clone(), left.clone()));
    let mut left: Vec<(String, Leftover)> = Vec::new();
    let mut told = HashSet::new();
    for (probe, leftover) in outcomes.flat_map(of_probe) {
        let id = match &leftover {
            Leftover::Id(id)
            | Leftover::Listed(id)
            | Leftover::Guessed(id)
            | Leftover::Appeared(id)
            | Leftover::Foreign(id)
            | Leftover::ShownOtherwise(id)
            | Leftover::GivenTwice(id) => id.raw(),
            Leftover::Unnamed | Leftover::Unknown => "",
        };
        // One thing is one thing, however many answers told of it.
        if id.is_empty() || told.insert(id.to_owned()) {
            left.push((probe, leftover));
        }
    }
    let there = stock.map(|found| &found.appeared);
    for found in there.filter(|found| !found.is_removed && !gone.contains(&found.id)) {
        let id = || Untrusted::from(found.id.as_str());
        if left.iter().any(|(_, known)| *known == Leftover::Id(id())) {
            continue;
        }
        if found.mark.is_some() {
            left.push((String::new(), Leftover::Id(id())));
        } else if let Some((_, unnamed)) = left.iter_mut().find(|(_, known)| *known == Leftover::Unnamed) {
            // What was created without an id and what appeared are one thing, as far as anybody can tell.
            *unnamed = Leftover::Guessed(id());
        } else {
            left.push((String::new(), Leftover::Appeared(id())));
        }
    }
    left
}

fn mark_of(contract: &Contract, run: &str, exchange: &Exchange) -> Option<String> {
    exchange.request.mark(contract, run).filter(|_| exchange.request.may_create(contract))
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

/// A refusal after which the thing is there breaks the promise that a refusal creates nothing; false where the contract does not make it.
fn accuse(contract: &Contract, outcome: &mut Outcome, step: usize, found: &Appeared) -> bool {
    let is_about_it = |(_, misbehaviour): &(String, Misbehaviour)| *misbehaviour == Misbehaviour::CreatesWhatItRefuses;
    let Some(behaviour) =
        contract.creation.behaviours.iter().find(|behaviour| behaviour.defects.iter().any(is_about_it))
    else {
        return false;
    };
    let exchange = &outcome.exchanges[step];
    let status = exchange.response().map_or(0, |response| response.status);
    // What must be refused is one matter, whatever it breaks; each thing that is left open is another.
    let body = Body::read(&exchange.request);
    let open = classify(contract, &exchange.request, &body).open;
    let mismatch = Mismatch {
        clause: ClauseId::behaviour(&behaviour.id),
        cause: open.first().map_or_else(String::new, |open| open.title.to_owned()),
        pointer: Untrusted::default(),
        expected: format!("nothing, after the request was refused with {status}").into(),
        got: format!("something with its mark, id {}", Value::from(found.id.as_str())).into(),
        step,
        origin: None,
    };
    outcome.judgement.assessed.insert(mismatch.clause.clone());
    outcome.judgement.mismatches.push(mismatch);
    outcome.cleanup.created += 1;
    outcome.cleanup.removed += usize::from(found.is_removed);
    true
}
