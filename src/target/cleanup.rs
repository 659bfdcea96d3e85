//! Removes what a probe created. Gone is only what a read no longer finds.

use std::time::Duration;

use serde_json::Value;

use super::Target;
use super::script::segment;
use crate::contract::{Contract, Operation};
use crate::exchange::{Credential, Exchange, Request, Trouble};

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
}

impl Leftover {
    /// Whether it is certain that this run created it.
    pub fn is_certain(&self) -> bool {
        match self {
            Self::Id(_) | Self::Unnamed => true,
            Self::Appeared(_) | Self::Unknown => false,
        }
    }
}

const ATTEMPTS: u32 = 4;
const PAUSE: Duration = Duration::from_millis(150);

impl Target {
    /// Removes everything that these exchanges created.
    pub async fn clean(&self, contract: &Contract, exchanges: &[Exchange]) -> Cleanup {
        let mut cleanup = Cleanup::default();
        for created in exchanges.iter().filter_map(|exchange| creation_of(contract, exchange)) {
            match created {
                Created::Named { id, is_held } => {
                    cleanup.created += 1;
                    if self.remove(contract, &id, is_held).await {
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
    pub(super) async fn remove(&self, contract: &Contract, id: &str, is_held: bool) -> bool {
        let lifecycle = &contract.creation.lifecycle;
        let mut must_release = is_held;
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(PAUSE * attempt).await;
            }
            if let Some((release, body)) = lifecycle.release.as_ref().filter(|_| must_release) {
                self.send(request_to(&contract.operations[*release], id, Some(body))).await;
            }
            self.send(request_to(&contract.operations[lifecycle.remove], id, None)).await;
            let read = self.send(request_to(&contract.operations[lifecycle.read], id, None)).await;
            if read.response().is_some_and(|response| matches!(response.status, 404 | 410)) {
                return true;
            }
            must_release = true;
        }
        false
    }
}

enum Created {
    Named { id: String, is_held: bool },
    Unnamed,
    Unknown,
}

/// What an exchange created, if it is one of the call under test and the target says that it succeeded.
fn creation_of(contract: &Contract, exchange: &Exchange) -> Option<Created> {
    let (operation, _) = contract.operation(&exchange.request.method, &exchange.request.path)?;
    if operation != contract.creation.operation {
        return None;
    }
    let response = match &exchange.outcome {
        Ok(response) if response.is_success() => response,
        Err(Trouble::Timeout | Trouble::Broken | Trouble::TooLarge) => return Some(Created::Unknown),
        Ok(_) | Err(Trouble::Connect | Trouble::NothingCaptured) => return None,
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

fn request_to(operation: &Operation, id: &str, body: Option<&Value>) -> Request {
    let media_type = operation.media_type.iter().filter(|_| body.is_some());
    Request {
        method: operation.method.clone(),
        path: operation.path.fill(&segment(id)),
        headers: media_type.map(|media_type| ("Content-Type".to_owned(), media_type.clone())).collect(),
        body: body.map(|body| body.to_string().into_bytes()),
        credential: Credential::Good,
    }
}
