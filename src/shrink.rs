//! Shrinks what a run found to the smallest body that still breaks the same clause.
//!
//! A case and a boundary are small already, but for their mark, unless a valid request is refused: then each field may be to blame. A random body is grown
//! again from its seed, as a tree that proptest simplifies. Where the mark itself is needed to show a fault, it stays where it stood, and what else is
//! needed beside it is tried once more.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use crate::client::Target;
use crate::contract::Contract;
use crate::exchange::Request;
use crate::judge::Mismatch;
use crate::plan::{self, BodyTree, FieldText, Seed};
use crate::probe::{Phase, Probe, shrunk_id};
use crate::results::{Finding, is_refusal_of_valid};
use crate::run::{Performed, Record, perform};
use crate::suite::Suite;

/// The most requests of the call under test that one finding may cost.
const BUDGET: usize = 46;

/// So often a request is tried again that was refused once and taken since.
const REPEATS: usize = 40;

/// So often a request that gives nothing is tried, until one is taken.
const PLAIN: usize = 3;

/// So often at least, however often it is refused.
const FEWEST_REPEATS: usize = 12;

/// The most of them that are tried again beside a mark that is needed.
const BUDGET_BESIDE_MARK: usize = 12;

/// The most bodies that are tried for one finding: smaller ones, the same with nothing else under way, two fields alone, and the one without its mark.
pub const LARGEST_SHRINKING: usize = BUDGET + 1 + 2 + 1 + BUDGET_BESIDE_MARK;

/// Tries smaller examples of a finding, and answers every attempt, in the order of sending. What they create is removed at once.
pub(crate) async fn shrink(suite: &Suite, target: &Target, seed: Seed, finding: &Finding) -> Vec<Record> {
    let (mut attempts, mut smallest) = (Vec::new(), None);
    if let Some(body) = Shrinking::of(&suite.contract, seed, finding) {
        let (tried, last) = body.run(suite, target, finding, Marking::AsFound, BUDGET).await;
        attempts.extend(tried);
        smallest = Some(last);
    }
    if finding.is_of_overlap() {
        attempts.extend(alone(suite, target, finding).await);
    }
    if finding.is_refusal_of_valid {
        attempts.extend(each_alone(suite, target, finding, &attempts).await);
    }
    let Some(record) = without_mark(suite, target, finding, smallest).await else { return attempts };
    let needs_mark = finding.is_refusal_of_valid && !shows(finding, &record);
    if needs_mark && let Some(fields) = marked_fields(finding, &attempts) {
        let body = Shrinking::over(&suite.contract, Values::Fixed(fields));
        attempts.extend(body.run(suite, target, finding, Marking::None, BUDGET_BESIDE_MARK).await.0);
    }
    attempts.push(record);
    attempts
}

/// The same body with nothing else under way: is it the overlap that shows the fault?
async fn alone(suite: &Suite, target: &Target, finding: &Finding) -> Option<Record> {
    let body = finding.requests.first()?.body.as_deref()?;
    attempt(suite, target, finding, suite.contract.without_mark(body), Marking::AsFound).await
}

/// Where the smallest body has two fields, each of them alone: are both taken, it is the two together that are refused.
async fn each_alone(suite: &Suite, target: &Target, finding: &Finding, attempts: &[Record]) -> Vec<Record> {
    let contract = &suite.contract;
    let smallest = attempts.iter().rev().find(|record| shows(finding, record)).and_then(first_body);
    let body = smallest.or_else(|| finding.requests.first()?.body.clone()).unwrap_or_default();
    let fields: serde_json::Map<String, Value> =
        serde_json::from_slice(&contract.without_mark(&body)).unwrap_or_default();
    let is_required = |name: &String| contract.creation.request.required.contains(name);
    let free: Vec<_> = fields.keys().filter(|name| !is_required(name)).collect();
    let mut tried = Vec::new();
    for name in free.iter().filter(|_| free.len() == 2) {
        let alone = fields.iter().filter(|(other, _)| other == name || is_required(other));
        let alone: Vec<FieldText> = alone.map(|(name, value)| (name.clone(), value.to_string())).collect();
        tried.extend(attempt(suite, target, finding, plan::object(&alone), Marking::None).await);
    }
    tried
}

/// Tries a refusal that was held back once more, between requests that are taken: the smallest body that is refused, and, where that is taken, the same one
/// so often that it shows whether the refusal comes now and then.
pub(crate) async fn try_again(
    suite: &Suite,
    target: &Target,
    seed: Seed,
    finding: &Finding,
    is_first: bool,
) -> Vec<Record> {
    let plain = || plan::plain_request(&suite.contract).body.unwrap_or_default();
    let mut attempts = Vec::new();
    // A single one may be refused by chance.
    for _ in 0..if is_first { PLAIN } else { 1 } {
        let Some(record) = attempt(suite, target, finding, plain(), Marking::None).await else { return attempts };
        attempts.push(record);
        if !shows(finding, &attempts[attempts.len() - 1]) {
            break;
        }
    }
    if attempts.last().is_none_or(|last| shows(finding, last)) {
        return attempts;
    }
    attempts.extend(shrink(suite, target, seed, finding).await);
    let smallest = attempts.iter().rev().find(|record| shows(finding, record)).and_then(first_body);
    let is_lasting = smallest.is_some();
    let body = smallest.or_else(|| finding.requests.first()?.body.clone()).unwrap_or_default();
    let mut refused = 0;
    for number in 0..if is_first { REPEATS } else { 2 } {
        // A smaller body may have been refused by chance, too.
        if is_lasting && number == refused && refused > 1 {
            break;
        }
        let Some(record) = attempt(suite, target, finding, body.clone(), Marking::None).await else { break };
        refused += usize::from(shows(finding, &record));
        attempts.push(record);
        if refused > 1 && attempts.len() > FEWEST_REPEATS {
            break;
        }
    }
    attempts.extend(attempt(suite, target, finding, plain(), Marking::None).await);
    attempts
}

fn first_body(record: &Record) -> Option<Vec<u8>> {
    record.exchanges.first()?.request.body.clone()
}

/// The fields of the smallest body that shows the finding, with its mark in its place.
fn marked_fields(finding: &Finding, attempts: &[Record]) -> Option<Vec<FieldText>> {
    let last = attempts.iter().rev().find(|record| shows(finding, record));
    let smallest = last.and_then(|record| record.exchanges.first()).map(|exchange| &exchange.request);
    let body = smallest.or(finding.requests.first())?.body.as_deref()?;
    let fields: serde_json::Map<String, Value> = serde_json::from_slice(body).ok()?;
    Some(fields.into_iter().map(|(name, value)| (name, value.to_string())).collect())
}

/// Whether an attempt shows the finding, as the judge says it: whom to blame follows from all attempts.
fn shows(finding: &Finding, record: &Record) -> bool {
    let is_same = |mismatch: &Mismatch| {
        let is_as_found = (&mismatch.clause, &mismatch.cause) == (&finding.mismatch.clause, &finding.mismatch.cause)
            && mismatch.origin.is_none();
        // A value that stands alone may be named by a rule.
        let is_refusal = || is_refusal_of_valid(&record.probe, &record.exchanges, mismatch);
        is_as_found || (finding.is_refusal_of_valid && is_refusal())
    };
    let is_held_back = finding.is_refusal_of_valid && record.judgement.held_back.is_some();
    is_held_back || record.judgement.mismatches.iter().any(is_same)
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
            Phase::Case | Phase::Boundary | Phase::Overlap if finding.is_refusal_of_valid => {
                Values::Fixed(sent_fields(contract, finding)?)
            }
            Phase::Case | Phase::Boundary | Phase::Overlap => return None,
        };
        Some(Self::over(contract, values))
    }

    fn over(contract: &Contract, values: Values) -> Self {
        let request = &contract.creation.request;
        let is_required = |name: &String| request.required.contains(name);
        let is_required: Vec<bool> = match &values {
            Values::Fixed(fields) => fields.iter().map(|(name, _)| is_required(name)).collect(),
            Values::Grown(tree) => request.properties.keys().take(tree.current().len()).map(is_required).collect(),
        };
        Self { values, is_kept: vec![true; is_required.len()], is_required, next: 0, last: Step::Simplified }
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
    async fn run(
        mut self,
        suite: &Suite,
        target: &Target,
        finding: &Finding,
        marking: Marking,
        budget: usize,
    ) -> (Vec<Record>, Vec<u8>) {
        let mut known: HashMap<Vec<u8>, bool> = HashMap::new();
        let mut attempts = Vec::new();
        let mut smallest = plan::object(&self.fields(&suite.contract));
        known.insert(smallest.clone(), true);
        let mut goes_on = self.simplify();
        while goes_on && attempts.len() < budget && target.halted().is_none() {
            let body = plan::object(&self.fields(&suite.contract));
            let still_fails = if let Some(known) = known.get(&body) {
                *known
            } else {
                let tried = attempt(suite, target, finding, body.clone(), marking).await;
                let Some(record) = tried else { break };
                let still_fails = shows(finding, &record);
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
    let id = shrunk_id(&finding.probe.id);
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
