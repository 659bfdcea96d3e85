//! Requests that were answered rightly after equal ones were answered wrongly: what these show comes now and then.
//!
//! Requests are equal that differ in nothing but the text of their mark. Only the first request of a probe counts, and of what it shows only what the contract
//! asks of each such answer: what a single case expects beyond that, and what only the answers before make wrong, an equal request does not show.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::Outcome;
use super::blame::{Refused, marked};
use super::finding::{Finding, blame_of, mismatches};
use crate::contract::{Contract, NOW_AND_THEN};
use crate::exchange::{Exchange, Request};
use crate::judge::{Body, Kind, Mismatch, classify};
use crate::probe::Expectation;
use crate::run::Record;

/// What came of each request that was answered wrongly.
#[derive(Debug, Default)]
pub(super) struct AnsweredRightly(HashMap<u64, Since>);

/// So many different requests are remembered; a server that answers everything wrongly is sent any number of them.
const MOST: usize = 20_000;

/// What came of equal requests since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Since {
    Nothing,
    RightAnswer,
}

impl AnsweredRightly {
    /// Adds the next record.
    pub(super) fn add(&mut self, contract: &Contract, record: &Record) {
        let Some(request) = first(&record.exchanges).filter(|_| record.judgement.inconclusive.is_none()) else {
            return;
        };
        let mut mismatches = record.judgement.mismatches.iter();
        if mismatches.any(|mismatch| mismatch.step == 0) {
            let request = fingerprint(contract, request);
            if self.0.len() < MOST {
                self.0.entry(request).or_insert(Since::Nothing);
            }
        } else if record.judgement.mismatches.is_empty()
            && !self.0.is_empty()
            && let Some(since) = self.0.get_mut(&fingerprint(contract, request))
        {
            *since = Since::RightAnswer;
        }
    }

    /// Tells of these findings which come now and then. What shows only while others are created comes then, and says so.
    pub(super) fn tell(&self, contract: &Contract, refused: &Refused, outcomes: &[Outcome], findings: &mut [Finding]) {
        for finding in findings.iter_mut() {
            finding.is_intermittent = finding.cause == NOW_AND_THEN;
        }
        for (outcome, mismatch) in
            mismatches(outcomes).filter(|(outcome, mismatch)| self.has(contract, outcome, mismatch))
        {
            let blame = blame_of(contract, refused, outcome, mismatch);
            let mut findings = findings.iter_mut().filter(|finding| !finding.is_of_overlap());
            if let Some(finding) = findings.find(|finding| (&finding.clause, finding.cause.as_str()) == blame) {
                finding.is_intermittent = true;
            }
        }
    }

    /// Whether an equal request was answered rightly since, and a right answer to it does not have what is wrong in this one.
    fn has(&self, contract: &Contract, outcome: &Outcome, mismatch: &Mismatch) -> bool {
        let is_of_answers_before = || {
            let mut observed = outcome.judgement.observations.iter();
            observed.any(|observation| observation.clause == mismatch.clause)
        };
        let is_own = mismatch.step == 0 && mismatch.origin.is_none() && !is_of_answers_before();
        let Some(request) = first(&outcome.exchanges).filter(|_| is_own && !self.0.is_empty()) else { return false };
        self.0.get(&fingerprint(contract, request)) == Some(&Since::RightAnswer)
            && !outcome.probe.expectations.first().is_some_and(expects_more)
            && classify(contract, request, &Body::read(request)).kind != Kind::Unspecified
    }
}

fn first(exchanges: &[Exchange]) -> Option<&Request> {
    exchanges.first().map(|exchange| &exchange.request)
}

/// Whether a case expects more of an answer than the contract says of each.
fn expects_more(expectation: &Expectation) -> bool {
    let Expectation { body, any_of, same_as, headers, lists_none, .. } = expectation;
    !body.is_empty() || !any_of.is_empty() || same_as.is_some() || !headers.is_empty() || *lists_none
}

/// What equal requests have in common: all but the text of a mark, and where that stands.
fn fingerprint(contract: &Contract, request: &Request) -> u64 {
    let body = request.body.as_deref().unwrap_or_default();
    let fields = serde_json::from_slice(body).ok();
    let place = fields.as_ref().and_then(|fields| marked(contract, fields));
    let mut hasher = DefaultHasher::new();
    (&request.method, &request.path, &request.headers, request.credential.name()).hash(&mut hasher);
    (contract.without_mark(body), place).hash(&mut hasher);
    hasher.finish()
}
