//! Shrinks what a run found to the smallest body that still breaks the same clause.
//!
//! Only findings of the pair and the random phase need it: a case and a boundary are small already. A random body is grown again from its seed, as a tree
//! that proptest simplifies; a body of the pair phase loses its fields one by one.

use std::collections::HashMap;
use std::sync::Arc;

use proptest::strategy::ValueTree;
use serde_json::Value;

use crate::contract::Contract;
use crate::plan::{self, BodyTree, FieldText, Seed};
use crate::probe::{Phase, Probe};
use crate::report::{Finding, findings};
use crate::run::{Outcome, Run, perform};
use crate::suite::Suite;
use crate::target::Target;

/// The most requests of the call under test that one finding may cost.
const BUDGET: usize = 60;

/// Smaller examples of the findings of a run. What is sent on the way is removed at once, like everything else.
pub async fn shrink(suite: &Suite, target: &Target, seed: Seed, run: &mut Run) -> Vec<Outcome> {
    let mut shrunk = Vec::new();
    for finding in findings(&suite.contract, &run.outcomes, &[], seed) {
        let Some(body) = Shrinking::of(&suite.contract, seed, &finding) else { continue };
        shrunk.extend(body.run(suite, target, &finding).await);
    }
    run.requests = target.request_count();
    shrunk
}

/// A body on its way down.
enum Shrinking {
    Random(BodyTree),
    Pairs(FieldTree),
}

impl Shrinking {
    fn of(contract: &Contract, seed: Seed, finding: &Finding) -> Option<Self> {
        match finding.probe.phase {
            Phase::Random => plan::tree(contract, seed, &finding.probe.id).map(Self::Random),
            Phase::Pairs => FieldTree::of(finding).map(Self::Pairs),
            Phase::Case | Phase::Boundary => None,
        }
    }

    fn fields(&self, contract: &Contract) -> Vec<FieldText> {
        match self {
            Self::Random(tree) => plan::fields(contract, &tree.current()),
            Self::Pairs(tree) => tree.current(),
        }
    }

    fn simplify(&mut self) -> bool {
        match self {
            Self::Random(tree) => tree.simplify(),
            Self::Pairs(tree) => tree.simplify(),
        }
    }

    fn complicate(&mut self) -> bool {
        match self {
            Self::Random(tree) => tree.complicate(),
            Self::Pairs(tree) => tree.complicate(),
        }
    }

    async fn run(mut self, suite: &Suite, target: &Target, finding: &Finding) -> Vec<Outcome> {
        let mut known: HashMap<Vec<u8>, bool> = HashMap::new();
        let (mut sent, mut smaller) = (0, Vec::new());
        let mut goes_on = self.simplify();
        while goes_on && sent < BUDGET {
            let body = plan::object(&self.fields(&suite.contract));
            let still_fails = if let Some(known) = known.get(&body) {
                *known
            } else {
                sent += 1;
                let outcome = attempt(suite, target, finding, body.clone()).await;
                let is_same = outcome
                    .judgement
                    .mismatches
                    .iter()
                    .any(|mismatch| mismatch.clause == finding.clause && mismatch.cause == finding.cause);
                smaller.extend(is_same.then_some(outcome));
                known.insert(body, is_same);
                is_same
            };
            goes_on = if still_fails { self.simplify() } else { self.complicate() };
        }
        smaller
    }
}

async fn attempt(suite: &Suite, target: &Target, finding: &Finding, body: Vec<u8>) -> Outcome {
    let id = format!("{} shrunk", finding.probe.id.trim_end_matches(" shrunk"));
    let about = finding.probe.clauses.first().cloned();
    let request = plan::request(&suite.contract, body);
    let probe: Probe = plan::probe(&suite.contract, finding.probe.phase, id, about, request);
    perform(suite, Arc::new(probe), target).await
}

/// An object that loses one field after the other, and takes back those that it needs.
struct FieldTree {
    fields: Vec<FieldText>,
    is_kept: Vec<bool>,
    next: usize,
}

impl FieldTree {
    fn of(finding: &Finding) -> Option<Self> {
        let body = finding.requests.first()?.body.as_deref()?;
        let Value::Object(fields) = serde_json::from_slice(body).ok()? else { return None };
        let fields: Vec<_> = fields.into_iter().map(|(name, value)| (name, value.to_string())).collect();
        Some(Self { is_kept: vec![true; fields.len()], fields, next: 0 })
    }
}

impl ValueTree for FieldTree {
    type Value = Vec<FieldText>;

    fn current(&self) -> Vec<FieldText> {
        self.fields.iter().zip(&self.is_kept).filter(|(_, is_kept)| **is_kept).map(|(field, _)| field.clone()).collect()
    }

    fn simplify(&mut self) -> bool {
        if self.next == self.fields.len() {
            return false;
        }
        self.is_kept[self.next] = false;
        self.next += 1;
        true
    }

    fn complicate(&mut self) -> bool {
        match self.next.checked_sub(1) {
            Some(last) if !self.is_kept[last] => {
                self.is_kept[last] = true;
                true
            }
            _ => false,
        }
    }
}
