//! What a run showed, as a pure function of its outcomes.

pub mod curl;
pub mod terminal;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::contract::{Assessment, Contract};
use crate::exchange::Request;
use crate::judge::{Choice, Drift, Mismatch};
use crate::probe::Probe;
use crate::run::{Ending, Outcome, Run, Verdict};
use crate::target::Leftover;

/// Everything that a report shows, in the order in which it shows it.
#[derive(Debug)]
pub struct Report {
    /// Name of the API.
    pub title: String,
    /// Where the requests went.
    pub endpoint: String,
    /// Whether requests carried a token.
    pub has_token: bool,
    /// The header that carries it.
    pub token_header: String,
    /// How many probes the plan had.
    pub planned: usize,
    /// How many hold.
    pub passed: usize,
    /// How many show a broken clause.
    pub failed: usize,
    /// Broken clauses, each once, in the order of the contract.
    pub findings: Vec<Finding>,
    /// Why probes were inconclusive, each cause once.
    pub inconclusive: Vec<Cause>,
    /// Why probes were skipped, each cause once.
    pub skipped: Vec<Cause>,
    /// What the target chose where the documentation leaves a choice, with how often.
    pub choices: Vec<(Choice, usize)>,
    /// What nobody documents, with how often.
    pub drift: Vec<(Drift, usize)>,
    /// How many clauses were assessed.
    pub assessed: usize,
    /// How many clauses the contract has.
    pub clauses: usize,
    /// Clauses that were not assessed, and why.
    pub not_assessed: Vec<(String, String)>,
    /// How many resources were created.
    pub created: usize,
    /// What could not be removed, with the probe that created it.
    pub leftovers: Vec<(String, Leftover)>,
    /// How many requests were sent.
    pub requests: u64,
    /// How long the run took.
    pub elapsed: Duration,
    /// How it ended.
    pub ending: Ending,
}

/// A broken clause, with the smallest example of it.
#[derive(Debug)]
pub struct Finding {
    /// Id of the clause.
    pub clause: String,
    /// The clause in words.
    pub text: String,
    /// Where the documentation has it.
    pub source: String,
    /// How many probes show it.
    pub count: usize,
    /// The probe of the example.
    pub probe: Arc<Probe>,
    /// What was wrong in the example.
    pub mismatch: Mismatch,
    /// The requests of the example, up to the one that was answered wrongly.
    pub requests: Vec<Request>,
}

/// A cause that several probes share.
#[derive(Debug, PartialEq, Eq)]
pub struct Cause {
    /// The cause in words.
    pub text: String,
    /// How many probes.
    pub count: usize,
    /// One of them.
    pub example: String,
}

/// Clause of a finding that only strict runs make.
const DRIFT: &str = "drift";

impl Report {
    /// Makes the report of a run.
    pub fn new(contract: &Contract, endpoint: &str, has_token: bool, run: &Run, is_strict: bool) -> Self {
        let outcomes = &run.outcomes;
        let count = |verdict| outcomes.iter().filter(|outcome| outcome.verdict == verdict).count();
        let judgements = || outcomes.iter().map(|outcome| &outcome.judgement);
        let mut findings = findings(contract, outcomes);
        if is_strict {
            findings.extend(drift_findings(outcomes));
        }
        let not_assessed = not_assessed(contract, outcomes);
        Self {
            title: contract.title.clone(),
            endpoint: endpoint.to_owned(),
            has_token,
            token_header: contract.token.header.clone(),
            planned: run.planned,
            passed: count(Verdict::Pass),
            failed: count(Verdict::Fail),
            findings,
            inconclusive: causes(outcomes, Verdict::Inconclusive),
            skipped: causes(outcomes, Verdict::Skipped),
            choices: tally(judgements().flat_map(|judgement| judgement.choices.iter().cloned())),
            drift: tally(judgements().flat_map(|judgement| judgement.drift.iter().cloned())),
            assessed: contract.clauses.len() - not_assessed.len(),
            clauses: contract.clauses.len(),
            not_assessed,
            created: outcomes.iter().map(|outcome| outcome.cleanup.created).sum(),
            leftovers: outcomes
                .iter()
                .flat_map(|outcome| {
                    outcome.cleanup.leftovers.iter().map(|left| (outcome.probe.id.clone(), left.clone()))
                })
                .collect(),
            requests: run.requests,
            elapsed: run.elapsed,
            ending: run.ending,
        }
    }
}

fn findings(contract: &Contract, outcomes: &[Outcome]) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    let mismatches = outcomes
        .iter()
        .flat_map(|outcome| outcome.judgement.mismatches.iter().map(move |mismatch| (outcome, mismatch)));
    for (outcome, mismatch) in mismatches {
        let requests: Vec<_> =
            outcome.exchanges.iter().take(mismatch.step + 1).map(|exchange| exchange.request.clone()).collect();
        let same = found
            .iter_mut()
            .find(|finding| finding.clause == mismatch.clause && finding.mismatch.cause == mismatch.cause);
        if let Some(finding) = same {
            finding.count += 1;
            if size(&requests) < size(&finding.requests) {
                (finding.probe, finding.mismatch, finding.requests) =
                    (Arc::clone(&outcome.probe), mismatch.clone(), requests);
            }
            continue;
        }
        let clause = contract.clauses.get(&mismatch.clause);
        found.push(Finding {
            clause: mismatch.clause.clone(),
            text: clause.map(|clause| clause.text.clone()).unwrap_or_default(),
            source: clause.map(|clause| clause.source.clone()).unwrap_or_default(),
            count: 1,
            probe: Arc::clone(&outcome.probe),
            mismatch: mismatch.clone(),
            requests,
        });
    }
    found.sort_by_key(|finding| contract.clauses.get_index_of(&finding.clause));
    found
}

fn size(requests: &[Request]) -> usize {
    requests.iter().map(|request| 1 + request.body.as_ref().map_or(0, Vec::len)).sum()
}

fn drift_findings(outcomes: &[Outcome]) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    for outcome in outcomes {
        for drift in &outcome.judgement.drift {
            if let Some(finding) = found.iter_mut().find(|finding| finding.mismatch.pointer == drift.pointer) {
                finding.count += 1;
                continue;
            }
            found.push(Finding {
                clause: DRIFT.to_owned(),
                text: "an answer has no field that nobody documents".to_owned(),
                source: "asked for by --strict; no rule of the documentation".to_owned(),
                count: 1,
                probe: Arc::clone(&outcome.probe),
                mismatch: Mismatch {
                    clause: DRIFT.to_owned(),
                    cause: drift.pointer.clone(),
                    pointer: drift.pointer.clone(),
                    expected: "nothing that is not documented".to_owned(),
                    got: drift.text.clone(),
                    step: 0,
                },
                requests: outcome.exchanges.iter().take(1).map(|exchange| exchange.request.clone()).collect(),
            });
        }
    }
    found
}

fn causes(outcomes: &[Outcome], verdict: Verdict) -> Vec<Cause> {
    let mut causes: Vec<Cause> = Vec::new();
    for outcome in outcomes.iter().filter(|outcome| outcome.verdict == verdict) {
        let text = outcome.judgement.inconclusive.clone().unwrap_or_default();
        match causes.iter_mut().find(|cause| cause.text == text) {
            Some(cause) => cause.count += 1,
            None => causes.push(Cause { text, count: 1, example: outcome.probe.id.clone() }),
        }
    }
    causes
}

fn tally<T: Ord>(items: impl Iterator<Item = T>) -> Vec<(T, usize)> {
    let mut counts = BTreeMap::new();
    for item in items {
        *counts.entry(item).or_insert(0) += 1;
    }
    counts.into_iter().collect()
}

fn not_assessed(contract: &Contract, outcomes: &[Outcome]) -> Vec<(String, String)> {
    let is_assessed = |id: &str| outcomes.iter().any(|outcome| outcome.judgement.assessed.contains(id));
    let missing = contract.clauses.values().filter(|clause| !is_assessed(&clause.id));
    missing
        .map(|clause| {
            let reason = match &clause.assessment {
                Assessment::Never(reason) => reason.clone(),
                Assessment::WhenPresent => "no answer had the field".to_owned(),
                Assessment::Always => {
                    let mut about = outcomes.iter().filter(|outcome| outcome.probe.clauses.contains(&clause.id));
                    match about.next() {
                        Some(_) => "the probes about it were inconclusive, skipped, or ended before it".to_owned(),
                        None => "no probe of this run is about it".to_owned(),
                    }
                }
            };
            (clause.id.clone(), reason)
        })
        .collect()
}
