//! Removes what a probe created. Gone is only what a read no longer finds.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::Value;

use super::Target;
use super::patience::is_unread;
use crate::contract::{Contract, Operation};
use crate::exchange::{Credential, Exchange, Request, segment};
use crate::ledger::Record;

/// What became of the resources that a probe created.
#[derive(Clone, Debug, Default)]
pub struct Cleanup {
    /// How many the target said it created.
    pub created: usize,
    /// How many of them a read no longer finds.
    pub removed: usize,
    /// Those that are, or may be, still there.
    pub leftovers: Vec<Leftover>,
}

/// Something that a run created and could not remove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leftover {
    /// This id is still found.
    Id(String),
    /// The target said that it created something, but not what.
    Unnamed,
    /// This id is found after the run and was not before it; whose it is, nothing proves.
    Appeared(String),
    /// The answer was lost: whether anything was created is not known.
    Unknown,
    /// The target gave this id for a new thing, and it was there before the run.
    Foreign(String),
}

impl Leftover {
    /// Whether it is certain that this run created it.
    pub fn is_certain(&self) -> bool {
        match self {
            Self::Id(_) | Self::Unnamed => true,
            Self::Appeared(_) | Self::Unknown | Self::Foreign(_) => false,
        }
    }
}

const ATTEMPTS: u32 = 4;
/// After so many removals in vain, one after the other, each further one is tried once.
const MOST_IN_VAIN: usize = 3;
/// So many things that cannot be released are enough to show it; each further one would stay behind too.
const MOST_HELD: usize = 3;
const PAUSE: Duration = Duration::from_millis(150);

impl Target {
    /// Removes everything that these exchanges created.
    pub async fn clean(&self, exchanges: &[Exchange]) -> Cleanup {
        let mut cleanup = Cleanup::default();
        for created in exchanges.iter().filter_map(|exchange| creation_of(self.contract(), exchange)) {
            match created {
                Created::Named { id, .. } if self.was_there_before(&id) => {
                    cleanup.leftovers.push(Leftover::Foreign(id));
                }
                Created::Named { id, is_held } => {
                    cleanup.created += 1;
                    if self.remove(&id, is_held).await {
                        cleanup.removed += 1;
                    } else {
                        cleanup.leftovers.push(Leftover::Id(id));
                    }
                }
                Created::Unnamed => {
                    cleanup.created += 1;
                    cleanup.leftovers.push(Leftover::Unnamed);
                }
                Created::Unknown => cleanup.leftovers.push(Leftover::Unknown),
            }
        }
        cleanup
    }

    /// Removes one resource; true when a read no longer finds it.
    pub(crate) async fn remove(&self, id: &str, is_held: bool) -> bool {
        let is_gone = self.make_gone(id, is_held).await;
        if is_gone {
            self.removals_in_vain.store(0, Ordering::Relaxed);
            self.budget.note_removed();
            if let Some(ledger) = &self.ledger {
                // Where this cannot be written a sweep removes it once more, which does no harm.
                let _ = ledger.write(Record::Removed { id: id.to_owned() }).await;
            }
        } else {
            self.removals_in_vain.fetch_add(1, Ordering::Relaxed);
        }
        is_gone
    }

    /// Whether so many things stayed because they could not be released that no more of them may be created.
    pub(crate) fn holds_for_good(&self) -> bool {
        self.held_in_vain.load(Ordering::Relaxed) >= MOST_HELD
    }

    /// Whether a read does not find this id.
    pub(crate) async fn is_gone(&self, id: &str) -> bool {
        let contract = self.contract();
        let read = request_to(&contract.operations[contract.creation.lifecycle.read], id, None);
        self.send(read).await.response().is_some_and(|response| matches!(response.status, 404 | 410))
    }

    async fn make_gone(&self, id: &str, is_held: bool) -> bool {
        let contract = self.contract();
        let lifecycle = &contract.creation.lifecycle;
        let mut must_release = is_held;
        let in_vain = self.removals_in_vain.load(Ordering::Relaxed);
        let attempts = if in_vain < MOST_IN_VAIN { ATTEMPTS } else { 1 };
        let mut is_refused = false;
        for attempt in 0..attempts {
            if attempt > 0 {
                tokio::time::sleep(PAUSE * attempt).await;
            }
            if let Some((release, body)) = lifecycle.release.as_ref().filter(|_| must_release) {
                self.send(request_to(&contract.operations[*release], id, Some(body))).await;
            }
            let deletion = self.send(request_to(&contract.operations[lifecycle.remove], id, None)).await;
            if self.is_gone(id).await {
                return true;
            }
            is_refused = deletion.response().is_some_and(|response| !response.is_success());
            must_release = true;
        }
        if is_held && is_refused {
            self.held_in_vain.fetch_add(1, Ordering::Relaxed);
        }
        false
    }
}

/// What a request created.
pub(super) enum Created {
    Named { id: String, is_held: bool },
    Unnamed,
    Unknown,
}

/// Whether an exchange may have created something, and its answer does not tell.
pub(crate) fn is_lost_creation(contract: &Contract, exchange: &Exchange) -> bool {
    matches!(creation_of(contract, exchange), Some(Created::Unknown))
}

/// What an exchange created, if it is one of the call under test and the target says that it succeeded.
pub(super) fn creation_of(contract: &Contract, exchange: &Exchange) -> Option<Created> {
    let (operation, _) = contract.operation(&exchange.request.method, &exchange.request.path)?;
    if operation != contract.creation.operation {
        return None;
    }
    let response = match &exchange.outcome {
        Ok(response) if response.is_success() => response,
        Ok(response) => {
            let says_nothing = contract.creation.inconclusive.any.contains(&response.status);
            return (says_nothing && !is_unread(response.status)).then_some(Created::Unknown);
        }
        Err(trouble) => return trouble.is_lost().then_some(Created::Unknown),
    };
    let answer = response.json();
    let id = answer.as_ref().and_then(|answer| answer.pointer(&contract.creation.lifecycle.id)).and_then(Value::as_str);
    Some(match id.filter(|id| !id.is_empty()) {
        Some(id) => {
            let remove = &contract.operations[contract.creation.lifecycle.remove];
            let is_held = remove
                .refused_when
                .iter()
                .any(|(field, value)| answer.as_ref().and_then(|answer| answer.get(field)) == Some(value));
            Created::Named { id: id.to_owned(), is_held }
        }
        None => Created::Unnamed,
    })
}

/// A request of this operation about the resource with this id.
pub(crate) fn request_to(operation: &Operation, id: &str, body: Option<&Value>) -> Request {
    let media_type = operation.media_type.iter().filter(|_| body.is_some());
    Request {
        method: operation.method.clone(),
        path: operation.path.fill(&segment(id)),
        headers: media_type.map(|media_type| ("Content-Type".to_owned(), media_type.clone())).collect(),
        body: body.map(|body| body.to_string().into_bytes()),
        credential: Credential::Good,
    }
}

/// The most requests that removing one resource takes.
pub(super) const MOST_REQUESTS: u64 = 3 * ATTEMPTS as u64;
