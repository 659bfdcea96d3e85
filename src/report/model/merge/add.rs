//! Adds what one report says to what another one says.

use crate::probe;
use crate::report::model::{
    Band, Budgets, Cause, Choice, Clause, ClauseVerdict, Deviation, Drift, Finding, Latency, Phase, Probes, Report,
    Resources, Verdict,
};
use crate::results::NOBODY_ASKED;

impl Report {
    /// Adds those of another shard.
    pub(super) fn add(&mut self, other: Self) {
        if rank(other.verdict) > rank(self.verdict) {
            (self.verdict, self.exit_code) = (other.verdict, other.exit_code);
        }
        self.date = self.date.clone().max(other.date);
        self.seconds = self.seconds.max(other.seconds);
        self.is_complete &= other.is_complete;
        join(&mut self.cut_short, &other.cut_short);
        self.probes.add(other.probes);
        self.each_probe.extend(other.each_probe);
        self.clauses.iter_mut().zip(other.clauses).for_each(|(clause, other)| clause.add(other));
        unite(&mut self.findings, other.findings, Finding::key, Finding::add);
        unite(&mut self.known, other.known, Deviation::key, |known, other| known.probes += other.probes);
        unite(&mut self.inconclusive, other.inconclusive, Cause::key, |cause, other| cause.probes += other.probes);
        unite(&mut self.skipped, other.skipped, Cause::key, |cause, other| cause.probes += other.probes);
        unite(&mut self.unsent, other.unsent, Cause::key, |cause, other| cause.probes += other.probes);
        unite(&mut self.choices, other.choices, Choice::key, |choice, other| choice.times += other.times);
        unite(&mut self.drift, other.drift, Drift::key, |drift, other| drift.times += other.times);
        unite(
            &mut self.omitted,
            other.omitted,
            |omitted| omitted.what.clone(),
            |more, other| more.count += other.count,
        );
        unite(&mut self.latency, other.latency, |latency| latency.call.clone(), Latency::add);
        self.held_back.extend(other.held_back);
        self.resources.add(other.resources);
        self.requests += other.requests;
        self.budgets.add(&other.budgets);
        let is_new = |remark: &String| !self.remarks.contains(remark);
        let remarks: Vec<_> = other.remarks.into_iter().filter(is_new).collect();
        self.remarks.extend(remarks);
    }
}

/// How grave a verdict is, as exit codes of a whole run rank them.
fn rank(verdict: Verdict) -> usize {
    match verdict {
        Verdict::Holds => 0,
        Verdict::NotAssessed => 1,
        Verdict::Incomplete => 2,
        Verdict::LeftBehind => 3,
        Verdict::Broken => 4,
    }
}

/// Adds what is there already to what is there, and the rest behind it.
pub(super) fn unite<T, K: PartialEq>(
    list: &mut Vec<T>,
    others: Vec<T>,
    key: impl Fn(&T) -> K,
    add: impl Fn(&mut T, T),
) {
    for other in others {
        match list.iter_mut().find(|each| key(each) == key(&other)) {
            Some(known) => add(known, other),
            None => list.push(other),
        }
    }
}

fn join(text: &mut String, other: &str) {
    if !other.is_empty() {
        let between = if text.is_empty() { "" } else { "; " };
        *text = format!("{text}{between}{other}");
    }
}

impl Probes {
    fn add(&mut self, other: Self) {
        self.planned += other.planned;
        self.passed += other.passed;
        self.failed += other.failed;
        self.known += other.known;
        self.inconclusive += other.inconclusive;
        self.skipped += other.skipped;
        self.unsent += other.unsent;
        let name = |phase: &Phase| phase.name.clone();
        unite(&mut self.phases, other.phases, name, |phase, other| phase.probes += other.probes);
    }
}

impl Clause {
    fn add(&mut self, other: Self) {
        self.probes += other.probes;
        if weight(other.verdict) > weight(self.verdict) {
            (self.verdict, self.why) = (other.verdict, other.why);
        } else if self.why == NOBODY_ASKED && other.verdict == self.verdict {
            self.why = other.why;
        }
    }
}

/// Which of two verdicts on a clause is that of both.
fn weight(verdict: ClauseVerdict) -> usize {
    match verdict {
        ClauseVerdict::NotAssessed => 0,
        ClauseVerdict::Holds => 1,
        ClauseVerdict::Entailed => 2,
        ClauseVerdict::Known => 3,
        ClauseVerdict::Broken => 4,
    }
}

impl Finding {
    fn key(&self) -> (String, String) {
        (self.clause.clone(), self.cause.clone())
    }

    fn add(&mut self, mut other: Self) {
        // Of equal ones the case is the better example, as it has a place of its own.
        let is_generated = |finding: &Self| {
            let begins =
                |(name, _): &(&str, _)| finding.probe.strip_prefix(name).is_some_and(|rest| rest.starts_with('/'));
            probe::Phase::ALL.iter().any(begins)
        };
        let bytes = |finding: &Self| finding.exchanges.iter().map(|exchange| 1 + exchange.body.bytes).sum::<usize>();
        let size = |finding: &Self| (bytes(finding), is_generated(finding));
        if size(&other) < size(self) {
            std::mem::swap(self, &mut other);
        }
        self.shown_by += other.shown_by;
        self.is_intermittent |= other.is_intermittent;
        unite(&mut self.entails, other.entails, |each| each.clause.clone(), |each, other| each.probes += other.probes);
    }
}

impl Deviation {
    fn key(&self) -> (String, String) {
        (self.clause.clone(), self.cause.clone())
    }
}

impl Cause {
    fn key(&self) -> String {
        self.text.clone()
    }
}

impl Choice {
    fn key(&self) -> (String, String) {
        (self.title.clone(), self.taken.clone())
    }
}

impl Drift {
    fn key(&self) -> (String, String) {
        (self.pointer.clone(), self.text.clone())
    }
}

impl Resources {
    fn add(&mut self, other: Self) {
        self.created += other.created;
        self.removed += other.removed;
        self.staying += other.staying;
        self.left_behind.extend(other.left_behind);
        self.perhaps.extend(other.perhaps);
        join(&mut self.unknown, &other.unknown);
        join(&mut self.ledger, &other.ledger);
    }
}

impl Budgets {
    fn add(&mut self, other: &Self) {
        let sum = |one: Option<u64>, other: Option<u64>| Some(one? + other?);
        self.requests = sum(self.requests, other.requests);
        self.created = sum(self.created, other.created);
        self.alive = sum(self.alive, other.alive);
        self.seconds = self.seconds.zip(other.seconds).map(|(one, other)| one.max(other));
        self.rate = self.rate.zip(other.rate).map(|(one, other)| one + other);
        self.are_hard &= other.are_hard;
    }
}

impl Latency {
    fn add(&mut self, other: Self) {
        self.answers += other.answers;
        self.longest_ms = self.longest_ms.max(other.longest_ms);
        unite(&mut self.bands, other.bands, |band| band.below_ms, |band, other| band.answers += other.answers);
        let limit = |band: &Band| band.below_ms.unwrap_or(f64::INFINITY);
        self.bands.sort_by(|one, other| limit(one).total_cmp(&limit(other)));
        (self.median_ms, self.p95_ms) =
            (self.share(self.answers.div_ceil(2)), self.share((self.answers * 95).div_ceil(100)));
    }

    /// The limit of the band below which so many answers are: all that several shards tell together.
    fn share(&self, wanted: usize) -> f64 {
        let mut seen = 0;
        let reached = self.bands.iter().find(|band| {
            seen += band.answers;
            seen >= wanted
        });
        reached.and_then(|band| band.below_ms).unwrap_or(f64::INFINITY).min(self.longest_ms)
    }
}
