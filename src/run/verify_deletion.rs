//! Holds what the clean-up could not remove against the promise that what was deleted is gone.
//!
//! A service may delete some time after it said so. It is accused only where a deletion is answered with success and every read, until long after the last
//! attempt, still finds the resource; whatever else comes leaves it a leftover and no more.

use std::time::Duration;

use crate::client::{Leftover, Target, request_to};
use crate::contract::Contract;
use crate::exchange::{Exchange, Response};
use crate::judge::Mismatch;
use crate::run::{Outcome, Verdict};
use crate::untrusted::Untrusted;

/// The pauses before the reads; together the time that a deletion may take.
const PAUSES: [u64; 5] = [1, 2, 4, 8, 15];

/// So many leftovers are looked at; more would only show the same again.
const MOST: usize = 3;

/// A leftover whose deletion was answered with success.
struct Suspect {
    /// Which outcome it belongs to.
    outcome: usize,
    id: String,
    deletion: Exchange,
    /// The last read, which found it.
    read: Option<Exchange>,
}

/// Looks again for leftovers of these outcomes, and adds a mismatch to each whose resource was deleted and is found for ever.
pub(super) async fn verify(contract: &Contract, target: &Target, outcomes: &mut [Outcome]) {
    let Some(behaviour) = contract.creation.behaviours.iter().find(|each| each.is_shown_by_removal) else { return };
    let mut suspects = suspects(contract, target, outcomes).await;
    for seconds in PAUSES {
        if suspects.is_empty() {
            return;
        }
        // Where the run is to end, nobody is accused of what would have needed more time.
        if !target.pause(Duration::from_secs(seconds)).await {
            return;
        }
        for mut suspect in std::mem::take(&mut suspects) {
            let read = &contract.operations[contract.creation.lifecycle.read];
            let exchange = target.send(request_to(read, &suspect.id, None)).await;
            if finds(contract, &exchange, &suspect.id) {
                suspect.read = Some(exchange);
                suspects.push(suspect);
            }
        }
    }
    for Suspect { outcome, deletion, read, .. } in suspects {
        let status = |exchange: &Exchange| exchange.response().map_or(0, |response| response.status);
        let outcome = &mut outcomes[outcome];
        let got = read.as_ref().map_or(0, status);
        let mismatch = Mismatch {
            clause: format!("behaviour.{}", behaviour.id),
            cause: String::new(),
            pointer: Untrusted::default(),
            expected: format!("404 some time after a deletion that was answered {}", status(&deletion)).into(),
            got: format!("{got}, even {} seconds later", PAUSES.iter().sum::<u64>()).into(),
            step: outcome.exchanges.len() + 1,
            origin: None,
        };
        outcome.exchanges.push(deletion);
        outcome.exchanges.extend(read);
        outcome.judgement.mismatches.push(mismatch);
        outcome.verdict = Verdict::Fail;
    }
}

/// The first leftovers whose deletion, tried once more, is answered with success.
async fn suspects(contract: &Contract, target: &Target, outcomes: &[Outcome]) -> Vec<Suspect> {
    let remove = &contract.operations[contract.creation.lifecycle.remove];
    let mut suspects = Vec::new();
    let left = outcomes.iter().enumerate().flat_map(|(index, outcome)| {
        outcome.cleanup.leftovers.iter().filter_map(move |left| match left {
            Leftover::Id(id) => Some((index, id.raw().to_owned())),
            _ => None,
        })
    });
    for (outcome, id) in left.take(MOST) {
        let deletion = target.send(request_to(remove, &id, None)).await;
        if deletion.response().is_some_and(Response::is_success) {
            suspects.push(Suspect { outcome, id, deletion, read: None });
        }
    }
    suspects
}

/// Whether a read found the resource with this id.
fn finds(contract: &Contract, exchange: &Exchange, id: &str) -> bool {
    let found = exchange.response().filter(|response| response.status == 200).and_then(Response::json);
    found.is_some_and(|found| {
        found.pointer(&contract.creation.lifecycle.id).and_then(serde_json::Value::as_str) == Some(id)
    })
}
