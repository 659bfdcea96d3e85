//! What happens after the last probe: examples become smaller, stock is taken, and the ledger is closed.

use std::collections::HashSet;
use std::sync::Arc;

use super::{Event, Found};
use crate::client::{Appeared, Target};
use crate::contract::Contract;
use crate::ledger;
use crate::plan::{self, Plan};
use crate::probe::whole_id;
use crate::results::{Finding, Fold};
use crate::shrink;
use crate::suite::Suite;
use crate::sweep::{SweepReport, sweep};

/// So often smaller examples are tried of what smaller examples have told apart.
const ROUNDS: usize = 3;

/// So many refusals that were held back are tried again in a round.
const MOST_HELD_BACK: usize = 3;

/// Tries again what was refused for a reason that may excuse it, and tells each attempt.
pub(super) async fn try_again(
    suite: &Suite,
    target: &Target,
    fold: &mut Fold,
    tell: &mut impl FnMut(Event, &mut Fold),
) {
    let mut tried = HashSet::new();
    for round in 0..ROUNDS {
        let mut findings = fold.held_back();
        findings.retain(|finding| !tried.contains(&finding.probe.id));
        findings.truncate(MOST_HELD_BACK);
        tried.extend(findings.iter().map(|finding| finding.probe.id.clone()));
        for (index, finding) in findings.into_iter().enumerate() {
            let is_first = round + index == 0;
            for record in shrink::try_again(suite, target, fold.seed(), &finding, is_first).await {
                tell(Event::Shrunk(record), fold);
            }
        }
    }
}

/// Tries smaller examples of what was found, and tells each. What they explain no longer hides what else there is.
pub(super) async fn shrink(suite: &Suite, target: &Target, fold: &mut Fold, tell: &mut impl FnMut(Event, &mut Fold)) {
    let mut tried = HashSet::new();
    for round in 0..ROUNDS {
        let mut findings = fold.findings();
        let own = |finding: &Finding| whole_id(&finding.probe.id).to_owned();
        findings.retain(|finding| round == 0 || (finding.is_refusal_of_valid && !tried.contains(&own(finding))));
        tried.extend(findings.iter().map(own));
        for finding in findings {
            for record in shrink::shrink(suite, target, fold.seed(), &finding).await {
                tell(Event::Shrunk(record), fold);
            }
        }
    }
}

/// Waits until nothing can be created any more by requests whose answer was lost, and tells what is there and was not before.
pub(super) async fn reconcile(
    contract: &Contract,
    plan: &Plan,
    target: &Target,
    fold: &mut Fold,
    tell: &mut impl FnMut(Event, &mut Fold),
) {
    target.settle().await;
    let stock = target.take_last_stock().await;
    tell(Event::Stock(stock.map(|appeared| with_origins(contract, plan, target.run_id(), appeared))), fold);
    let listed = target.listed_for_good().await;
    if !listed.is_empty() {
        tell(Event::Listed(listed), fold);
    }
}

/// What appeared, each with the probe whose request carried its mark.
fn with_origins(contract: &Contract, plan: &Plan, run: &str, appeared: Vec<Appeared>) -> Vec<Found> {
    let mut found: Vec<_> = appeared.into_iter().map(|appeared| Found { appeared, origin: None }).collect();
    let planned = |found: &Found| found.appeared.mark.as_ref().map(|mark| mark.replace(run, plan::RUN));
    let mut missing: Vec<_> =
        found.iter().enumerate().filter_map(|(index, each)| Some((index, planned(each)?))).collect();
    for (place, probe) in plan.iter().enumerate() {
        if missing.is_empty() {
            break;
        }
        let marks: Vec<_> =
            probe.script.steps.iter().filter_map(|step| step.request.mark(contract, plan::RUN)).collect();
        let probe = Arc::new(probe);
        missing.retain(|(index, mark)| {
            let is_of_it = marks.contains(mark);
            if is_of_it {
                found[*index].origin = Some((place, Arc::clone(&probe)));
            }
            !is_of_it
        });
    }
    found
}

/// Removes what the ledger still knows of, and the ledger where nothing is left that it is needed for; its path where something is.
pub(super) async fn close_ledger(
    contract: &Contract,
    target: &Target,
    fold: &mut Fold,
    tell: &mut impl FnMut(Event, &mut Fold),
) -> Option<String> {
    let ledger = target.ledger()?;
    if target.keeps_everything() {
        // No sweep could remove anything. On this machine what stays is a matter of the server under test; elsewhere somebody may have to know of it.
        let is_needed = !target.endpoint().is_loopback() || fold.leaves_something(target.run_id());
        let is_discarded = !is_needed && ledger.discard().is_ok();
        return (!is_discarded).then(|| ledger.path().display().to_string());
    }
    let swept = match ledger::read(ledger.path()) {
        Ok(read) if read.state.is_settled() => Some(SweepReport::default()),
        Ok(read) => Some(sweep(contract, target, ledger, &read.state, false).await),
        Err(_) => None,
    };
    let is_clean = swept.as_ref().is_some_and(SweepReport::is_clean);
    let swept = swept.unwrap_or_default();
    tell(Event::Removed([swept.removed, swept.gone].concat()), fold);
    let is_done = is_clean && !fold.leaves_something(target.run_id());
    let is_discarded = is_done && ledger.discard().is_ok();
    (!is_discarded).then(|| ledger.path().display().to_string())
}
