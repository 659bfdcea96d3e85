//! What only a whole run shows: values that must never, or must always, be the same.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::Value;

use super::creation::shortened;
use super::{Across, Judgement, Mismatch};
use crate::contract::Contract;

/// The values of a run that are held against each other.
#[derive(Debug, Default)]
pub struct RunInvariants {
    seen: HashMap<String, HashSet<String>>,
    first: HashMap<String, Value>,
}

impl RunInvariants {
    /// Holds what a judgement observed against what earlier ones did, and adds what it finds to the judgement. `was_there` says whether an id was there before
    /// the run: then no answer can have given it to something new.
    pub fn add(&mut self, contract: &Contract, judgement: &mut Judgement, was_there: impl Fn(&str) -> bool) {
        for observation in std::mem::take(&mut judgement.observations) {
            judgement.assessed.insert(observation.clause.clone());
            let (clause, value) = (&observation.clause, &observation.value);
            let expected = match observation.across {
                Across::Unique => {
                    let is_id = observation.pointer == contract.creation.lifecycle.id;
                    let is_new = self.seen.entry(clause.clone()).or_default().insert(key(value));
                    if is_id && value.as_str().is_some_and(&was_there) {
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
                judgement.mismatches.push(Mismatch {
                    clause: observation.clause,
                    cause: observation.pointer.clone(),
                    pointer: observation.pointer.into(),
                    expected: expected.into(),
                    got: shortened(&observation.value.to_string()).into(),
                    step: observation.step,
                    origin: None,
                });
            }
        }
    }
}

/// So many bytes of a value are remembered, to be held against later ones.
const LONGEST_KEY: usize = 300;

/// What is remembered of a value: all of it, or where it is long its beginning, its length and a hash of it.
fn key(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().find(|(at, _)| *at >= LONGEST_KEY) {
        Some((end, _)) => {
            let mut hasher = DefaultHasher::new();
            text.hash(&mut hasher);
            format!("{}… {} {:x}", &text[..end], text.len(), hasher.finish())
        }
        None => text,
    }
}
