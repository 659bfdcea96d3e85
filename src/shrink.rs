//! Shrinks what a run found to the smallest body that still breaks the same clause.
//!
//! Only findings of the pair and the random phase need it: a case and a boundary are small already, but for their mark. A random body is grown again from its
//! seed, as a tree that proptest simplifies.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use crate::client::Target;
use crate::contract::Contract;
use crate::exchange::Request;
use crate::judge::Mismatch;
use crate::plan::{self, BodyTree, FieldText, Seed};
use crate::probe::{Phase, Probe};
use crate::results::Finding;
use crate::run::{Performed, Record, perform};
use crate::suite::Suite;

/// The most requests of the call under test that one finding may cost.
const BUDGET: usize = 60;

/// The most bodies that are tried for one finding, the one without its mark among them.
pub const LARGEST_SHRINKING: usize = BUDGET + 1;

/// Tries smaller examples of a finding, and answers every attempt, in the order of sending. What they create is removed at once.
pub(crate) async fn shrink(suite: &Suite, target: &Target, seed: Seed, finding: &Finding) -> Vec<Record> {
    let (mut attempts, mut smallest) = (Vec::new(), None);
    if let Some(body) = Shrinking::of(&suite.contract, seed, finding) {
        let (tried, last) = body.run(suite, target, finding).await;
        attempts.extend(tried);
        smallest = Some(last);
    }
    attempts.extend(without_mark(suite, target, finding, smallest).await);
    attempts
}

/// A body on its way down: first it loses fields, then, if it grew from a seed, the values of the others become simpler.
struct Shrinking {
    values: Values,
    is_kept: Vec<bool>,
    /// Which fields are never left out, as without them a body breaks another rule.
    is_required: Vec<bool>,
    /// The next field to leave out; past the last one the values are simplified.
    next: usize,
    last: Step,
}

/// Where the values of the fields come from.
enum Values {
    Fixed(Vec<FieldText>),
    Grown(BodyTree),
}

/// What was done last, and is undone where it went too far.
#[derive(Clone, Copy)]
enum Step {
    LeftOut(usize),
    Simplified,
}

impl Shrinking {
    fn of(contract: &Contract, seed: Seed, finding: &Finding) -> Option<Self> {
        let values = match finding.probe.phase {
            Phase::Random => Values::Grown(plan::tree(contract, seed, &finding.probe.id)?),
            Phase::Texts | Phase::Pairs => Values::Fixed(sent_fields(contract, finding)?),
            Phase::Case | Phase::Boundary => return None,
        };
        let request = &contract.creation.request;
        let is_required = |name: &String| request.required.contains(name);
        let is_required: Vec<bool> = match &values {
            Values::Fixed(fields) => fields.iter().map(|(name, _)| is_required(name)).collect(),
            Values::Grown(tree) => request.properties.keys().take(tree.current().len()).map(is_required).collect(),
        };
        Some(Self { values, is_kept: vec![true; is_required.len()], is_required, next: 0, last: Step::Simplified })
    }

    fn fields(&self, contract: &Contract) -> Vec<FieldText> {
        match &self.values {
            Values::Fixed(fields) => fields
                .iter()
                .zip(&self.is_kept)
                .filter(|(_, is_kept)| **is_kept)
                .map(|(field, _)| field.clone())
                .collect(),
            Values::Grown(tree) => {
                let kept = |(value, is_kept): (Option<String>, &bool)| value.filter(|_| *is_kept);
                plan::fields(contract, &tree.current().into_iter().zip(&self.is_kept).map(kept).collect::<Vec<_>>())
            }
        }
    }

    fn simplify(&mut self) -> bool {
        self.next += self.is_required[self.next..].iter().take_while(|is_required| **is_required).count();
        if self.next < self.is_kept.len() {
            self.is_kept[self.next] = false;
            self.last = Step::LeftOut(self.next);
            self.next += 1;
            return true;
        }
        self.last = Step::Simplified;
        match &mut self.values {
            Values::Fixed(_) => false,
            Values::Grown(tree) => tree.simplify(),
        }
    }

    fn complicate(&mut self) -> bool {
        match (self.last, &mut self.values) {
            (Step::LeftOut(field), _) => {
                self.is_kept[field] = true;
                true
            }
            (Step::Simplified, Values::Fixed(_)) => false,
            (Step::Simplified, Values::Grown(tree)) => tree.complicate(),
        }
    }

    /// Every attempt, and the smallest body that still shows it.
    async fn run(mut self, suite: &Suite, target: &Target, finding: &Finding) -> (Vec<Record>, Vec<u8>) {
        let mut known: HashMap<Vec<u8>, bool> = HashMap::new();
        let mut attempts = Vec::new();
        let mut smallest = plan::object(&self.fields(&suite.contract));
        known.insert(smallest.clone(), true);
        let mut goes_on = self.simplify();
        while goes_on && attempts.len() < BUDGET && target.halted().is_none() {
            let body = plan::object(&self.fields(&suite.contract));
            let still_fails = if let Some(known) = known.get(&body) {
                *known
            } else {
                let tried = attempt(suite, target, finding, body.clone(), Marking::AsFound).await;
                let Some(record) = tried else { break };
                // As the judge says it: whom to blame follows from all attempts.
                let is_same = |mismatch: &Mismatch| {
                    mismatch.clause == finding.mismatch.clause
                        && mismatch.cause == finding.mismatch.cause
                        && mismatch.origin.is_none()
                };
                let still_fails = record.judgement.mismatches.iter().any(is_same);
                attempts.push(record);
                known.insert(body.clone(), still_fails);
                still_fails
            };
            if still_fails {
                smallest = body;
            }
            goes_on = if still_fails { self.simplify() } else { self.complicate() };
        }
        (attempts, smallest)
    }
}

/// Whether an attempt carries a mark.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Marking {
    /// As the finding's example does.
    AsFound,
    /// No.
    None,
}

/// One more attempt without the mark: does the example need it? If not, the mark is no part of the example; if so, it takes two fields to show the fault.
async fn without_mark(suite: &Suite, target: &Target, finding: &Finding, smallest: Option<Vec<u8>>) -> Option<Record> {
    let request = finding.requests.first().filter(|_| target.halted().is_none())?;
    request.mark(&suite.contract, target.run_id())?;
    let body = smallest.unwrap_or_else(|| suite.contract.without_mark(request.body.as_deref().unwrap_or_default()));
    attempt(suite, target, finding, body, Marking::None).await
}

async fn attempt(suite: &Suite, target: &Target, finding: &Finding, body: Vec<u8>, marking: Marking) -> Option<Record> {
    let id = format!("{} shrunk", finding.probe.id.trim_end_matches(" shrunk"));
    let about = finding.probe.clauses.first().cloned();
    let headers = finding.requests.first().map(|request| request.headers.clone());
    let usual = plan::request(&suite.contract, body);
    let request = Request { headers: headers.unwrap_or_else(|| usual.headers.clone()), ..usual };
    let mut probe: Probe = plan::probe(&suite.contract, finding.probe.phase, id, about, request);
    // Only the promise that was broken is worth more requests; whether it speaks of the smaller body is seen anew.
    plan::add_follow_ups(
        &suite.contract,
        &mut probe,
        suite.follow_ups.iter().filter(|follow_up| follow_up.clause == finding.clause),
    );
    let mark = finding.requests.first().and_then(|request| request.mark(&suite.contract, target.run_id()));
    if mark.is_some() && marking == Marking::AsFound {
        plan::mark_one(&suite.contract, &mut probe, 0);
    }
    match perform(suite, 0, &Arc::new(probe), target).await {
        Performed::Done(record) => Some(*record),
        Performed::Skipped(_) | Performed::Denied(_) => None,
    }
}

/// The fields of the body that was sent.
fn sent_fields(contract: &Contract, finding: &Finding) -> Option<Vec<FieldText>> {
    match serde_json::from_slice(finding.requests.first()?.body.as_deref()?).ok()? {
        Value::Object(fields) => {
            let fields = contract.without_marks(fields).into_iter();
            Some(fields.map(|(name, value)| (name, value.to_string())).collect())
        }
        _ => None,
    }
}
