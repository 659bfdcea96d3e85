//! The reports of all shards of a run as one.
//!
//! Counts are added, what several shards found is one finding, and the verdict is the gravest: that of the whole run. They ran side by side, so that it took as
//! long as the longest of them. What only the whole of a run tells, that ids differ from shard to shard or that a known deviation is seen nowhere, no merged
//! report tells.

use std::collections::BTreeSet;
use std::str::FromStr;

use super::{
    Band, Budgets, Cause, Choice, Clause, ClauseVerdict, Deviation, Drift, Finding, Latency, Phase, Probes, Report,
    Resources, Verdict, examples, limit,
};
use crate::plan::Shard;
use crate::probe;
use crate::results::NOBODY_ASKED;

/// Why reports are not those of the shards of one run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// One is of a whole run, or of several shards.
    #[error("not the report of a shard: `run --shard K/N` writes those")]
    NoShard(usize),
    /// They are shards of another number of shards, or something else that makes a run differs.
    #[error("of another run than the first report: the {what} differ, `{first:.80}` and `{other:.80}`")]
    Differs {
        /// Which one, from 1.
        number: usize,
        /// What differs.
        what: &'static str,
        /// What the first one has.
        first: String,
        /// What this one has.
        other: String,
    },
    /// One of the shards is there twice.
    #[error("shard {0} is there twice")]
    Twice(Shard),
    /// Some of the shards are not there.
    #[error("of {count} shards {} missing", missing(numbers))]
    Missing {
        /// Which ones.
        numbers: Vec<u16>,
        /// Of how many.
        count: u16,
    },
}

fn missing(numbers: &[u16]) -> String {
    const MOST: usize = 20;
    let shown: Vec<_> = numbers.iter().take(MOST).map(u16::to_string).collect();
    let more = if numbers.len() > MOST { format!(" and {} more", numbers.len() - MOST) } else { String::new() };
    format!("{}{more} {}", shown.join(", "), if numbers.len() == 1 { "is" } else { "are" })
}

impl MergeError {
    /// Which report is the wrong one, from 1, where it is one.
    pub fn number(&self) -> Option<usize> {
        match self {
            Self::NoShard(number) | Self::Differs { number, .. } => Some(*number),
            Self::Twice(_) | Self::Missing { .. } => None,
        }
    }
}

impl Report {
    /// One report of these, which are those of all shards of a run, in any order.
    ///
    /// # Errors
    ///
    /// Where they are not all shards of one run, each once.
    pub fn merged(reports: Vec<Self>) -> Result<Self, MergeError> {
        let mut shards = check(&reports)?.into_iter().zip(reports).collect::<Vec<_>>();
        shards.sort_by_key(|(shard, _)| shard.number());
        let mut reports = shards.into_iter().map(|(shard, report)| named(report, shard));
        let Some(mut whole) = reports.next() else { return Err(MergeError::Missing { numbers: vec![1], count: 1 }) };
        reports.for_each(|other| whole.add(other));
        (whole.shard, whole.plan) = (String::new(), String::new());
        whole.finish();
        Ok(whole)
    }

    fn add(&mut self, other: Self) {
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

    /// Brings what was added into the order of a run, and cuts it to what a file should hold.
    fn finish(&mut self) {
        let place = |name: &str| probe::Phase::ALL.iter().position(|(each, _)| *each == name);
        self.each_probe.sort_by_key(|result| place(&result.phase));
        self.probes.phases.sort_by_key(|phase| place(&phase.name));
        let clauses: Vec<_> = self.clauses.iter().map(|clause| clause.id.clone()).collect();
        self.findings.sort_by_key(|finding| clauses.iter().position(|clause| *clause == finding.clause));
        for finding in &mut self.findings {
            let row = self.clauses.iter().find(|clause| clause.id == finding.clause);
            finding.assessed_by = row.map_or(0, |clause| clause.probes).max(finding.shown_by);
        }
        examples::fit(&mut self.findings, &mut self.omitted);
        let before = std::mem::take(&mut self.omitted);
        limit::fit(self, 0);
        unite(&mut self.omitted, before, |omitted| omitted.what.clone(), |more, other| more.count += other.count);
    }
}

/// The shards of which these are the reports, if they are all of one run.
fn check(reports: &[Report]) -> Result<Vec<Shard>, MergeError> {
    let shards = reports.iter().enumerate().map(|(index, report)| {
        let shard = Shard::from_str(&report.shard).map_err(|_| MergeError::NoShard(index + 1))?;
        let (first, other) = (made_by(&reports[0]), made_by(report));
        match first.into_iter().zip(other).find(|((_, first), (_, other))| first != other) {
            Some(((what, first), (_, other))) => Err(MergeError::Differs { number: index + 1, what, first, other }),
            None => Ok(shard),
        }
    });
    let shards = shards.collect::<Result<Vec<_>, _>>()?;
    let mut seen = BTreeSet::new();
    if let Some(shard) = shards.iter().find(|shard| !seen.insert(shard.number())) {
        return Err(MergeError::Twice(*shard));
    }
    let count = shards.first().map_or(1, |shard| shard.count());
    let numbers: Vec<_> = (1..=count).filter(|number| !seen.contains(number)).collect();
    if numbers.is_empty() { Ok(shards) } else { Err(MergeError::Missing { numbers, count }) }
}

/// What the shards of one run have in common. Each may have a stub of its own.
fn made_by(report: &Report) -> [(&'static str, String); 8] {
    let of = report.shard.split('/').nth(1).unwrap_or_default();
    let endpoint = if report.target.is_stub { "the built-in stub" } else { &report.target.endpoint };
    [
        ("numbers of shards", of.to_owned()),
        ("targets", endpoint.to_owned()),
        ("suites", format!("{} {}", report.suite.name, report.suite.version)),
        ("versions of the program", report.program_version.clone()),
        ("seeds", report.seed.clone()),
        ("planned probes", report.plan.clone()),
        ("rules of --strict", report.is_strict.to_string()),
        ("clauses", report.clauses.iter().map(|clause| clause.id.as_str()).collect::<Vec<_>>().join(" ")),
    ]
}

/// The report with the name of its shard where a reader of the whole would ask.
fn named(mut report: Report, shard: Shard) -> Report {
    let texts = report.held_back.iter_mut().chain([&mut report.cut_short, &mut report.resources.unknown]);
    texts.filter(|text| !text.is_empty()).for_each(|text| *text = format!("shard {shard}: {text}"));
    report
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
fn unite<T, K: PartialEq>(list: &mut Vec<T>, others: Vec<T>, key: impl Fn(&T) -> K, add: impl Fn(&mut T, T)) {
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
