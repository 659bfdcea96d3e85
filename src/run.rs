//! Does a whole run, from the first look at a target to the last request of the clean-up, and tells what happens as a stream of events.
//!
//! The order is that of [`run()`]: preflight, stock-taking, the probes, smaller examples, what was lost or left, the ledger. What the events amount to is
//! folded into [`Results`] meanwhile; nothing that was told is edited.

mod finish;
mod overlap;
mod perform;
mod preflight;
mod record;
mod survey;
mod terms;
mod verify_deletion;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Instant;

pub(crate) use perform::{NOTHING_IS_REMOVED, Performed, perform};
pub(crate) use preflight::Look;
pub use preflight::{PreflightError, preflight};
pub use record::{End, Ending, Event, Found, Place, Record};
pub use survey::Survey;
pub(crate) use survey::{call, survey};
pub use terms::{Remains, Required, Terms};

use crate::client::{Availability, Calls, Cleanup, Target};
use crate::contract::Contract;
use crate::exchange::Exchange;
use crate::judge::judge;
use crate::plan::{self, MissingCall, Plan};
use crate::results::{Fold, Question, Results};
use crate::suite::Suite;

/// How a run goes about it.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How many probes are under way at once.
    pub concurrency: usize,
    /// Whether it looks first whether the target answers at all, and does not begin where it does not.
    pub looks_first: bool,
    /// Whether smaller examples of what was found are tried.
    pub shrinks: bool,
    /// What the target must have, and what may stay there.
    pub terms: Terms,
    /// After so many failed probes no other one begins; `None` performs all.
    pub fail_fast: Option<NonZeroUsize>,
}

impl Default for Options {
    fn default() -> Self {
        Self { concurrency: 1, looks_first: true, shrinks: true, terms: Terms::default(), fail_fast: None }
    }
}

/// Holds the target against the contract: performs the probes of the plan, tells every event as it comes, and answers what they amount to.
///
/// # Errors
///
/// Where the target does not answer, sends everybody elsewhere, does not take the token, does not know the call, or lacks what the terms ask for. Then nothing
/// is there that was created, but for what the error names.
pub async fn run(
    suite: &Arc<Suite>,
    plan: &Plan,
    target: &Arc<Target>,
    options: &Options,
    question: Question,
    mut observe: impl FnMut(&Event, &Fold),
) -> Result<Results, PreflightError> {
    let begin = Instant::now();
    let survey = match look(suite, target, options).await {
        Ok(survey) => survey,
        Err(error) => {
            if let Some(ledger) = target.ledger().filter(|_| !error.leaves_something()) {
                // Nothing is there; a file that cannot be removed does no harm.
                let _ = ledger.discard();
            }
            return Err(error);
        }
    };
    let plan = &without_missing(plan, &suite.contract, &survey.calls);
    let first_requests = target.request_count();
    let mut fold = Fold::new(suite, plan, question);
    let mut tell = |event: Event, fold: &mut Fold| {
        observe(&event, fold);
        fold.add(event, |id| target.was_there_before(id));
    };
    let seen = record_of_survey(suite, plan, &survey.fault);
    tell(Event::Surveyed(survey), &mut fold);
    if let Some(record) = seen {
        tell(Event::Performed(record), &mut fold);
    }
    let ending = perform::all(suite, plan, target, options, &mut fold, &mut tell).await;
    if ending == Ending::Complete {
        verify_deletion::verify(&suite.contract, target, &mut fold, &mut tell).await;
    }
    if options.shrinks && ending == Ending::Complete {
        finish::try_again(suite, target, &mut fold, &mut tell).await;
    }
    if options.shrinks && matches!(ending, Ending::Complete | Ending::FailedFast) {
        finish::shrink(suite, target, &mut fold, &mut tell).await;
    }
    finish::reconcile(&suite.contract, plan, target, &mut fold, &mut tell).await;
    let ledger = finish::close_ledger(&suite.contract, target, &mut fold, &mut tell).await;
    let end = End { first_requests, elapsed: begin.elapsed(), ledger, ..End::of(target, ending) };
    tell(Event::Ended(end.clone()), &mut fold);
    Ok(fold.finish(&end))
}

/// The look before the run as one probe more, where it has seen what no other probe may see again.
fn record_of_survey(suite: &Suite, plan: &Plan, exchanges: &[Exchange]) -> Option<Record> {
    let probe = plan::probe_of_survey(suite, exchanges.first()?.request.clone());
    let judgement = judge(&suite.contract, &probe, exchanges);
    let exchanges = exchanges.to_vec();
    let record =
        Record { place: plan.len(), probe: Arc::new(probe), judgement, exchanges, cleanup: Cleanup::default() };
    let says_something = !record.judgement.mismatches.is_empty() || record.judgement.inconclusive.is_some();
    says_something.then_some(record)
}

/// The plan without what needs calls that cannot be used. What must be released before it can be removed is not created where nothing releases it.
fn without_missing(plan: &Plan, contract: &Contract, calls: &Calls) -> Plan {
    if calls.is_complete() {
        return plan.clone();
    }
    let text =
        |operation: usize| format!("{}, which is {}", call(&contract.operations[operation]), calls.of(operation));
    let lifecycle = &contract.creation.lifecycle;
    let mut reduced = plan.clone();
    if let Some((release, _)) = &lifecycle.release
        && !calls.of(*release).is_there()
        && !matches!(calls.of(lifecycle.remove), Availability::Lacking(_) | Availability::Unproven)
    {
        let what = format!("that create what must be released by {}", text(*release));
        reduced = reduced.without(&what, |contract, probe| probe.script.asks_for_delete_protection(contract));
    }
    let missing = calls.missing().map(|(operation, _)| MissingCall { operation, text: text(operation) });
    reduced.without_calls(&missing.collect::<Vec<_>>())
}

async fn look(suite: &Suite, target: &Target, options: &Options) -> Result<Survey, PreflightError> {
    if !options.looks_first {
        let _ = target.take_stock().await;
        return Ok(Survey::default());
    }
    let unknown = preflight(&suite.contract, target).await?;
    survey(&suite.contract, target, &Look { unknown, terms: options.terms }).await
}
