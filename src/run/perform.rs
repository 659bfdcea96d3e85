//! The loop: sends each probe's script, has the answers judged, and removes at once what they created.

use std::sync::Arc;

use serde_json::Value;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinSet;

use super::overlap::Slots;
use super::{Ending, Event, Options, Place, Record};
use crate::client::{Denied, Target, created_id};
use crate::contract::Contract;
use crate::exchange::{Exchange, Request, SendError};
use crate::judge::{judge, judge_removal};
use crate::plan::{self, Plan};
use crate::probe::{Phase, Probe};
use crate::results::Fold;
use crate::suite::Suite;

/// After so many inconclusive probes in a row, the rest would only cost time and requests.
const MOST_INCONCLUSIVE: usize = 8;

/// What became of a probe when it was its turn.
pub(crate) enum Performed {
    /// It was sent and judged.
    Done(Box<Record>),
    /// Nothing could come of it.
    Skipped(&'static str),
    /// It was not allowed.
    Denied(Denied),
}

/// Performs the probes of the plan.
pub(super) async fn all(
    suite: &Arc<Suite>,
    plan: &Plan,
    target: &Arc<Target>,
    options: &Options,
    fold: &mut Fold,
    tell: &mut impl FnMut(Event, &mut Fold),
) -> Ending {
    let mut waiting = plan.iter().map(Arc::new).enumerate().peekable();
    let mut under_way = JoinSet::new();
    let (mut streak, mut failed, mut ending) = (Streak::default(), 0, Ending::Complete);
    // A probe gives its slot back when only a service that forgets late holds it up.
    let slots = Slots::new(options.concurrency);
    loop {
        let next = waiting.peek().map(|(_, probe)| probe.phase).filter(|_| ending == Ending::Complete);
        let slot = async { slots.next(next?).await };
        let joined = tokio::select! {
            biased;
            Some(slot) = slot => {
                match target.halted() {
                    Some(halted) => ending = halted.into(),
                    None => if let Some((place, probe)) = waiting.next() {
                        let (suite, target) = (Arc::clone(suite), Arc::clone(target));
                        under_way.spawn(async move {
                            let (performed, slot) = perform_in(&suite, place, &probe, &target, slot).await;
                            (place, probe, performed, slot)
                        });
                    },
                }
                continue;
            }
            joined = under_way.join_next() => joined,
        };
        let Some(joined) = joined else { break };
        let (place, probe, performed, _slot) =
            joined.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
        match performed {
            Performed::Done(record) => {
                streak.add(&record);
                failed += usize::from(fold.fails(&record));
                if options.fail_fast.is_some_and(|most| failed >= most.get()) && ending == Ending::Complete {
                    ending = Ending::FailedFast;
                }
                // What was cut short within the last probe is cut short, too.
                if let Some(halted) = target.halted().filter(|_| was_cut_short(&record) && ending == Ending::Complete) {
                    ending = halted.into();
                }
                tell(Event::Performed(*record), fold);
                if streak.inconclusive == MOST_INCONCLUSIVE && ending == Ending::Complete {
                    ending = streak.ending(suite, target, fold, tell).await;
                }
            }
            Performed::Skipped(why) => tell(Event::Skipped { place, probe, why }, fold),
            Performed::Denied(Denied::TooLarge(spent)) => {
                tell(Event::Unsent { place, probe, beyond: Some(spent) }, fold);
            }
            Performed::Denied(why) => {
                if ending == Ending::Complete {
                    ending = why.into();
                }
                tell(Event::Unsent { place, probe, beyond: None }, fold);
            }
        }
    }
    // The others are counted; the first of them stands for all.
    if let Some((place, probe)) = waiting.next() {
        tell(Event::Unsent { place, probe, beyond: None }, fold);
    }
    ending
}

/// Whether the end of the run kept a request of this probe back.
fn was_cut_short(record: &Record) -> bool {
    matches!(record.exchanges.last(), Some(Exchange { outcome: Err(SendError::Halted), .. }))
}

/// How many probes in a row were inconclusive, and how many of them for a reason that may be a fault.
#[derive(Default)]
struct Streak {
    inconclusive: usize,
    held_back: usize,
}

impl Streak {
    fn add(&mut self, record: &Record) {
        if !record.is_inconclusive() {
            *self = Self::default();
            return;
        }
        self.inconclusive += 1;
        self.held_back += usize::from(record.judgement.held_back.is_some());
    }

    /// How the run ends with so many in a row; it goes on where another request is taken.
    async fn ending(
        &mut self,
        suite: &Suite,
        target: &Target,
        fold: &mut Fold,
        tell: &mut impl FnMut(Event, &mut Fold),
    ) -> Ending {
        let Some(record) = self.explained(suite, target).await else { return Ending::TargetLost };
        let ending = if record.is_inconclusive() { Ending::TargetLost } else { Ending::Complete };
        tell(Event::Shrunk(record), fold);
        ending
    }

    /// A request that gives no more than it must, where all may have been refused for what they share: the target that takes it is not lost. The count
    /// begins anew.
    async fn explained(&mut self, suite: &Suite, target: &Target) -> Option<Record> {
        let Self { inconclusive, held_back } = std::mem::take(self);
        if held_back < inconclusive {
            return None;
        }
        let request = plan::plain_request(&suite.contract);
        let probe = plan::probe(&suite.contract, Phase::Boundary, "plain".to_owned(), None, request);
        match perform(suite, 0, &Arc::new(probe), target).await {
            Performed::Done(record) => Some(*record),
            Performed::Skipped(_) | Performed::Denied(_) => None,
        }
    }
}

/// Performs one probe in a slot, and hands on the slot unless it was given back early.
async fn perform_in(
    suite: &Suite,
    place: Place,
    probe: &Arc<Probe>,
    target: &Target,
    slot: OwnedSemaphorePermit,
) -> (Performed, Option<OwnedSemaphorePermit>) {
    let mut slot = Some(slot);
    let performed = perform_with(suite, place, probe, target, || drop(slot.take())).await;
    (performed, slot)
}

/// Performs one probe: sends it, judges it, and removes what it created.
pub(crate) async fn perform(suite: &Suite, place: Place, probe: &Arc<Probe>, target: &Target) -> Performed {
    perform_with(suite, place, probe, target, || {}).await
}

/// The same; calls `yielding` where all that is left is to wait.
async fn perform_with(
    suite: &Suite,
    place: Place,
    probe: &Arc<Probe>,
    target: &Target,
    yielding: impl FnOnce(),
) -> Performed {
    if let Some(why) = reason_to_skip(suite, probe, target) {
        return Performed::Skipped(why);
    }
    let _admission = match target.admit(&probe.script).await {
        Ok(admission) => admission,
        Err(why) => return Performed::Denied(why),
    };
    // What was found out while it waited for its turn counts, too.
    if let Some(why) = reason_to_skip(suite, probe, target) {
        return Performed::Skipped(why);
    }
    let mut exchanges = target.perform(&probe.script).await;
    let mut judgement = judge(&suite.contract, probe, &exchanges);
    let cleanup = target.clean_and(&exchanges, yielding).await;
    for removal in &cleanup.odd_removals {
        judge_removal(&suite.contract, &mut judgement, removal, exchanges.len());
        exchanges.push(removal.clone());
    }
    reduce(&suite.contract, probe, &mut exchanges);
    Performed::Done(Box::new(Record { place, probe: Arc::clone(probe), judgement, exchanges, cleanup }))
}

/// Cuts the answers to what the report, and the end of the run, ask of them.
fn reduce(contract: &Contract, probe: &Probe, exchanges: &mut [Exchange]) {
    for (step, exchange) in exchanges.iter_mut().enumerate() {
        let id = created_id(contract, exchange).map(|id| (contract.creation.lifecycle.id.as_str(), Value::from(id)));
        let captures = probe.script.steps.get(step).map(|step| step.captures.as_slice()).unwrap_or_default();
        let held = contract.protected_states();
        let held: Vec<_> = held.iter().map(|(name, _)| format!("/{name}")).collect();
        let pointers: Vec<_> =
            held.iter().map(String::as_str).chain(captures.iter().map(|(_, pointer)| pointer.as_str())).collect();
        if let Ok(response) = &mut exchange.outcome {
            response.reduce(&pointers, id);
        }
    }
}

/// Why nothing more is created where so much was removed in vain.
pub(crate) const NOTHING_IS_REMOVED: &str = "it may create something, and what was created before could not be removed";

/// Why a probe is not sent, if so.
fn reason_to_skip(suite: &Suite, probe: &Probe, target: &Target) -> Option<&'static str> {
    let (contract, steps) = (&suite.contract, &probe.script.steps);
    let needs_token = steps.iter().any(|step| step.request.credential.needs_token());
    if needs_token && !target.has_token() {
        return Some("it needs a token");
    }
    let mut creations = steps.iter().map(|step| &step.request).filter(|request| request.may_create(contract));
    if target.removes_nothing() && creations.clone().next().is_some() {
        return Some(NOTHING_IS_REMOVED);
    }
    if target.protection_cannot_be_lifted() && probe.script.asks_for_delete_protection(contract) {
        return Some("it creates what must be released before it can be removed, and that was refused before");
    }
    let is_meant_to_create = probe.violation.is_none();
    let is_unmarked = |request: &Request| request.mark(contract, plan::RUN).is_none();
    if !is_meant_to_create || target.keeps_everything() || !creations.any(is_unmarked) {
        return None;
    }
    if !target.can_prove_without_mark() {
        return Some("without a list nothing would prove that what it creates is this run's");
    }
    target
        .finds_by_mark_alone()
        .then_some("it creates something without a mark, and what was created before was found by its mark alone")
}
