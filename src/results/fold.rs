//! Takes the events of a run as they come, and keeps of each what the end may need: the whole of what failed or left something, a few bytes of what was
//! refused, and counts of the rest.

mod conclude;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use conclude::Seen;

use super::answered_rightly::AnsweredRightly;
use super::blame::{Refused, Taken};
use super::coverage::{Coverage, beyond_text};
use super::finding::{Finding, findings};
use super::held_back::TurnedAway;
use super::latency::Latencies;
use super::outcome::verdict;
use super::overflow::Overflow;
use super::probes::{ProbeResults, ProbeVerdict};
use super::reconcile::Refusal;
use super::skipped_cases::SkippedCases;
use super::tally::{Causes, Tally};
use super::{Outcome, RunInvariants, Verdict};
use crate::baseline::{Baseline, Tried};
use crate::client::Unlisted;
use crate::contract::Contract;
use crate::exchange::Exchange;
use crate::judge::{Drift, Mismatch, ObservedBehaviour};
use crate::plan::{Excluded, Plan, Seed, Selection};
use crate::probe::{Phase, Probe};
use crate::run::{Event, Found, Place, Record, Survey};
use crate::suite::Suite;

/// What the results of a run are to answer.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// Whether what nobody documents, and known deviations that are stale, make the run fail.
    pub is_strict: bool,
    /// Whether the target is the stub inside the program.
    pub is_stub: bool,
    /// The deviations that are known of the target.
    pub baseline: Baseline,
}

/// So many probes are kept whole; a target that fails more is not better known by them.
const MOST_KEPT: usize = 3_000;

/// What was seen of a run so far.
#[derive(Debug)]
pub struct Fold {
    suite: Arc<Suite>,
    question: Question,
    selection: Selection,
    /// What tells the plan from another one.
    fingerprint: u64,
    excluded: Vec<Excluded>,
    skipped_cases: SkippedCases,
    planned: usize,
    survey: Survey,
    invariants: RunInvariants,
    coverage: Coverage,
    taken: Taken,
    turned_away: TurnedAway,
    answered: AnsweredRightly,
    tried: Tried,
    phases: BTreeMap<Phase, usize>,
    probes: ProbeResults,
    /// How many hold of those that are not kept.
    passed: usize,
    created: usize,
    removed: usize,
    /// How many stay, as the target has no call that removes them.
    staying: usize,
    inconclusive: Causes,
    skipped: Causes,
    beyond: Causes,
    /// The first probe whose turn did not come.
    first_unsent: Option<(Place, String)>,
    latencies: Latencies,
    choices: Tally<ObservedBehaviour>,
    drift: Tally<Drift>,
    /// What failed, or left something, or may still be shown to have created something in several steps.
    kept: BTreeMap<Place, Kept>,
    overflow: Option<Overflow>,
    shrunk: Vec<Outcome>,
    refusals: Vec<Refusal>,
    undeleted: Vec<Undeleted>,
    /// What is there and was not before; `None` as long as, or where, that is not known.
    stock: Option<Vec<Found>>,
    unlisted: Option<Unlisted>,
    gone: BTreeSet<String>,
    /// What the list goes on showing, although no read finds it.
    listed: Vec<String>,
}

/// Something that the clean-up of a probe could not remove.
#[derive(Debug)]
pub(crate) struct Left {
    /// The place of the probe.
    pub(crate) place: Place,
    /// Its id.
    pub(crate) id: String,
    /// Whether it was asked for in a state that must be released before it can be removed.
    pub(crate) was_held: bool,
    /// Its deletion, where that was answered with success.
    pub(crate) deletion: Option<Exchange>,
}

/// A record, and what it breaks of the invariants of the run.
#[derive(Debug)]
struct Kept {
    record: Record,
    broken: Vec<Mismatch>,
}

/// What was deleted and is found long after.
#[derive(Debug)]
struct Undeleted {
    place: Place,
    deletion: Exchange,
    read: Exchange,
    after: Duration,
}

impl Fold {
    /// Nothing was seen yet of a run of this plan.
    pub fn new(suite: &Arc<Suite>, plan: &Plan, question: Question) -> Self {
        Self {
            suite: Arc::clone(suite),
            selection: plan.selection().clone(),
            fingerprint: plan.fingerprint(),
            excluded: plan.excluded().to_vec(),
            skipped_cases: SkippedCases::of(plan),
            planned: plan.len(),
            survey: Survey::default(),
            coverage: Coverage::of(plan.clauses().clone()),
            tried: Tried::new(!question.baseline.is_empty()),
            question,
            invariants: RunInvariants::default(),
            taken: Taken::default(),
            turned_away: TurnedAway::default(),
            answered: AnsweredRightly::default(),
            phases: BTreeMap::new(),
            probes: ProbeResults::default(),
            passed: 0,
            created: 0,
            removed: 0,
            staying: 0,
            inconclusive: Causes::default(),
            skipped: Causes::default(),
            beyond: Causes::default(),
            first_unsent: None,
            latencies: Latencies::default(),
            choices: Tally::default(),
            drift: Tally::default(),
            kept: BTreeMap::new(),
            overflow: None,
            shrunk: Vec::new(),
            refusals: Vec::new(),
            undeleted: Vec::new(),
            stock: None,
            unlisted: None,
            gone: BTreeSet::new(),
            listed: Vec::new(),
        }
    }

    /// Adds an event. `was_there` says whether an id was there before the run.
    pub fn add(&mut self, event: Event, was_there: impl Fn(&str) -> bool) {
        match event {
            Event::Surveyed(survey) => self.survey = survey,
            Event::Performed(record) => self.add_record(record, was_there),
            Event::Skipped { place, probe, why } => {
                self.turn_came(&probe);
                self.probes.not_sent(place, &probe, ProbeVerdict::Skipped, why);
                self.skipped.add(why.to_owned(), place, &probe.id);
                self.coverage.ended(&probe, place, Some(&format!("its probes were skipped: {why}")));
            }
            Event::Unsent { place, probe, beyond: Some(spent) } => {
                self.coverage.beyond(&probe, spent);
                let why = beyond_text(spent);
                self.probes.not_sent(place, &probe, ProbeVerdict::Unsent, &why);
                self.beyond.add(why, place, &probe.id);
            }
            Event::Unsent { place, probe, beyond: None } => {
                if self.first_unsent.as_ref().is_none_or(|(first, _)| place < *first) {
                    self.first_unsent = Some((place, probe.id.clone()));
                }
            }
            Event::Shrunk(record) => {
                self.answered.add(&self.suite.contract, &record);
                self.shrunk.push(Outcome::of(&record, &[]));
            }
            Event::Undeleted { place, deletion, read, after } => {
                self.undeleted.push(Undeleted { place, deletion, read, after });
            }
            Event::Stock(Ok(found)) => self.stock = Some(found),
            Event::Stock(Err(Unlisted::NoCall)) | Event::Ended(_) => {}
            Event::Stock(Err(why)) => self.unlisted = Some(why),
            Event::Removed(ids) => self.gone.extend(ids),
            Event::Listed(ids) => self.listed.extend(ids),
        }
    }

    fn turn_came(&mut self, probe: &Probe) {
        *self.phases.entry(probe.phase).or_default() += 1;
    }

    fn add_record(&mut self, record: Record, was_there: impl Fn(&str) -> bool) {
        let suite = Arc::clone(&self.suite);
        let contract = &suite.contract;
        let broken = self.invariants.hold(contract, &record.judgement, was_there);
        let verdict =
            if broken.is_empty() { verdict(&record.judgement, self.question.is_strict) } else { Verdict::Fail };
        self.turn_came(&record.probe);
        // What the look before the run has shown is one probe more than was planned.
        self.planned = self.planned.max(record.place + 1);
        self.tried.add(contract, &record.probe);
        self.taken.add(contract, &record);
        self.turned_away.add(contract, &record);
        self.answered.add(contract, &record);
        self.latencies.add(contract, &record.exchanges);
        record.judgement.choices.iter().for_each(|choice| self.choices.add(choice));
        record.judgement.drift.iter().for_each(|drift| self.drift.add(drift));
        let why = record.judgement.inconclusive.as_deref().filter(|_| verdict == Verdict::Inconclusive);
        let reason = why.map(|why| format!("its probes were inconclusive: {why}"));
        self.coverage.ended(&record.probe, record.place, reason.as_deref());
        self.coverage.assessed(&record.judgement, &broken);
        let is_left = !record.cleanup.leftovers.is_empty();
        let is_refusal = Refusal::of(contract, &record, verdict).is_some();
        // What a refusal of several steps, or one that tells nothing, has created is told by all of it.
        let is_open = is_refusal && (record.exchanges.len() > 1 || verdict == Verdict::Inconclusive);
        let counted = if verdict == Verdict::Fail && !is_left { self.counted(&record, &broken) } else { None };
        self.probes.performed(&record, counted.unwrap_or(verdict));
        let is_held_back = record.judgement.held_back.is_some() && self.kept.len() < MOST_KEPT;
        if counted.is_none() && (verdict == Verdict::Fail || is_left || is_open || is_held_back) {
            self.kept.insert(record.place, Kept { record, broken });
            return;
        }
        self.passed += usize::from(verdict == Verdict::Pass);
        if let Some(why) = why {
            self.inconclusive.add(why.to_owned(), record.place, &record.probe.id);
        }
        self.created += record.cleanup.created;
        self.removed += record.cleanup.removed;
        self.staying += record.cleanup.staying;
        self.refusals.extend(Refusal::of(contract, &record, counted.unwrap_or(verdict)));
    }

    /// As what a failure is counted that is one of so many that it is not kept.
    fn counted(&mut self, record: &Record, broken: &[Mismatch]) -> Option<Verdict> {
        if self.kept.len() < MOST_KEPT {
            return None;
        }
        let suite = Arc::clone(&self.suite);
        let contract = &suite.contract;
        if self.overflow.is_none() {
            let Seen { outcomes, .. } = self.seen("");
            let refused = Refused::of(contract, &self.taken, &outcomes, &[]);
            self.overflow = Some(Overflow::after(contract, refused, &outcomes, self.question.is_strict));
        }
        let outcome = Outcome::of(record, broken);
        self.overflow.as_mut()?.count(contract, &self.question.baseline, &outcome)
    }

    /// Broken clauses so far that are not known of the target, each with its smallest example.
    pub fn findings(&self) -> Vec<Finding> {
        let Seen { outcomes, shrunk, .. } = self.seen("");
        let refused = self.refused(&outcomes, &shrunk);
        let mut found = findings(self.contract(), &refused, &outcomes, &shrunk, self.selection.seed);
        found.retain(|finding| !self.question.baseline.covers(&finding.clause, &finding.cause));
        found
    }

    /// Whether a probe fails, as far as it can be told before the end.
    pub fn fails(&self, record: &Record) -> bool {
        let mut own = record.judgement.mismatches.iter().filter(|mismatch| mismatch.origin.is_none());
        own.any(|mismatch| !self.knows(mismatch))
    }

    /// What is held back, as if it were a finding each: what is to be tried again, the smallest first.
    pub(crate) fn held_back(&self) -> Vec<Finding> {
        let mut outcomes = self.seen("").outcomes;
        outcomes.retain(|outcome| outcome.judgement.held_back.is_some());
        for Outcome { judgement, .. } in &mut outcomes {
            judgement.mismatches.extend(judgement.held_back.take());
        }
        let each = outcomes.chunks(1).flat_map(|one| {
            let refused = Refused::of(self.contract(), &self.taken, one, &[]);
            findings(self.contract(), &refused, one, &[], self.selection.seed)
        });
        let mut found: Vec<Finding> = each.collect();
        let size = |finding: &Finding| finding.requests.first().and_then(|request| request.body.as_ref()).map(Vec::len);
        found.sort_by_key(size);
        found
    }

    /// Whether a mismatch is known of the target, as far as it can be told before the end.
    pub fn knows(&self, mismatch: &Mismatch) -> bool {
        self.question.baseline.covers(&mismatch.clause, &mismatch.cause)
    }

    /// Whether something that the run provably created is still there, or it is not known what is.
    pub(crate) fn leaves_something(&self, run: &str) -> bool {
        self.unlisted.is_some() || self.leftovers(&self.seen(run)).iter().any(|(_, leftover)| leftover.is_proven())
    }

    /// What the clean-up of probes could not remove.
    pub(crate) fn left(&self) -> Vec<Left> {
        let of = |kept: &Kept| {
            let Record { place, probe, cleanup, .. } = &kept.record;
            let was_held = probe.script.asks_for_delete_protection(self.contract());
            let deletion = |id: &str| cleanup.removals_in_vain.iter().find(|(each, _)| each == id);
            let left = |id: &str| Left {
                place: *place,
                id: id.to_owned(),
                was_held,
                deletion: deletion(id).map(|(_, deletion)| deletion.clone()),
            };
            cleanup.left_ids().map(left).collect::<Vec<_>>()
        };
        self.kept.values().flat_map(of).collect()
    }

    /// Whether something that the run created is gone again.
    pub(crate) fn has_removed_something(&self) -> bool {
        self.removed > 0
    }

    /// The seed of the random phase.
    pub(crate) fn seed(&self) -> Seed {
        self.selection.seed
    }

    fn contract(&self) -> &Contract {
        &self.suite.contract
    }
}
