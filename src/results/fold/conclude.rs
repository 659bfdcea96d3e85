//! From what was kept of a run to what it amounts to.

use std::collections::BTreeSet;

use super::{Fold, Undeleted};
use crate::baseline::Deviation;
use crate::judge::Drift;
use crate::results::blame::Refused;
use crate::results::coverage::{Coverage, unsent_text};
use crate::results::finding::{Finding, findings};
use crate::results::overflow::Overflow;
use crate::results::tally::Tally;
use crate::results::{Cause, Outcome, Question, Results, Verdict, baseline, finding, reconcile};
use crate::run::End;

/// What is kept, with all that became known of it later.
pub(super) struct Seen {
    pub(super) outcomes: Vec<Outcome>,
    /// The smaller examples.
    pub(super) shrunk: Vec<Outcome>,
    /// How many hold of the others.
    passed: usize,
    drift: Tally<Drift>,
}

impl Fold {
    /// What is kept, with all that became known of it later. `run` is the text that no other run has.
    pub(super) fn seen(&self, run: &str) -> Seen {
        let contract = self.contract();
        let mut outcomes: Vec<_> = self.kept.values().map(|kept| Outcome::of(&kept.record, &kept.broken)).collect();
        let (mut shrunk, mut drift, mut late) = (self.shrunk.clone(), self.drift.clone(), Vec::new());
        for Undeleted { place, deletion, read, after } in &self.undeleted {
            if let Some(outcome) = outcomes.iter_mut().find(|outcome| outcome.place == *place) {
                reconcile::undeleted(contract, outcome, deletion, read, *after);
            }
        }
        let stock = self.stock.as_deref();
        let unasked = stock.map(|stock| reconcile::reconcile(contract, run, &mut outcomes, &mut shrunk, stock));
        for found in unasked.into_iter().flatten() {
            if let Some(outcome) = reconcile::refused(contract, &self.refusals, found, run) {
                late.push(outcome);
            } else if found.origin.is_some() {
                late.extend(reconcile::count_unasked(&mut outcomes, found));
                drift.add(&reconcile::unasked_drift());
            }
        }
        let passed = self.passed.saturating_sub(late.len());
        outcomes.extend(late);
        outcomes.sort_by_key(|outcome| outcome.place);
        let gone = stock.iter().copied().flatten().filter(|found| found.appeared.is_removed);
        let gone: BTreeSet<&String> = self.gone.iter().chain(gone.map(|found| &found.appeared.id)).collect();
        for outcome in outcomes.iter_mut().chain(&mut shrunk) {
            reconcile::drop_removed(outcome, &gone);
        }
        Seen { outcomes, shrunk, passed, drift }
    }

    /// What the run amounts to.
    pub fn finish(&self, end: &End) -> Results {
        let contract = self.contract();
        let Question { is_strict, is_stub, baseline: known } = &self.question;
        let Seen { outcomes, shrunk, passed, drift } = self.seen(&end.run_id);
        let refused = self.refused(&outcomes, &shrunk);
        let findings = self.all_findings(&refused, &outcomes, &shrunk);
        let verdicts = baseline::verdicts(known, contract, &refused, &outcomes, *is_strict);
        let count = |verdict| verdicts.iter().filter(|each| **each == verdict).count();
        let seen = self.deviations(&refused, &outcomes);
        let coverage = self.coverage_with(&outcomes);
        let unsent = self.unsent(end);
        let stale = match unsent.as_slice() {
            [] => baseline::stale(known, &seen, &self.tried, &self.selection, &coverage),
            _ => Vec::new(),
        };
        let not_assessed = coverage.not_assessed(contract, end.ending, &self.excluded);
        let cleanups = || outcomes.iter().chain(&shrunk).map(|outcome| &outcome.cleanup);
        Results {
            title: contract.title.clone(),
            endpoint: end.endpoint.clone(),
            is_stub: *is_stub,
            login: end.login.clone(),
            has_token: end.has_token,
            route: end.route.clone(),
            token_header: contract.token.header.clone(),
            seed: self.selection.seed,
            planned: self.planned,
            phases: self.phases.iter().map(|(phase, count)| (*phase, *count)).collect(),
            passed: passed + count(Verdict::Pass),
            failed: count(Verdict::Fail) + self.beyond_kept(|more| more.failed),
            known: count(Verdict::Known) + self.beyond_kept(|more| more.known),
            findings,
            deviations: seen,
            stale,
            is_strict: *is_strict,
            inconclusive: self.inconclusive.in_order(),
            skipped: self.skipped.in_order(),
            unsent,
            choices: self.choices.counts(),
            drift: drift.counts(),
            assessed: contract.clauses.len() - not_assessed.len(),
            clauses: contract.clauses.len(),
            not_assessed,
            created: self.created + cleanups().map(|cleanup| cleanup.created).sum::<usize>(),
            removed: self.removed + cleanups().map(|cleanup| cleanup.removed).sum::<usize>(),
            leftovers: reconcile::leftovers(outcomes.iter().chain(&shrunk), self.stock.iter().flatten(), &self.gone),
            excluded: self.excluded.clone(),
            unlisted: self.unlisted,
            bounds: end.bounds,
            ledger: end.ledger.clone(),
            requests: end.requests,
            first_requests: end.first_requests,
            elapsed: end.elapsed,
            ending: end.ending,
        }
    }

    /// Whom to blame for refusals. Where failures were counted and not kept, it is what they were counted by, so that each has its finding.
    pub(super) fn refused(&self, outcomes: &[Outcome], shrunk: &[Outcome]) -> Refused {
        match &self.overflow {
            Some(overflow) => overflow.refused.clone(),
            None => Refused::of(self.contract(), &self.taken, outcomes, shrunk),
        }
    }

    /// Every finding, those of what nobody documents in a strict run among them.
    fn all_findings(&self, refused: &Refused, outcomes: &[Outcome], shrunk: &[Outcome]) -> Vec<Finding> {
        let (contract, known) = (self.contract(), &self.question.baseline);
        let mut findings = findings(contract, refused, outcomes, shrunk, self.selection.seed);
        findings.retain(|finding| !known.covers(&finding.clause, &finding.cause));
        for finding in &mut findings {
            finding.count += self.beyond_kept(|more| more.showing(&finding.clause, &finding.cause));
        }
        if self.question.is_strict {
            findings.extend(finding::drift_findings(contract, outcomes));
        }
        findings
    }

    /// The deviations that were seen, each with how many probes show it.
    fn deviations(&self, refused: &Refused, outcomes: &[Outcome]) -> Vec<(Deviation, usize)> {
        let mut seen = baseline::seen(&self.question.baseline, self.contract(), refused, outcomes);
        for (deviation, count) in &mut seen {
            *count += self.beyond_kept(|more| more.deviating(deviation));
        }
        seen
    }

    /// A count of what is not kept.
    fn beyond_kept(&self, count: impl Fn(&Overflow) -> usize) -> usize {
        self.overflow.as_ref().map_or(0, count)
    }

    /// What was assessed, with what became known of these outcomes later.
    fn coverage_with(&self, outcomes: &[Outcome]) -> Coverage {
        let mut coverage = self.coverage.clone();
        for outcome in outcomes {
            coverage.assessed(&outcome.judgement, &[]);
        }
        coverage
    }

    /// Why probes were not sent although they were to be, each cause once.
    fn unsent(&self, end: &End) -> Vec<Cause> {
        let mut unsent = self.beyond.clone();
        let rest = self.planned.saturating_sub(self.phases.values().sum::<usize>() + self.beyond.count());
        if let Some((place, probe)) = self.first_unsent.as_ref().filter(|_| rest > 0) {
            unsent.add_many(unsent_text(end.ending), *place, probe, rest);
        }
        unsent.in_order()
    }
}
