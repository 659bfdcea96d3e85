//! Holds what the clean-up could not remove against the promise that what was deleted is gone.
//!
//! A service may delete some time after it said so. It is accused only where a deletion is answered with success, or refused although nothing in the state
//! of the resource says that it may be, and every read, until long after the last attempt, still finds the resource; whatever else comes leaves it a leftover
//! and no more.

use std::time::Duration;

use super::{Event, Place};
use crate::client::{Target, request_to};
use crate::contract::Contract;
use crate::exchange::{Exchange, Response, id_text};
use crate::results::{Fold, Left};

/// The pauses before the reads; together the time that a deletion may take.
const PAUSES: [u64; 5] = [1, 2, 4, 8, 15];

/// So many leftovers are looked at; more would only show the same again.
const MOST: usize = 3;

/// A leftover whose deletion was answered with success, or refused for no reason that the contract gives.
struct Suspect {
    /// The place of the probe that created it.
    place: Place,
    id: String,
    deletion: Exchange,
}

/// Looks again for what probes have left, and tells of each whose deletion is answered with success and that is found for ever.
pub(super) async fn verify(
    contract: &Contract,
    target: &Target,
    fold: &mut Fold,
    tell: &mut impl FnMut(Event, &mut Fold),
) {
    if !contract.creation.behaviours.iter().any(|each| each.is_shown_by_removal) {
        return;
    }
    let mut suspects = suspects(contract, target, fold).await;
    for (index, seconds) in PAUSES.into_iter().enumerate() {
        if suspects.is_empty() {
            return;
        }
        // Where the run is to end, nobody is accused of what would have needed more time.
        if !target.pause(Duration::from_secs(seconds)).await {
            return;
        }
        for suspect in std::mem::take(&mut suspects) {
            let lookup = &contract.operations[contract.creation.lifecycle.read];
            let is_last = index + 1 == PAUSES.len();
            if is_last
                && is_missing(&suspect.deletion)
                && !is_missing(&target.send(suspect.deletion.request.clone()).await)
            {
                continue; // it was found late
            }
            let read = target.send(request_to(lookup, &suspect.id, None)).await;
            if !finds(contract, &read, &suspect.id) || is_held(contract, &read, &suspect.deletion) {
                continue;
            }
            if !is_last {
                suspects.push(suspect);
                continue;
            }
            let Suspect { place, deletion, .. } = suspect;
            tell(Event::Undeleted { place, deletion, read, after: Duration::from_secs(PAUSES.iter().sum()) }, fold);
        }
    }
}

/// The first leftovers whose deletion was answered with success, or is when it is tried once more, or refused by the service itself.
async fn suspects(contract: &Contract, target: &Target, fold: &Fold) -> Vec<Suspect> {
    let remove = &contract.operations[contract.creation.lifecycle.remove];
    let (mut suspects, mut left) = (Vec::new(), fold.left());
    // What must be released first takes more requests to show again, and is told only where nothing else is left.
    if left.iter().any(|left| !left.was_held) {
        left.retain(|left| !left.was_held);
    }
    for Left { place, id, was_held, deletion } in left.into_iter().take(MOST) {
        if let Some(deletion) = deletion {
            suspects.push(Suspect { place, id, deletion });
            continue;
        }
        let deletion = target.send(request_to(remove, &id, None)).await;
        let is_refused = |response: &Response| {
            let says_nothing = contract.creation.inconclusive.says_nothing(response.status);
            let envelope = contract.envelope(&response.body, response.json().as_ref());
            !says_nothing
                && !matches!(response.status, 405 | 501)
                && envelope.is_none_or(|known| !known.is_inconclusive)
        };
        // Where nothing can be removed, the call is refused, and that is told elsewhere.
        let removes = fold.has_removed_something();
        if deletion
            .response()
            .is_some_and(|response| response.is_success() || (removes && !was_held && is_refused(response)))
        {
            suspects.push(Suspect { place, id, deletion });
        }
    }
    suspects
}

/// Whether a read shows a state in which the removal may be refused, and it was.
fn is_held(contract: &Contract, read: &Exchange, deletion: &Exchange) -> bool {
    let states = contract.protected_states();
    let shown = read.response().and_then(Response::json);
    let is_in =
        |(field, value): &(String, serde_json::Value)| shown.as_ref().and_then(|shown| shown.get(field)) == Some(value);
    !deletion.response().is_some_and(Response::is_success) && states.iter().any(is_in)
}

/// Whether a removal found nothing to remove.
fn is_missing(deletion: &Exchange) -> bool {
    deletion.response().is_some_and(|response| matches!(response.status, 404 | 410))
}

/// Whether a read found the resource with this id.
fn finds(contract: &Contract, exchange: &Exchange, id: &str) -> bool {
    let found = exchange.response().filter(|response| response.status == 200).and_then(Response::json);
    found.is_some_and(|found| found.pointer(&contract.creation.lifecycle.id).and_then(id_text).as_deref() == Some(id))
}
