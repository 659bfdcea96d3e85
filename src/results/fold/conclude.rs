//! From what was kept of a run to what it amounts to.

use std::collections::BTreeSet;

use super::{Fold, Undeleted};
use crate::baseline::Deviation;
use crate::client::{Availability, Cleanup, Leftover};
use crate::judge::Drift;
use crate::probe::Phase;
use crate::results::blame::Refused;
use crate::results::coverage::{Coverage, clauses_of, unsent_text};
use crate::results::finding::{Finding, blame_of, findings, mismatches};
use crate::results::origin::{SuiteName, rows};
use crate::results::overflow::Overflow;
use crate::results::tally::Tally;
use crate::results::{
    Cause, Outcome, ProbeResult, Question, Results, Verdict, baseline, finding, held_back, reconcile,
};
use crate::run::{End, Found, call};

/// What is named as the origin of what was created before the first probe.
const SURVEY: &str = "the look before the run";

/// What is kept, with all that became known of it later.
pub(super) struct Seen {
    pub(super) outcomes: Vec<Outcome>,
    /// The smaller examples.
    pub(super) shrunk: Vec<Outcome>,
    /// What was created beside what a probe asked for that was counted and not kept.
    strays: Vec<Outcome>,
    /// What those of the outcomes were counted as before that were not kept.
    recounted: Vec<Verdict>,
    drift: Tally<Drift>,
    /// What appeared beside what the look before the run, or a smaller example, asked for.
    beside: Cleanup,
}

impl Seen {
    fn cleanups(&self) -> impl Iterator<Item = &Cleanup> {
        self.all().map(|outcome| &outcome.cleanup)
    }

    fn all(&self) -> impl Iterator<Item = &Outcome> {
        self.outcomes.iter().chain(&self.shrunk).chain(&self.strays)
    }

    fn recounted(&self, as_what: Verdict) -> usize {
        self.recounted.iter().filter(|verdict| **verdict == as_what).count()
    }
}

impl Fold {
    /// What is kept, with all that became known of it later. `run` is the text that no other run has.
    pub(super) fn seen(&self, run: &str) -> Seen {
        let contract = self.contract();
        let mut outcomes: Vec<_> = self.kept.values().map(|kept| Outcome::of(&kept.record, &kept.broken)).collect();
        for Undeleted { place, deletion, read, after } in &self.undeleted {
            if let Some(outcome) = outcomes.iter_mut().find(|outcome| outcome.place == *place) {
                reconcile::undeleted(contract, outcome, deletion, read, *after);
            }
        }
        let mut shrunk = self.shrunk.clone();
        let stock = self.stock.as_deref();
        let unasked = stock.map(|stock| reconcile::reconcile(contract, run, &mut outcomes, &mut shrunk, stock));
        let (strays, recounted, drift) = (Vec::new(), Vec::new(), self.drift.clone());
        let mut seen = Seen { outcomes, shrunk, strays, recounted, drift, beside: Cleanup::default() };
        for found in unasked.into_iter().flatten() {
            self.add_unasked(&mut seen, found, run);
        }
        held_back::decide(contract, &self.turned_away, &mut seen.outcomes, &mut seen.shrunk);
        seen.outcomes.sort_by_key(|outcome| outcome.place);
        let gone = stock.iter().copied().flatten().filter(|found| found.appeared.is_removed);
        let gone: BTreeSet<&String> = self.gone.iter().chain(gone.map(|found| &found.appeared.id)).collect();
        for outcome in seen.outcomes.iter_mut().chain(&mut seen.shrunk).chain(&mut seen.strays) {
            reconcile::drop_removed(outcome, &gone);
        }
        seen
    }

    /// Adds what holds the mark of a probe and that no answer told of: a refusal created it, or it came beside what was asked for.
    fn add_unasked(&self, seen: &mut Seen, found: &Found, run: &str) {
        let Some((place, probe)) = &found.origin else {
            seen.beside.created += 1;
            seen.beside.removed += usize::from(found.appeared.is_removed);
            seen.drift.add(&reconcile::unasked_drift());
            return;
        };
        let mut known = seen.outcomes.iter_mut().chain(&mut seen.strays);
        if let Some(outcome) = known.find(|outcome| outcome.place == *place) {
            reconcile::count_unasked(outcome, &found.appeared);
            seen.drift.add(&reconcile::unasked_drift());
            return;
        }
        let refusal = self.refusals.iter().find(|refusal| refusal.place() == *place);
        let accused = refusal.and_then(|refusal| reconcile::refused(self.contract(), *refusal, found, run));
        if let Some((refusal, outcome)) = refusal.zip(accused) {
            seen.recounted.push(refusal.counted);
            seen.outcomes.push(outcome);
            return;
        }
        let mut stray = Outcome::bare(*place, probe);
        reconcile::count_unasked(&mut stray, &found.appeared);
        seen.drift.add(&reconcile::unasked_drift());
        seen.strays.push(stray);
    }

    /// What is left, with the probe that created it.
    pub(super) fn leftovers(&self, seen: &Seen) -> Vec<(String, Leftover)> {
        let mut left = reconcile::leftovers(seen.all(), self.stock.iter().flatten(), &self.gone);
        for leftover in self.survey_with_stock().leftovers {
            left.retain(|(_, known)| *known != leftover);
            left.push((SURVEY.to_owned(), leftover));
        }
        left.extend(self.listed.iter().map(|id| (String::new(), Leftover::Listed(id.as_str().into()))));
        left
    }

    /// What became of what was created before the first probe, with what the end of the run has shown.
    fn survey_with_stock(&self) -> Cleanup {
        let stock = self.stock.iter().flatten().filter(|found| found.appeared.is_removed);
        let gone: BTreeSet<&String> = self.gone.iter().chain(stock.map(|found| &found.appeared.id)).collect();
        let mut cleanup = self.survey.cleanup.clone();
        reconcile::drop_gone(&mut cleanup, &gone);
        if self.stock.is_some() && self.contract().marks().next().is_some() {
            // What carried a mark is told by the list, whatever became of its answer.
            cleanup.leftovers.retain(|left| !matches!(left, Leftover::Unknown | Leftover::Unnamed));
        }
        cleanup
    }

    /// A number of all clean-ups that are not counted yet.
    fn sum(&self, seen: &Seen, number: impl Fn(&Cleanup) -> usize) -> usize {
        let others = number(&self.survey_with_stock()) + number(&seen.beside);
        seen.cleanups().map(&number).sum::<usize>() + others
    }

    /// The calls that the target does not have, or refuses.
    fn calls(&self) -> Vec<(String, Availability)> {
        let contract = self.contract();
        let missing = self.survey.calls.missing();
        missing.map(|(operation, availability)| (call(&contract.operations[operation]), availability)).collect()
    }

    /// What the run amounts to.
    pub fn finish(&self, end: &End) -> Results {
        let contract = self.contract();
        let Question { is_strict, is_stub, baseline: known } = &self.question;
        let seen = self.seen(&end.run_id);
        let refused = self.refused(&seen.outcomes, &seen.shrunk);
        let verdicts = baseline::verdicts(known, contract, &refused, &seen.outcomes, *is_strict);
        let count = |verdict| verdicts.iter().filter(|each| **each == verdict).count();
        let deviations = self.deviations(&refused, &seen.outcomes);
        let coverage = self.coverage_with(&refused, &seen.outcomes);
        let unsent = self.unsent(end);
        let is_whole = unsent.is_empty() && self.excluded.is_empty() && self.selection.shard.is_none();
        // What is left out might show it.
        let stale = if is_whole { self.stale(&deviations, &coverage) } else { Vec::new() };
        let not_assessed = coverage.not_assessed(contract, end.ending, &self.excluded);
        Results {
            title: contract.title.clone(),
            suite: SuiteName::of(&self.suite),
            endpoint: end.endpoint.clone(),
            is_stub: *is_stub,
            login: end.login.clone(),
            has_token: end.has_token,
            route: end.route.clone(),
            scheme: end.scheme.clone(),
            seed: self.selection.seed,
            shard: self.selection.shard.map(|shard| (shard, self.fingerprint)),
            planned: self.planned + self.skipped_cases.probes.len(),
            phases: self.all_phases(),
            passed: self.passed + count(Verdict::Pass) - seen.recounted(Verdict::Pass),
            failed: self.beyond_kept(|more| more.failed) + count(Verdict::Fail) - seen.recounted(Verdict::Fail),
            known: self.beyond_kept(|more| more.known) + count(Verdict::Known) - seen.recounted(Verdict::Known),
            probes: self.all_probes(self.probes.in_order(contract, &refused, &seen.outcomes, &verdicts)),
            further_probes: self.probes.further(),
            findings: self.all_findings(&refused, &seen),
            deviations,
            stale,
            expired: known.expired().to_vec(),
            is_strict: *is_strict,
            inconclusive: self.inconclusive_with(&seen.outcomes, &verdicts),
            skipped: [self.skipped_cases.causes.clone(), self.skipped.in_order()].concat(),
            unsent,
            choices: self.choices.counts(),
            drift: seen.drift.counts(),
            assessed: contract.clauses.len() - not_assessed.len(),
            clauses: contract.clauses.len(),
            not_assessed,
            coverage: rows(&self.suite, &coverage),
            created: self.created + self.sum(&seen, |cleanup| cleanup.created),
            removed: self.removed + self.sum(&seen, |cleanup| cleanup.removed),
            staying: self.staying + self.sum(&seen, |cleanup| cleanup.staying),
            calls: self.calls(),
            leftovers: self.leftovers(&seen),
            excluded: self.excluded.iter().filter(|each| each.skipped.is_none()).cloned().collect(),
            unlisted: self.unlisted,
            bounds: end.bounds,
            ledger: end.ledger.clone(),
            requests: end.requests,
            first_requests: end.first_requests,
            latency: self.latencies.all(contract),
            elapsed: end.elapsed,
            ending: end.ending,
        }
    }

    /// Why probes were inconclusive, those of these outcomes among them.
    fn inconclusive_with(&self, outcomes: &[Outcome], verdicts: &[Verdict]) -> Vec<Cause> {
        let mut causes = self.inconclusive.clone();
        for (outcome, _) in outcomes.iter().zip(verdicts).filter(|(_, verdict)| **verdict == Verdict::Inconclusive) {
            let why = outcome.judgement.inconclusive.clone().unwrap_or_default();
            causes.add(why, outcome.place, &outcome.probe.id);
        }
        causes.in_order()
    }

    /// Whom to blame for refusals. Where failures were counted and not kept, it is what they were counted by, so that each has its finding.
    pub(super) fn refused(&self, outcomes: &[Outcome], shrunk: &[Outcome]) -> Refused {
        match &self.overflow {
            Some(overflow) => overflow.refused.clone(),
            None => Refused::of(self.contract(), &self.taken, outcomes, shrunk),
        }
    }

    /// Every finding, those of what nobody documents in a strict run among them.
    fn all_findings(&self, refused: &Refused, seen: &Seen) -> Vec<Finding> {
        let (contract, known) = (self.contract(), &self.question.baseline);
        let mut findings = findings(contract, refused, &seen.outcomes, &seen.shrunk, self.selection.seed);
        self.answered.tell(contract, refused, &seen.outcomes, &mut findings);
        findings.retain(|finding| !known.covers(&finding.clause, &finding.cause));
        for finding in &mut findings {
            finding.count += self.beyond_kept(|more| more.showing(&finding.clause, &finding.cause));
        }
        if self.question.is_strict {
            let drifting = [seen.outcomes.as_slice(), &seen.strays].concat();
            findings.extend(finding::drift_findings(contract, &drifting, &seen.drift.counts()));
        }
        findings
    }

    /// The deviations that are known and were not seen.
    fn stale(&self, seen: &[(Deviation, usize)], coverage: &Coverage) -> Vec<Deviation> {
        baseline::stale(&self.question.baseline, seen, &self.tried, &self.selection, coverage)
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

    /// What was assessed, with what became known of these outcomes later, and with whom to blame.
    fn coverage_with(&self, refused: &Refused, outcomes: &[Outcome]) -> Coverage {
        let mut coverage = self.coverage.clone();
        for outcome in outcomes {
            let kept = self.kept.get(&outcome.place);
            let counted = kept.map(|kept| clauses_of(&kept.record.judgement, &kept.broken)).unwrap_or_default();
            let own = mismatches(std::slice::from_ref(outcome)).filter(|(_, mismatch)| mismatch.origin.is_none());
            let blamed = own.map(|(outcome, mismatch)| blame_of(self.contract(), refused, outcome, mismatch).0);
            coverage.assessed_later(&outcome.judgement, blamed, &counted);
        }
        for (clause, count) in self.overflow.iter().flat_map(Overflow::assessed) {
            coverage.add(clause, count);
        }
        coverage
    }

    /// How many probes of each phase there were; what its author skips was one, too.
    fn all_phases(&self) -> Vec<(Phase, usize)> {
        let mut phases = self.phases.clone();
        for probe in &self.skipped_cases.probes {
            *phases.entry(probe.phase).or_default() += 1;
        }
        phases.into_iter().collect()
    }

    /// What was performed, and behind the cases those that are skipped.
    fn all_probes(&self, mut performed: Vec<ProbeResult>) -> Vec<ProbeResult> {
        let cases = performed.partition_point(|probe| probe.phase == Phase::Case);
        performed.splice(cases..cases, self.skipped_cases.probes.iter().cloned());
        performed
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
