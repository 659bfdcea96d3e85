//! Findings: a thousand failures of one cause are one finding, with the smallest example.

use std::sync::Arc;

use super::blame::{Blame, Refused, is_refusal_of_valid};
use super::{Outcome, Repeat, SuiteName};
use crate::case::{self, CaseFile};
use crate::contract::{ClauseId, Contract};
use crate::exchange::{Request, Response, SendError};
use crate::judge::{Body, Drift, Kind, Mismatch, classify};
use crate::plan::Seed;
use crate::probe::{Phase, Probe, shrunk_id, whole_id};
use crate::run::Place;
use crate::untrusted::Untrusted;

/// A broken clause, with the smallest example of it.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Id of the clause.
    pub clause: ClauseId,
    /// What tells the findings of one clause apart.
    pub cause: String,
    /// The clause in words.
    pub text: String,
    /// Where the documentation has it.
    pub source: String,
    /// How many probes show it.
    pub count: usize,
    /// Whether an equal request was answered rightly since.
    pub is_intermittent: bool,
    /// The probe of the example.
    pub probe: Arc<Probe>,
    /// What was wrong in the example.
    pub mismatch: Mismatch,
    /// Whether the example is a valid request that was refused.
    pub is_refusal_of_valid: bool,
    /// The requests of the example, up to the one that was answered wrongly.
    pub requests: Vec<Request>,
    /// What came of each of them.
    pub answers: Vec<Result<Response, SendError>>,
    /// The same requests as commands.
    pub repeat: Repeat,
    /// The line of what its case expects, where the example is a smaller form of that.
    pub line: Option<usize>,
    /// The example as a case, unless a case sends it already or none can.
    pub case_file: Option<CaseFile>,
    /// What only follows from it in the same probes.
    pub consequences: Vec<Consequence>,
}

/// A clause that no probe shows to be broken but where a finding entails it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consequence {
    /// Id of the clause.
    pub clause: ClauseId,
    /// The clause in words.
    pub text: String,
    /// In how many probes it follows.
    pub count: usize,
}

/// So many fields that nobody documents are findings of their own; all the others are one.
const MOST_DRIFT: usize = 20;

impl Finding {
    fn new(contract: &Contract, (id, cause): Blame<'_>, outcome: &Outcome, mismatch: &Mismatch) -> Self {
        let known = contract.clauses.get(id);
        Self {
            clause: id.to_owned(),
            cause: cause.to_owned(),
            text: known.map(|clause| clause.text.clone()).unwrap_or_default(),
            source: known.map(|clause| clause.source.clone()).unwrap_or_default(),
            count: 1,
            is_intermittent: false,
            probe: Arc::clone(&outcome.probe),
            mismatch: mismatch.clone(),
            is_refusal_of_valid: is_refusal_of_valid(&outcome.probe, &outcome.exchanges, mismatch),
            requests: requests(outcome, mismatch),
            answers: answers(outcome, mismatch),
            repeat: Repeat::of(contract, outcome, &steps(outcome, mismatch)),
            line: None,
            case_file: None,
            consequences: Vec::new(),
        }
    }

    /// The file of the case that shows it, where one does, and the line of what it expects there. What comes after its own steps is written elsewhere, and
    /// its last one stands for it.
    pub fn case(&self, suite: &SuiteName) -> Option<(String, usize)> {
        if self.probe.phase != Phase::Case {
            return None;
        }
        let case = self.probe.id.split(['[', ' ']).next().unwrap_or_default();
        let mut steps = self.probe.expectations.iter().take(self.mismatch.step + 1);
        let own = steps.rfind(|expectation| expectation.clause.is_none());
        let line = own.and_then(|expectation| expectation.line).or(self.line).unwrap_or(1);
        Some((format!("{}{case}.yaml", suite.folder), line))
    }

    /// Whether it shows only where several requests are under way at once, as far as the run has tried.
    pub(crate) fn is_of_overlap(&self) -> bool {
        self.probe.is_of_overlap()
    }

    /// Counts a mismatch that only follows from this finding.
    fn entail(&mut self, contract: &Contract, clause: &ClauseId) {
        if let Some(known) = self.consequences.iter_mut().find(|known| known.clause == *clause) {
            known.count += 1;
            return;
        }
        let text = contract.clauses.get(clause).map(|known| known.text.clone()).unwrap_or_default();
        self.consequences.push(Consequence { clause: clause.to_owned(), text, count: 1 });
    }

    /// Takes the example of another probe if it is no larger: of those that shrank, the later ones are the smaller ones.
    fn take_smaller(&mut self, contract: &Contract, outcome: &Outcome, mismatch: &Mismatch) {
        let requests = requests(outcome, mismatch);
        if size(contract, &requests) <= size(contract, &self.requests) {
            (self.probe, self.mismatch, self.requests) = (Arc::clone(&outcome.probe), mismatch.clone(), requests);
            self.answers = answers(outcome, mismatch);
            self.repeat = Repeat::of(contract, outcome, &steps(outcome, mismatch));
            self.is_refusal_of_valid = is_refusal_of_valid(&outcome.probe, &outcome.exchanges, mismatch);
        }
    }
}

/// The findings of these outcomes in the order of the contract. `shrunk` holds smaller examples, which count for nothing else.
pub(super) fn findings(
    contract: &Contract,
    refused: &Refused,
    outcomes: &[Outcome],
    shrunk: &[Outcome],
    seed: Seed,
) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    // The last probe that was counted for each.
    let mut last: Vec<Place> = Vec::new();
    for (outcome, mismatch) in mismatches(outcomes).filter(|(_, mismatch)| mismatch.origin.is_none()) {
        let blame = blame_of(contract, refused, outcome, mismatch);
        let Some(index) = position(&found, blame) else {
            found.push(Finding::new(contract, blame, outcome, mismatch));
            last.push(outcome.place);
            continue;
        };
        let finding = &mut found[index];
        finding.count += usize::from(last[index] != outcome.place);
        last[index] = outcome.place;
        if size(contract, &requests(outcome, mismatch)) < size(contract, &finding.requests) {
            finding.take_smaller(contract, outcome, mismatch);
        }
    }
    for (outcome, mismatch) in mismatches(outcomes) {
        let Some(origin) = &mismatch.origin else { continue };
        // What another probe shows by itself is a finding, and nobody's consequence.
        if let Some(index) = position(&found, (&mismatch.clause, &mismatch.cause)) {
            found[index].count += usize::from(last[index] != outcome.place);
            last[index] = outcome.place;
        } else if let Some(index) = position(&found, (&origin.clause, &origin.cause)) {
            found[index].entail(contract, &mismatch.clause);
        }
    }
    for (outcome, mismatch) in mismatches(shrunk).filter(|(_, mismatch)| mismatch.origin.is_none()) {
        if let Some(index) = position(&found, blame_of(contract, refused, outcome, mismatch)) {
            found[index].take_smaller(contract, outcome, mismatch);
        }
    }
    for finding in &mut found {
        let whole = whole(finding, outcomes);
        finding.line = whole.and_then(|outcome| outcome.probe.expectations.first()?.line);
        finding.case_file = case_file(contract, finding, whole, seed);
        let alone = shrunk_id(&finding.probe.id);
        if finding.is_of_overlap() && shrunk.iter().any(|outcome| outcome.probe.id == alone) {
            finding.mismatch.got = format!("{}; only while others are created, too", finding.mismatch.got.raw()).into();
        }
    }
    found.sort_by_key(|finding| contract.clauses.get_index_of(&finding.clause));
    found
}

fn position(found: &[Finding], blame: Blame<'_>) -> Option<usize> {
    found.iter().position(|finding| (&finding.clause, finding.cause.as_str()) == blame)
}

fn case_file(contract: &Contract, finding: &Finding, whole: Option<&Outcome>, seed: Seed) -> Option<CaseFile> {
    let origin = match finding.probe.phase {
        Phase::Case if is_its_own(contract, finding, whole) => return None,
        // One request alone does not show it.
        Phase::Overlap if finding.is_of_overlap() => return None,
        Phase::Random => format!("{} with seed {seed}", finding.probe.id),
        Phase::Case | Phase::Boundary | Phase::Texts | Phase::Pairs | Phase::Overlap => finding.probe.id.clone(),
    };
    let mismatch = Mismatch { clause: finding.clause.clone(), ..finding.mismatch.clone() };
    match finding.requests.as_slice() {
        [request] => case::write(contract, request, &mismatch, &origin),
        _ => case::write_steps(contract, &finding.probe, &mismatch, &origin),
    }
}

/// Whether the case that shows a finding sends no more than its example, but for a mark.
fn is_its_own(contract: &Contract, finding: &Finding, whole: Option<&Outcome>) -> bool {
    let body = |request: &Request| contract.without_mark(request.body.as_deref().unwrap_or_default());
    let sent = whole.and_then(|outcome| outcome.exchanges.first()).map(|exchange| body(&exchange.request));
    !finding.probe.is_shrunk() || sent == finding.requests.first().map(body)
}

/// The probe of which an example is a smaller form.
fn whole<'a>(finding: &Finding, outcomes: &'a [Outcome]) -> Option<&'a Outcome> {
    let id = whole_id(&finding.probe.id);
    outcomes.iter().find(|outcome| finding.probe.is_shrunk() && outcome.probe.id == id)
}

/// Clause and cause of a mismatch, as the whole run tells them.
pub(super) fn blame_of<'a>(
    contract: &Contract,
    refused: &'a Refused,
    outcome: &Outcome,
    mismatch: &'a Mismatch,
) -> Blame<'a> {
    refused.explain(contract, outcome, mismatch).unwrap_or((&mismatch.clause, &mismatch.cause))
}

pub(super) fn mismatches(outcomes: &[Outcome]) -> impl Iterator<Item = (&Outcome, &Mismatch)> {
    outcomes.iter().flat_map(|outcome| outcome.judgement.mismatches.iter().map(move |mismatch| (outcome, mismatch)))
}

fn requests(outcome: &Outcome, mismatch: &Mismatch) -> Vec<Request> {
    steps(outcome, mismatch).into_iter().map(|step| outcome.exchanges[step].request.clone()).collect()
}

fn answers(outcome: &Outcome, mismatch: &Mismatch) -> Vec<Result<Response, SendError>> {
    steps(outcome, mismatch).into_iter().map(|step| outcome.exchanges[step].outcome.clone()).collect()
}

/// The creation and what came after it up to the mismatch, without the steps that are about other clauses.
fn steps(outcome: &Outcome, mismatch: &Mismatch) -> Vec<usize> {
    let clause = |step: usize| outcome.probe.expectations.get(step).and_then(|expectation| expectation.clause.as_ref());
    let is_needed = |step: &usize| *step == 0 || clause(*step) == clause(mismatch.step);
    (0..outcome.exchanges.len().min(mismatch.step + 1)).filter(is_needed).collect()
}

/// How much there is to read, without the marks; and before that, whether the documentation leaves open what is sent, as such an example convinces nobody where
/// there is another one.
fn size(contract: &Contract, requests: &[Request]) -> (bool, usize) {
    let length = |request: &Request| request.body.as_ref().map_or(0, |body| contract.without_mark(body).len());
    let is_open = |request: &Request| classify(contract, request, &Body::read(request)).kind == Kind::Unspecified;
    (requests.first().is_some_and(is_open), requests.iter().map(|request| 1 + length(request)).sum())
}

/// What nobody documents, as findings of a strict run. `seen` counts all of it, also that of probes that are not kept.
pub(super) fn drift_findings(contract: &Contract, outcomes: &[Outcome], seen: &[(Drift, usize)]) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    for (outcome, drift) in
        outcomes.iter().flat_map(|outcome| outcome.judgement.drift.iter().map(move |drift| (outcome, drift)))
    {
        let same = found.iter().position(|finding| drift.pointer == finding.cause.as_str());
        let others = (found.len() > MOST_DRIFT).then_some(MOST_DRIFT);
        if same.or(others).is_some() {
            continue;
        }
        let (pointer, got) = if found.len() == MOST_DRIFT {
            (Untrusted::default(), "further fields that nobody documents".into())
        } else {
            (drift.pointer.clone(), drift.text.clone())
        };
        let mismatch = Mismatch {
            clause: ClauseId::drift(),
            cause: pointer.raw().to_owned(),
            pointer,
            expected: "nothing that is not documented".into(),
            got,
            step: 0,
            origin: None,
        };
        found.push(Finding {
            clause: ClauseId::drift(),
            cause: mismatch.cause.clone(),
            text: "an answer has no field that nobody documents".to_owned(),
            source: "asked for by --strict; no rule of the documentation".to_owned(),
            count: 1,
            is_intermittent: false,
            probe: Arc::clone(&outcome.probe),
            is_refusal_of_valid: false,
            requests: requests(outcome, &mismatch),
            answers: answers(outcome, &mismatch),
            repeat: Repeat::of(contract, outcome, &steps(outcome, &mismatch)),
            mismatch,
            line: None,
            case_file: None,
            consequences: Vec::new(),
        });
    }
    let of = |pointer: &str| seen.iter().filter(|(drift, _)| drift.pointer == pointer).map(|(_, count)| count).sum();
    let own = found.len().min(MOST_DRIFT);
    let (named, others) = found.split_at_mut(own);
    for finding in &mut *named {
        finding.count = of(&finding.cause);
    }
    for finding in others {
        let all: usize = seen.iter().map(|(_, count)| count).sum();
        finding.count = all.saturating_sub(named.iter().map(|each| each.count).sum());
    }
    found
}
