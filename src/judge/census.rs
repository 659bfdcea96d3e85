//! What only a whole run shows: values that must never, or must always, be the same.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::{Across, Judgement, Mismatch};

/// The values of a run that are held against each other.
#[derive(Debug, Default)]
pub struct Census {
    seen: HashMap<String, HashSet<String>>,
    first: HashMap<String, Value>,
}

impl Census {
    /// Holds what a judgement observed against what earlier ones did, and adds what it finds to the judgement.
    pub fn add(&mut self, judgement: &mut Judgement) {
        for observation in std::mem::take(&mut judgement.observations) {
            judgement.assessed.insert(observation.clause.clone());
            let (clause, value) = (&observation.clause, &observation.value);
            let expected = match observation.across {
                Across::Unique => {
                    let is_new = self.seen.entry(clause.clone()).or_default().insert(value.to_string());
                    (!is_new).then(|| "a value that no earlier answer had".to_owned())
                }
                Across::Same => {
                    let first = self.first.entry(clause.clone()).or_insert_with(|| value.clone());
                    (first != value).then(|| format!("{first}, as in earlier answers"))
                }
            };
            if let Some(expected) = expected {
                judgement.mismatches.push(Mismatch {
                    clause: observation.clause,
                    cause: observation.pointer.clone(),
                    pointer: observation.pointer,
                    expected,
                    got: observation.value.to_string(),
                    step: observation.step,
                });
            }
        }
    }
}
