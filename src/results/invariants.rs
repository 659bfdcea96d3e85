//! What only a whole run shows: values that must never, or must always, be the same.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::Value;

use crate::contract::{ClauseId, Contract};
use crate::exchange::id_text;
use crate::judge::{Across, Judgement, Mismatch, shortened};

/// The values of a run that are held against each other.
#[derive(Debug, Default)]
pub struct RunInvariants {
    seen: HashMap<ClauseId, HashSet<u64>>,
    first: HashMap<ClauseId, Value>,
}

impl RunInvariants {
    /// Holds what a judgement observed against what earlier ones did, and answers what that breaks. `was_there` says whether an id was there before the run:
    /// then no answer can have given it to something new.
    pub fn hold(
        &mut self,
        contract: &Contract,
        judgement: &Judgement,
        was_there: impl Fn(&str) -> bool,
    ) -> Vec<Mismatch> {
        let mut broken = Vec::new();
        for observation in &judgement.observations {
            let (clause, value) = (&observation.clause, &observation.value);
            let expected = match observation.across {
                Across::Unique => {
                    let is_id = observation.pointer == contract.creation.lifecycle.id;
                    let is_new = self.seen.entry(clause.clone()).or_default().insert(fingerprint(value));
                    if is_id && id_text(value).is_some_and(|id| was_there(&id)) {
                        Some("a value that nothing had before the run".to_owned())
                    } else {
                        (!is_new).then(|| "a value that no earlier answer had".to_owned())
                    }
                }
                Across::Same => {
                    let first = self.first.entry(clause.clone()).or_insert_with(|| value.clone());
                    (first != value).then(|| format!("{}, as in earlier answers", shortened(&first.to_string())))
                }
            };
            if let Some(expected) = expected {
                broken.push(Mismatch {
                    clause: observation.clause.clone(),
                    cause: observation.pointer.clone(),
                    pointer: observation.pointer.clone().into(),
                    expected: expected.into(),
                    got: shortened(&observation.value.to_string()).into(),
                    step: observation.step,
                    origin: None,
                });
            }
        }
        broken
    }
}

/// A value as 64 bits, so that a million of them take little room; two of a million share them once in some thirty million runs.
fn fingerprint(value: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.to_string().hash(&mut hasher);
    hasher.finish()
}
